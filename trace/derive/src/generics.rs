//! What a tree asks of its type parameters.

use proc_macro2::{Ident, TokenStream as Tokens, TokenTree};
use quote::{ToTokens, quote};
use syn::{Generics, Type, parse_quote};

use crate::fields::Kind;

/// The generics, with a bound for the type of each field that depends on a type parameter.
pub(crate) fn bounded(generics: &Generics, fields: Vec<(&Type, Kind)>) -> Generics {
    let mut generics = generics.clone();
    let parameters: Vec<Ident> = generics.type_params().map(|ty| ty.ident.clone()).collect();
    if parameters.is_empty() {
        return generics;
    }
    let bounds = generics.make_where_clause();
    bounds
        .predicates
        .push(parse_quote!(Self: ::core::clone::Clone + ::core::marker::Send + 'static));
    for (ty, kind) in fields {
        if !mentions(ty.to_token_stream(), &parameters) {
            continue;
        }
        let bound = match kind {
            Kind::Tree => quote!(::burn_trace::TensorTree),
            Kind::Static => quote!(::burn_trace::StaticValue + ::core::clone::Clone + 'static),
            Kind::Module => quote!(::burn::module::Module + 'static),
        };
        bounds.predicates.push(parse_quote!(#ty: #bound));
    }
    generics
}

fn mentions(tokens: Tokens, names: &[Ident]) -> bool {
    tokens.into_iter().any(|token| match token {
        TokenTree::Ident(name) => names.contains(&name),
        TokenTree::Group(group) => mentions(group.stream(), names),
        _ => false,
    })
}

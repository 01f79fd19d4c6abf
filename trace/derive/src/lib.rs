//! `#[derive(TensorTree)]`, which `burn-trace` exports.

mod attribute;
mod fields;
mod generics;

use proc_macro::TokenStream;
use proc_macro2::TokenStream as Tokens;
use quote::quote;
use syn::{Data, DeriveInput, Error, parse_macro_input};

use fields::{Fields, Kind};

/// Implements [`TensorTree`](https://docs.rs/burn-trace) for a struct or an enum: its fields are the children, under
/// their names. An enum is told by its variant too, and its paths begin with the variant's name.
///
/// - `#[tree(static)]` marks a field that is no tensor. Functions are compiled for each value of it. Its type is
///   `PartialEq`, `Debug`, `Clone`, `Send` and `Sync`.
/// - `#[tree(module)]` marks a field that is a Burn module.
#[proc_macro_derive(TensorTree, attributes(tree))]
pub fn derive_tensor_tree(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    derived(&input).unwrap_or_else(Error::into_compile_error).into()
}

fn derived(input: &DeriveInput) -> syn::Result<Tokens> {
    attribute::refuse(&input.attrs)?;
    let mut all = Vec::new();
    let (visit, rebuild) = match &input.data {
        Data::Struct(data) => {
            let fields = Fields::of(&data.fields, "")?;
            let pattern = fields.pattern();
            let (visit, rebuild) = (fields.visit(), fields.rebuild(&quote!(Self)));
            all.push(fields);
            (quote!(let Self #pattern = self; #visit), quote!(let Self #pattern = self; #rebuild))
        }
        Data::Enum(data) => {
            let (mut visits, mut rebuilds) = (Vec::new(), Vec::new());
            for (index, variant) in data.variants.iter().enumerate() {
                attribute::refuse(&variant.attrs)?;
                let name = &variant.ident;
                let fields = Fields::of(&variant.fields, &format!("{name}."))?;
                let pattern = fields.pattern();
                let (visit, rebuild) = (fields.visit(), fields.rebuild(&quote!(Self::#name)));
                visits.push(quote!(Self::#name #pattern => { visitor.note(#index); #visit }));
                rebuilds.push(quote!(Self::#name #pattern => { #rebuild }));
                all.push(fields);
            }
            match visits.is_empty() {
                true => (quote!(match *self {}), quote!(match *self {})),
                false => (quote!(match self { #(#visits)* }), quote!(match self { #(#rebuilds)* })),
            }
        }
        Data::Union(_) => {
            let message = "a union is no tree of tensors; use an enum";
            return Err(Error::new_spanned(&input.ident, message));
        }
    };
    let name = &input.ident;
    let fields = all.iter().flat_map(Fields::types);
    let generics = generics::bounded(&input.generics, fields.collect::<Vec<(_, Kind)>>());
    let (implementation, types, bounds) = generics.split_for_impl();
    Ok(quote! {
        #[automatically_derived]
        impl #implementation ::burn_trace::TensorTree for #name #types #bounds {
            #[allow(unused_variables)]
            fn visit(&self, visitor: &mut ::burn_trace::Visitor<'_>) {
                #visit
            }

            #[allow(unused_variables)]
            fn rebuild(
                &self,
                leaves: &mut ::burn_trace::Leaves<'_>,
            ) -> ::core::result::Result<Self, ::burn_trace::TreeError> {
                #rebuild
            }
        }
    })
}

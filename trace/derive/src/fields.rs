//! The fields of a struct or of a variant.

use proc_macro2::{Ident, Span, TokenStream as Tokens};
use quote::{format_ident, quote};
use syn::{Type, ext::IdentExt};

use crate::attribute::kind_of;

/// What a field is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Tree,
    Static,
    Module,
}

pub(crate) struct Fields {
    fields: Vec<Field>,
    shape: Shape,
}

#[derive(Clone, Copy)]
enum Shape {
    Named,
    Tuple,
    Unit,
}

struct Field {
    kind: Kind,
    ty: Type,
    /// Its name in the tree.
    path: String,
    /// Its name in the type, if it has one.
    name: Option<Ident>,
    /// What it is bound to.
    bound: Ident,
}

impl Fields {
    /// `before` comes before the names of fields in paths.
    pub(crate) fn of(fields: &syn::Fields, before: &str) -> syn::Result<Self> {
        let shape = match fields {
            syn::Fields::Named(_) => Shape::Named,
            syn::Fields::Unnamed(_) => Shape::Tuple,
            syn::Fields::Unit => Shape::Unit,
        };
        let field = |(index, field): (usize, &syn::Field)| {
            let name = match &field.ident {
                Some(name) => name.unraw().to_string(),
                None => index.to_string(),
            };
            Ok(Field {
                kind: kind_of(&field.attrs)?,
                ty: field.ty.clone(),
                path: format!("{before}{name}"),
                name: field.ident.clone(),
                bound: format_ident!("field_{index}", span = Span::mixed_site()),
            })
        };
        let fields = fields.iter().enumerate().map(field).collect::<syn::Result<_>>()?;
        Ok(Self { fields, shape })
    }

    /// Binds each field.
    pub(crate) fn pattern(&self) -> Tokens {
        self.around(self.fields.iter().map(|field| {
            let bound = &field.bound;
            quote!(#bound)
        }))
    }

    fn around(&self, values: impl Iterator<Item = Tokens>) -> Tokens {
        let names = self.fields.iter().map(|field| &field.name);
        match self.shape {
            Shape::Named => quote!({ #(#names: #values),* }),
            Shape::Tuple => quote!((#(#values),*)),
            Shape::Unit => Tokens::new(),
        }
    }

    pub(crate) fn visit(&self) -> Tokens {
        let fields = self.fields.iter().map(|Field { kind, path, bound, .. }| match kind {
            Kind::Tree => quote!(visitor.child(#path, #bound);),
            Kind::Static => quote!(visitor.fixed_child(#path, #bound);),
            Kind::Module => quote!(visitor.module_child(#path, #bound);),
        });
        quote!(#(#fields)*)
    }

    /// The fields of other tensors, in a value of the type or variant.
    pub(crate) fn rebuild(&self, this: &Tokens) -> Tokens {
        let fields = self.around(self.fields.iter().map(|Field { kind, bound, .. }| match kind {
            Kind::Tree => quote!(::burn_trace::TensorTree::rebuild(#bound, leaves)?),
            Kind::Static => quote!(::core::clone::Clone::clone(#bound)),
            Kind::Module => quote!(::burn_trace::rebuild_module(#bound, leaves)?),
        }));
        quote!(::core::result::Result::Ok(#this #fields))
    }

    pub(crate) fn types(&self) -> impl Iterator<Item = (&Type, Kind)> {
        self.fields.iter().map(|field| (&field.ty, field.kind))
    }
}

//! `#[tree(…)]`.

use syn::{Attribute, Error};

use crate::fields::Kind;

/// What the attributes of a field say.
pub(crate) fn kind_of(attributes: &[Attribute]) -> syn::Result<Kind> {
    let mut kind = Kind::Tree;
    for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("tree")) {
        attribute.parse_nested_meta(|meta| {
            let said = match meta.path.get_ident().map(ToString::to_string).as_deref() {
                Some("static") => Kind::Static,
                Some("module") => Kind::Module,
                _ => return Err(meta.error("expected `static` or `module`")),
            };
            match kind {
                Kind::Tree => kind = said,
                _ => return Err(meta.error("a field is said once to be `static` or `module`")),
            }
            Ok(())
        })?;
    }
    Ok(kind)
}

/// The attribute has its place at fields.
pub(crate) fn refuse(attributes: &[Attribute]) -> syn::Result<()> {
    match attributes.iter().find(|attribute| attribute.path().is_ident("tree")) {
        Some(attribute) => Err(Error::new_spanned(attribute, "`tree` is an attribute of fields")),
        None => Ok(()),
    }
}

//! The rule that gives every leaf of a tree its spec.

use std::sync::Arc;

use super::error::MeshError;
use super::spec::Spec;
use crate::capture::LeafSpec;

type Rule = dyn Fn(&LeafSpec) -> Result<Spec, MeshError> + Send + Sync;

/// The rule that gives every leaf of arguments and results its spec, by path and shape.
///
/// The path of a leaf depends on the tree that it is in: what is `weight` in a module that is
/// uploaded is `0.weight` where the module is the first of two arguments.
#[derive(Clone)]
pub struct Layout(Arc<Rule>);

impl Layout {
    /// A layout by this rule.
    pub fn new(
        rule: impl Fn(&LeafSpec) -> Result<Spec, MeshError> + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(rule))
    }

    /// Everything on every device.
    pub fn replicated() -> Self {
        Self::new(|_| Ok(Spec::replicated()))
    }

    /// The spec of a leaf.
    ///
    /// # Errors
    ///
    /// What the rule says.
    pub fn spec(&self, leaf: &LeafSpec) -> Result<Spec, MeshError> {
        (self.0)(leaf)
    }
}

impl std::fmt::Debug for Layout {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Layout")
    }
}

//! The rule that gives every leaf of a tree its spec.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::axes::Mesh;
use super::error::MeshError;
use super::spec::Spec;
use crate::leaf_type::LeafSpec;

type Rule = dyn Fn(&LeafSpec) -> Result<Spec, MeshError> + Send + Sync;

/// The rule that gives every leaf of arguments and results its spec, by path and shape.
///
/// The path of a leaf depends on the tree that it is in: what is `weight` in a module that is
/// uploaded is `0.weight` where the module is the first of two arguments.
///
/// It also says how the tensors lie that a function gives names to by
/// [`constrain_as`](crate::constrain_as), and parameters where a function
/// [uses](crate::constrain_used) them.
#[derive(Clone)]
pub struct Layout {
    rule: Arc<Rule>,
    names: Arc<BTreeMap<String, Spec>>,
    gathered: Arc<[String]>,
    replicas: Arc<[String]>,
    ring: Option<Arc<RingAxis>>,
}

/// An axis round which products go, see [`Layout::with_ring`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RingAxis {
    /// Its name.
    pub axis: String,
    /// How rows are sharded: their first dimension is cut, by this axis and others.
    pub rows: Spec,
}

impl Layout {
    /// A layout by this rule.
    pub fn new(
        rule: impl Fn(&LeafSpec) -> Result<Spec, MeshError> + Send + Sync + 'static,
    ) -> Self {
        Self {
            rule: Arc::new(rule),
            names: Arc::default(),
            gathered: Arc::default(),
            replicas: Arc::default(),
            ring: None,
        }
    }

    /// The same layout, with specs for tensors by the names that functions give them.
    #[must_use]
    pub fn with_names(self, names: impl IntoIterator<Item = (String, Spec)>) -> Self {
        Self { names: Arc::new(names.into_iter().collect()), ..self }
    }

    /// The same layout, with axes over which parameters are gathered where they are
    /// [used](crate::constrain_used).
    #[must_use]
    pub fn with_gathered(self, axes: impl IntoIterator<Item = String>) -> Self {
        Self { gathered: axes.into_iter().collect(), ..self }
    }

    /// The same layout, with axes that cut the first dimension of batches before any other axis does,
    /// and no parameter: a gradient is added up among the devices that share a parameter, of which
    /// each keeps its part, and then part by part over these axes.
    #[must_use]
    pub fn with_replicas(self, axes: impl IntoIterator<Item = String>) -> Self {
        Self { replicas: axes.into_iter().collect(), ..self }
    }

    /// The same layout, with an axis that cuts rows, which lie as `rows`, and matrices where they are
    /// [used](crate::constrain_used). The product of both is computed part by part while parts of rows
    /// or of sums go round the devices of the axis, in both directions; where it cannot be cut in
    /// parts, XLA decides.
    #[must_use]
    pub fn with_ring(self, axis: &str, rows: &Spec) -> Self {
        let ring = RingAxis { axis: axis.to_owned(), rows: rows.first(1) };
        Self { ring: Some(Arc::new(ring)), ..self }
    }

    /// The axis round which products go.
    pub fn ring(&self) -> Option<&RingAxis> {
        self.ring.as_deref()
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
        (self.rule)(leaf)
    }

    /// The spec of a leaf where it is used.
    ///
    /// # Errors
    ///
    /// What the rule says.
    pub fn used(&self, leaf: &LeafSpec) -> Result<Spec, MeshError> {
        let spec = self.spec(leaf)?;
        Ok(spec.without(&self.gathered))
    }

    /// The axes over which parameters are whole and batches cut, the major one first.
    pub fn replicas(&self) -> &[String] {
        &self.replicas
    }

    /// Whether parameters are whole where they are used: no axis of the mesh cuts them then.
    pub fn gathers_all(&self, mesh: &Mesh) -> bool {
        let is_gathered =
            |axis: &String| self.gathered.contains(axis) || self.replicas.contains(axis);
        mesh.axes().iter().all(|(axis, size)| *size == 1 || is_gathered(axis))
    }

    /// The spec of the tensors that have this name.
    pub fn named(&self, name: &str) -> Option<&Spec> {
        self.names.get(name)
    }
}

impl std::fmt::Debug for Layout {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Layout").field("names", &self.names).finish_non_exhaustive()
    }
}

//! A rule that gives every leaf of a tree its spec.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::axes::Mesh;
use super::error::MeshError;
use super::spec::Spec;
use crate::leaf_type::LeafSpec;

type Rule = dyn Fn(&LeafSpec) -> Result<Spec, MeshError> + Send + Sync;

/// The rule that gives every leaf of arguments and results its spec, by path and shape.
///
/// The path of a leaf depends on its tree: the leaf `weight` of a module is `0.weight` where the module is
/// the first of two arguments.
///
/// It also has specs for tensors that a function names by [`constrain_as`](crate::constrain_as), and for
/// parameters at their point of use ([`constrain_used`](crate::constrain_used)).
#[derive(Clone)]
pub struct Layout {
    rule: Arc<Rule>,
    names: Arc<BTreeMap<String, Spec>>,
    gathered: Arc<[String]>,
    replicas: Arc<[String]>,
    ring: Option<Arc<RingAxis>>,
}

/// An axis whose devices compute products in a ring, see [`Layout::with_ring`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RingAxis {
    /// Its name.
    pub axis: String,
    /// How rows are sharded: their first dimension is cut, by this axis and others.
    pub rows: Spec,
}

impl Layout {
    /// A layout of a rule.
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

    /// The same layout, with specs for tensors by name ([`constrain_as`](crate::constrain_as)).
    #[must_use]
    pub fn with_names(self, names: impl IntoIterator<Item = (String, Spec)>) -> Self {
        Self { names: Arc::new(names.into_iter().collect()), ..self }
    }

    /// The same layout, with axes over which parameters are gathered at their point of use
    /// ([`constrain_used`](crate::constrain_used)).
    #[must_use]
    pub fn with_gathered(self, axes: impl IntoIterator<Item = String>) -> Self {
        Self { gathered: axes.into_iter().collect(), ..self }
    }

    /// The same layout, with axes that cut the first dimension of batches, as its major axes, and no
    /// parameter. A gradient is then summed in two steps: a reduce-scatter among the devices that share a
    /// parameter, and a sum of the shards over these axes.
    #[must_use]
    pub fn with_replicas(self, axes: impl IntoIterator<Item = String>) -> Self {
        Self { replicas: axes.into_iter().collect(), ..self }
    }

    /// The same layout, with an axis that cuts both rows, which are sharded as `rows`, and matrices at
    /// their [point of use](crate::constrain_used). Their products are computed shard by shard, while
    /// shards of rows or of sums pass round the devices of the axis in both directions. Where a product
    /// cannot be cut so, the compiler decides.
    #[must_use]
    pub fn with_ring(self, axis: &str, rows: &Spec) -> Self {
        let ring = RingAxis { axis: axis.to_owned(), rows: rows.first(1) };
        Self { ring: Some(Arc::new(ring)), ..self }
    }

    /// The axis whose devices compute products in a ring.
    pub fn ring(&self) -> Option<&RingAxis> {
        self.ring.as_deref()
    }

    /// The layout that replicates everything.
    pub fn replicated() -> Self {
        Self::new(|_| Ok(Spec::replicated()))
    }

    /// The spec of a leaf.
    ///
    /// # Errors
    ///
    /// Those of the rule.
    pub fn spec(&self, leaf: &LeafSpec) -> Result<Spec, MeshError> {
        (self.rule)(leaf)
    }

    /// The spec of a parameter at its point of use.
    ///
    /// # Errors
    ///
    /// Those of the rule.
    pub fn used(&self, leaf: &LeafSpec) -> Result<Spec, MeshError> {
        let spec = self.spec(leaf)?;
        Ok(spec.without(&self.gathered))
    }

    /// The axes of [`with_replicas`](Self::with_replicas), the major one first.
    pub fn replicas(&self) -> &[String] {
        &self.replicas
    }

    /// Whether no axis of the mesh cuts parameters at their point of use.
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

//! Meshes of devices, and how tensors are sharded over them.
//!
//! A [`Mesh`] is a grid of devices with named axes. A [`Spec`] says which axes cut each dimension of a
//! tensor into shards. A [`Layout`] is a rule that gives every leaf of a tree its spec.
//!
//! ```
//! use burn_trace::mesh::{Layout, Mesh};
//! use burn_trace::{Kind, LeafSpec, LeafType};
//! use burn::tensor::DType;
//!
//! let mesh: Mesh = "data=4,model=2".parse()?;
//! let layout = Layout::new(|leaf| match leaf.path.as_str() {
//!     "images" => "data".parse(),
//!     _ => "-,model".parse(),
//! });
//! let ty = LeafType { kind: Kind::Float, dtype: DType::F32, shape: vec![512, 64] };
//! let weight = LeafSpec { path: "linear.weight".into(), ty };
//! let spec = layout.spec(&weight)?;
//! assert_eq!(mesh.shard_shape(&weight.path, &spec, &weight.ty.shape)?, [512, 32]);
//! # Ok::<(), burn_trace::mesh::MeshError>(())
//! ```

mod axes;
pub(crate) mod cut;
mod error;
pub(crate) mod layout;
mod spec;

pub use axes::Mesh;
pub use error::MeshError;
pub use layout::Layout;
pub use spec::Spec;

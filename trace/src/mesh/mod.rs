//! Meshes of devices, and how tensors lie on them.
//!
//! A [`Mesh`] is a grid of devices with named axes. A [`Spec`] says by which axes each dimension of
//! a tensor is cut. A [`Layout`] is a rule that gives every leaf of a tree its spec. From these XLA
//! makes one program for all devices, with the communication that it needs:
//!
//! ```no_run
//! use burn::tensor::{Device, Tensor};
//! use burn_xla::Xla;
//! use burn_xla::mesh::{Layout, Mesh};
//! use burn_xla::pjrt::{Client, ClientOptions};
//! use burn_xla::plugin::{self, Platform};
//!
//! let plugin = plugin::load(&plugin::ensure(Platform::Cpu)?)?;
//! let client = Client::new(&plugin, &ClientOptions::new().with_cpu_devices(8))?;
//! let mesh: Mesh = "data=4,model=2".parse()?;
//! let layout = Layout::new(|leaf| match leaf.path.as_str() {
//!     "0" => "data".parse(),
//!     _ => "-,model".parse(),
//! });
//! let xla = Xla::over(&client, mesh)?.with_layout(layout);
//! let product = xla.jit(|(x, w): (Tensor<2>, Tensor<2>)| x.matmul(w));
//! let device = Device::default();
//! let y = product.call((Tensor::ones([8, 16], &device), Tensor::ones([16, 4], &device)))?;
//! println!("{y}");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod axes;
mod constrain;
mod error;
mod layout;
mod place;
mod ring;
mod spec;

pub use axes::Mesh;
pub(crate) use constrain::{CONSTRAIN, CONSTRAIN_AS, CONSTRAIN_LEAF, CONSTRAIN_USED};
pub use constrain::{constrain, constrain_as, constrain_used};
pub use error::MeshError;
pub use layout::Layout;
pub(crate) use place::{cut, paste};
pub(crate) use ring::{RING, RingOp};
pub use ring::{Ring, ring_linear};
pub use spec::Spec;

//! Heads for dense prediction: from the tokens of some blocks to a value, or a class, for each pixel.
//!
//! A head knows no tower. It takes tokens or maps, and where it wants tokens of several blocks, those are
//! the ones that [`ViT22B::features`](crate::vit::ViT22B::features) returns by name.
//!
//! | config | head | of |
//! | --- | --- | --- |
//! | [`LinearDecoderConfig`] | [`LinearDecoder`] | the patches of one block, to a map of classes or of one number |
//! | [`PyramidConfig`] | [`Pyramid`] | four maps of one size, to maps of four sizes |
//! | [`UperNetConfig`] | [`UperNet`] | maps of four sizes, to a map of classes |
//! | [`FcnConfig`] | [`Fcn`] | one map, to a map of classes: the auxiliary head of training |
//! | [`DptConfig`] | [`Dpt`] | the tokens of four blocks, to a map of depths |
//!
//! Maps are `[b, c, h, w]`. [`Resample2d`] changes their size, and always says what happens to corners:
//! a map that is resampled by the other rule is shifted by up to half a cell.
//!
//! ```
//! use burn::tensor::{Device, Tensor};
//! use vit22b::heads::{LinearDecoderConfig, Corners, Resample2d};
//!
//! let device = Device::flex();
//! let decoder = LinearDecoderConfig::new(32, 5).init(&device);
//! let patches = Tensor::<3>::zeros([1, 12, 32], &device);
//! let map = decoder.forward(patches, [3, 4]);
//! assert_eq!(map.dims(), [1, 5, 3, 4]);
//! assert_eq!(Resample2d::new(Corners::Edges).forward(map, [42, 56]).dims(), [1, 5, 42, 56]);
//! ```

mod conv;
mod dpt;
mod dpt_config;
mod fcn;
mod fusion;
mod kinds;
mod linear_decoder;
mod map_norm;
mod pyramid;
mod reassemble;
mod resample;
mod uper_net;

pub use conv::{ConvNorm, TransposedConv};
pub use dpt::{DepthHead, Dpt, DptStages};
pub use dpt_config::DptConfig;
pub use fcn::{Fcn, FcnConfig};
pub use fusion::{Fusion, Residual};
pub use kinds::{DepthOutput, DepthSize, FusedSize, MapNormKind, Readout};
pub use linear_decoder::{LinearDecoder, LinearDecoderConfig};
pub use map_norm::{MapNorm, MapNormConfig};
pub use pyramid::{Pyramid, PyramidConfig, UpFour};
pub use reassemble::Reassemble;
pub use resample::{Corners, Resample2d};
pub use uper_net::{UperNet, UperNetConfig};

//! Published weights: from a file to a model, and back.
//!
//! A file goes through four steps, each a part of this folder:
//!
//! 1. **Container.** The file is mapped, and its header checked as a whole: names, element types,
//!    shapes, and that every tensor lies inside the file and apart from the others.
//! 2. **Origin.** The names tell who wrote it: [`Origin`]. Tensors get their canonical names, under
//!    which later layouts of the same origin know them too; what is no part of the model is set
//!    aside with a reason.
//! 3. **Config.** Shapes and presence give the [`ViT22BConfig`](crate::vit::ViT22BConfig); what
//!    they leave open comes from the options, the JSON beside the file or the origin's default, and
//!    a [`Note`] says so. What nothing settles is an error that names the option.
//! 4. **Terms.** For each parameter path of the model the origin tells which part of which tensor
//!    it is, as a view. Tensors are read once, in the order of the disk, and every parameter is
//!    gathered from the bytes in one pass: peak memory is the model and one tensor.
//!
//! Writing goes through the same terms backwards, which is why it round-trips.
//!
//! ```no_run
//! use burn::tensor::Device;
//! use vit22b::weights::{WeightsFile, LoadOptions};
//!
//! let file = WeightsFile::open("vit_base_patch16_xp_224/model.safetensors")?;
//! let options = LoadOptions::new();
//! println!("{}", file.describe(&options)?);
//! let loaded = file.load(&options, &Device::flex())?;
//! println!("{}", loaded.report);
//! # Ok::<(), vit22b::weights::WeightsError>(())
//! ```

mod container;
mod description;
mod error;
mod file;
mod gather;
mod inspection;
mod names;
mod nearest;
mod options;
mod origin;
mod plan;
mod positions;
mod preprocessing;
mod remarks;
mod report;
mod sidecar;
mod write;

pub use container::error::{Bytes, Damage};
pub use description::{Description, Evidence, Note};
pub use error::WeightsError;
pub use file::{LoadedModel, WeightsFile};
pub use inspection::Inspection;
pub use options::{ElementChoice, HeadChoice, LoadOptions};
pub use origin::Origin;
pub use report::{LoadReport, Loaded, Mismatched, Missing, Resampled, SetAside, Unused};
pub use write::{export_big_vision, export_timm, save};

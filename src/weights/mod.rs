//! Published weights: from a file to a model, and back.
//!
//! [`WeightsFile`] takes a file through four steps:
//!
//! 1. **Container** (`container/`). The file is mapped into memory, and its whole header is
//!    checked: names, element types, shapes, and that each tensor is inside the file and overlaps
//!    no other.
//! 2. **Origin and config** (`names/`). The names of the tensors show which library wrote the file:
//!    its [`Origin`]. Tensors get the names that this library gives today. Tensors that are no part
//!    of the model are set aside, with a reason. Shapes give the
//!    [`ViT22BConfig`](crate::vit::ViT22BConfig). What they leave open comes from the options, from
//!    the JSON beside the file or from the origin's defaults, and a [`Note`] says from which. What
//!    none of them settles is an error that names the option.
//! 3. **Plan** (`plan.rs`). For each parameter of the model, the origin's table gives its terms:
//!    which piece of which tensor it is. Parameters and tensors that are left over go to the
//!    [`LoadReport`].
//! 4. **Gather** (`gather.rs`). Tensors are read once, in the order of the disk, and each parameter
//!    is gathered from their bytes in one pass: peak memory is the model and one tensor. Positions
//!    are resampled where the model is for larger or smaller images.
//!
//! Files of two towers take the same steps once for images and once for texts (`two_towers.rs`, `names/text/`).
//!
//! Writing (`write/`) uses the same terms in the other direction, so that what is written is read
//! back as it was.
//!
//! ```no_run
//! use burn::tensor::Device;
//! use vit22b::weights::{LoadOptions, WeightsFile};
//!
//! let file = WeightsFile::open("vit_base_patch16_xp_224/model.safetensors")?;
//! let options = LoadOptions::new();
//! println!("{}", file.describe(&options)?);
//! let loaded = file.load(&options, &Device::flex())?;
//! println!("{}", loaded.report);
//! # Ok::<(), vit22b::weights::WeightsError>(())
//! ```

mod container;
mod dense;
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
mod text_plan;
mod two_towers;
mod write;

pub use container::error::{Bytes, Damage};
pub use dense::LoadedDense;
pub use description::{Description, Evidence, Note, TextDescription};
pub use error::WeightsError;
pub use file::{LoadedModel, WeightsFile};
pub use inspection::{Inspection, TextInspection};
pub use options::{ElementChoice, HeadChoice, LoadOptions};
pub use origin::Origin;
pub use preprocessing::DenseProcessor;
pub use report::{LoadReport, Loaded, Mismatched, Missing, Resampled, SetAside, Unused};
pub use two_towers::{LoadedText, LoadedTwoTower};
#[cfg(feature = "hub")]
pub use vit22b_hub::{Hub, HubError, HubEvent, HubName};
pub use write::{
    SeenImages, export_big_vision, export_timm, save, save_depth, save_segmentation,
    save_two_towers, save_with_classes,
};

//! Files as tables of named tensors. Headers are read and checked when a file is opened, before any
//! data is used.

pub(crate) mod element;
mod entry;
pub(crate) mod error;
mod mapped;
mod npy;
mod npz;
mod opened;
mod packed;
mod safetensors;
mod sharded;
pub(crate) mod view;
pub(crate) mod write;

use std::path::Path;

use error::ContainerError;

pub(crate) use entry::Entry;
pub(crate) use opened::Container;

/// Opens a file, the shards that an index names, or the one or the other in a folder.
pub(crate) fn open(path: &Path) -> Result<Container, ContainerError> {
    if path.to_str().is_some_and(|name| name.ends_with(".index.json")) {
        return sharded::open(path);
    }
    if path.is_dir() {
        let index = path.join("model.safetensors.index.json");
        return if index.exists() {
            sharded::open(&index)
        } else {
            Container::open_file(&path.join("model.safetensors"))
        };
    }
    Container::open_file(path)
}

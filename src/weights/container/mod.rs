//! Files as tables of named tensors. Headers are read and checked when a file is opened, before any
//! data is used.

mod checkpoint;
pub(crate) mod element;
mod entry;
pub(crate) mod error;
mod folder;
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

/// Opens a file, the shards that an index names, or what a folder holds.
pub(crate) fn open(path: &Path) -> Result<Container, ContainerError> {
    if path.to_str().is_some_and(|name| name.ends_with(".index.json")) {
        return sharded::open(path);
    }
    if path.is_dir() {
        return folder::open(path);
    }
    Container::open_file(path)
}

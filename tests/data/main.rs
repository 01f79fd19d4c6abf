//! Images from files to batches, beside what Pillow and torchvision make of the same files.

mod decode;
mod files;
#[path = "../folder/mod.rs"]
mod folder;
mod image_op;
mod loader;
mod pillow;
mod preprocess;
mod sets;

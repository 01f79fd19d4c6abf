//! Files in the folder of a test.

use std::path::PathBuf;

use crate::folder::Folder;

impl Folder {
    /// Writes a file, and the folders that it lies in.
    pub(crate) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, bytes).unwrap();
        path
    }
}

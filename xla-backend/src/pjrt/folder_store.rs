//! A folder that all processes see, as their store.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::files::{hex, write_whole};
use super::key_value::{KeyValueStore, StoreError, poll};

/// A store in a folder that all processes see, such as one on NFS: a file for each key. It is enough for small clusters,
/// and for several processes on one machine.
///
/// ```no_run
/// use std::sync::Arc;
/// use burn_xla::pjrt::{Client, ClientOptions, FolderStore, Plugin};
///
/// # let (plugin, rank, run) = (Plugin::load("/path/of/xla_cuda_plugin.so")?, 0i64, "run-17");
/// // On each of two hosts, with its own rank; `run` is a name that all have in common, and new each time.
/// let store = Arc::new(FolderStore::new("/shared/rendezvous", run));
/// let options = ClientOptions::new().with("num_nodes", 2i64).with("node_id", rank);
/// let client = Client::with_store(&plugin, &options, store)?;
/// # Ok::<(), burn_xla::pjrt::PjrtError>(())
/// ```
#[derive(Debug, Clone)]
pub struct FolderStore {
    folder: PathBuf,
}

/// How often a key is looked for that is not there.
const STEP: Duration = Duration::from_millis(20);

impl FolderStore {
    /// A store in a folder, for one run: its values are in a folder of this name, which is made when it is needed.
    /// What earlier runs left stays, and may be removed.
    pub fn new(folder: impl AsRef<Path>, run: &str) -> Self {
        Self { folder: folder.as_ref().join(file_name(run)) }
    }

    fn failed(key: &str) -> impl Fn(io::Error) -> StoreError + '_ {
        move |error| StoreError::Failed { key: key.into(), reason: error.to_string() }
    }
}

impl KeyValueStore for FolderStore {
    fn get(&self, key: &str, timeout: Duration) -> Result<Vec<u8>, StoreError> {
        poll(self, key, timeout, STEP)
    }

    fn try_get(&self, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        match fs::read(self.folder.join(file_name(key))) {
            Ok(value) => Ok(Some(value)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Self::failed(key)(error)),
        }
    }

    fn put(&self, key: &str, value: &[u8]) -> Result<(), StoreError> {
        fs::create_dir_all(&self.folder)
            .and_then(|()| write_whole(&self.folder.join(file_name(key)), value))
            .map_err(Self::failed(key))
    }
}

/// A file's name for a key: its letters, digits and `_` as they are, all else as `-` and two hexadecimal digits. Longer
/// ones than file systems take end in a hash.
fn file_name(key: &str) -> String {
    use sha2::{Digest, Sha256};
    const LONGEST: usize = 180;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let mut name = String::new();
    for byte in key.bytes() {
        match plain(byte) {
            true => name.push(byte.into()),
            false => name.push_str(&format!("-{byte:02x}")),
        }
    }
    if name.is_empty() {
        return "-".into();
    }
    if name.len() > LONGEST {
        let hash = hex(&Sha256::digest(key));
        name.truncate(LONGEST - hash.len() - 2);
        name = format!("{name}--{hash}");
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn keys_have_files_of_their_own() {
        let long = "a/".repeat(200);
        let other = format!("{long}b");
        let keys = ["", "-", "a", "A b", "a/b", "a-2fb", "..", "ä", &long, &other];
        let names: HashSet<_> = keys.iter().map(|key| file_name(key)).collect();
        assert_eq!(names.len(), keys.len(), "{names:?}");
        for name in names {
            assert!(name.len() <= 180 && !name.contains(['/', '.']), "{name}");
        }
    }
}

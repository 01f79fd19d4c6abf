//! The user's cache folder, and the notes there about installed libraries.

use std::ffi::OsString;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::error::PluginError;
use super::platform::Platform;
use super::wheel::Wheel;
use crate::pjrt::hex;

/// The name of the note beside an installed library.
const NOTE: &str = "installed.txt";

/// The folder that plugins are installed in: `BURN_XLA_CACHE`, else `burn-xla` in the folder that
/// the system has for caches.
///
/// # Errors
///
/// [`PluginError::NoCacheFolder`] if neither is known.
pub fn cache_folder() -> Result<PathBuf, PluginError> {
    cache_folder_with(|name| std::env::var_os(name).filter(|value| !value.is_empty()))
        .ok_or(PluginError::NoCacheFolder)
}

fn cache_folder_with(variable: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    if let Some(folder) = variable("BURN_XLA_CACHE") {
        return Some(folder.into());
    }
    let caches = if cfg!(windows) {
        PathBuf::from(variable("LOCALAPPDATA")?)
    } else if cfg!(target_os = "macos") {
        PathBuf::from(variable("HOME")?).join("Library/Caches")
    } else if let Some(caches) = variable("XDG_CACHE_HOME") {
        caches.into()
    } else {
        PathBuf::from(variable("HOME")?).join(".cache")
    };
    Some(caches.join("burn-xla"))
}

/// Where a wheel's library is, once it is installed.
pub(crate) fn library(cache: &Path, wheel: &Wheel) -> PathBuf {
    folder(cache, wheel).join(wheel.library_name())
}

/// The folder of a wheel's library.
pub(crate) fn folder(cache: &Path, wheel: &Wheel) -> PathBuf {
    plugins(cache).join(wheel.folder())
}

/// The folder of all plugins.
pub(crate) fn plugins(cache: &Path) -> PathBuf {
    cache.join("plugins")
}

/// The note about a library, written when it was installed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Note {
    /// The size of the library in bytes.
    pub(crate) size: u64,
    /// The SHA-256 of the library.
    pub(crate) sha256: String,
}

impl Note {
    /// Measures a library.
    pub(crate) fn of(library: &Path) -> std::io::Result<Self> {
        Ok(Self { size: fs::metadata(library)?.len(), sha256: sha256(library)? })
    }

    pub(crate) fn write(&self, folder: &Path) -> std::io::Result<()> {
        fs::write(folder.join(NOTE), format!("size {}\nsha256 {}\n", self.size, self.sha256))
    }

    fn read(folder: &Path) -> Option<Self> {
        let text = fs::read_to_string(folder.join(NOTE)).ok()?;
        let field = |name: &str| text.lines().find_map(|line| line.strip_prefix(name));
        Some(Self { size: field("size ")?.parse().ok()?, sha256: field("sha256 ")?.into() })
    }
}

/// How closely an installed library is checked.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Care {
    /// Its size: at every start.
    Size,
    /// Its hash, which takes about a second: when asked.
    Hash,
}

/// Checks an installed library; [`None`] if there is none.
///
/// # Errors
///
/// [`PluginError::Damaged`] if it is not as it was installed.
pub(crate) fn check(
    cache: &Path,
    platform: Platform,
    wheel: &Wheel,
    care: Care,
) -> Result<Option<PathBuf>, PluginError> {
    let path = library(cache, wheel);
    let folder = folder(cache, wheel);
    if !folder.exists() {
        return Ok(None);
    }
    let damaged = |expected: String, got: String| PluginError::Damaged {
        platform,
        path: path.clone(),
        expected,
        got,
    };
    let Some(note) = Note::read(&folder) else {
        return Err(damaged(format!("a note of its size in {NOTE}"), "none that reads".into()));
    };
    let size = fs::metadata(&path)
        .map_err(|error| damaged(format!("{} bytes", note.size), error.to_string()))?
        .len();
    if size != note.size {
        return Err(damaged(format!("{} bytes", note.size), format!("{size} bytes")));
    }
    if care == Care::Hash {
        let hash = sha256(&path).map_err(PluginError::cache(&path, "reading"))?;
        if hash != note.sha256 {
            return Err(damaged(format!("the SHA-256 {}", note.sha256), hash));
        }
    }
    Ok(Some(path))
}

/// The SHA-256 of a file, in hexadecimal digits.
pub(crate) fn sha256(path: &Path) -> std::io::Result<String> {
    let mut file = File::open(path)?;
    let mut hasher = Sha256::new();
    let mut block = vec![0; 1 << 20];
    loop {
        let count = std::io::Read::read(&mut file, &mut block)?;
        if count == 0 {
            break;
        }
        hasher.update(&block[..count]);
    }
    Ok(hex(&hasher.finalize()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plugin::scratch::Scratch;

    #[test]
    #[cfg(target_os = "linux")]
    fn the_cache_folder_follows_the_variables() {
        let folder = |set: &[(&str, &str)]| {
            cache_folder_with(|name| {
                set.iter().find(|(key, _)| *key == name).map(|(_, value)| value.into())
            })
        };
        assert_eq!(
            folder(&[("BURN_XLA_CACHE", "/a"), ("HOME", "/h")]).as_deref(),
            Some(Path::new("/a"))
        );
        assert_eq!(
            folder(&[("XDG_CACHE_HOME", "/c"), ("HOME", "/h")]).as_deref(),
            Some(Path::new("/c/burn-xla"))
        );
        assert_eq!(folder(&[("HOME", "/h")]).as_deref(), Some(Path::new("/h/.cache/burn-xla")));
        assert_eq!(folder(&[]), None);
    }

    #[test]
    fn the_hash_is_sha256() {
        let folder = Scratch::new();
        let file = folder.path().join("abc");
        fs::write(&file, "abc").unwrap();
        assert_eq!(
            sha256(&file).unwrap(),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }
}

//! Compiled programs kept on disk.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use sha2::{Digest, Sha256};

use crate::pjrt::{Client, CompileOptions, Executable, PjrtError};

/// A folder of compiled programs, by program, options, plugin and processor.
///
/// A file that is damaged, or that the plugin no longer takes, is removed and the program is
/// compiled; a folder that cannot be written is a warning. The oldest files go when the folder
/// exceeds its limit.
#[derive(Debug, Clone)]
pub struct ProgramCache {
    folder: Arc<Path>,
    limit_bytes: u64,
}

/// Before the hash and the program in each file; another version is another file.
const MAGIC: &[u8; 8] = b"burnxla1";
const HASH: usize = 32;
const EXTENSION: &str = "program";

impl ProgramCache {
    /// A cache in a folder, which is made when it is needed, of at most 4 GiB.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into().into(), limit_bytes: 4 << 30 }
    }

    /// With another limit on the bytes of all files.
    #[must_use]
    pub fn with_limit_bytes(mut self, limit_bytes: u64) -> Self {
        self.limit_bytes = limit_bytes;
        self
    }

    /// The default cache of a client: the folder that `BURN_XLA_PROGRAM_CACHE` names, or none if it says `off`.
    /// Without the variable it is `programs` in the user's cache folder, but for the CPU there is none, because
    /// its plugin compiles a program again when it reads it.
    pub(crate) fn default_for(client: &Client) -> Option<Self> {
        match std::env::var_os("BURN_XLA_PROGRAM_CACHE") {
            Some(word) if word.is_empty() || word == "off" => None,
            Some(folder) => Some(Self::new(folder)),
            None if client.platform() == "cpu" => None,
            None => Some(Self::new(crate::plugin::cache_folder().ok()?.join("programs"))),
        }
    }

    /// The program from disk, or else compiled and stored, and whether it was on disk.
    pub(crate) fn compile(
        &self,
        client: &Client,
        text: &str,
        options: &CompileOptions,
    ) -> Result<(Executable, bool), PjrtError> {
        let path = self.path(client, text, options);
        if let Some(program) = read(&path) {
            match client.deserialize(&program) {
                Ok(executable) => return Ok((executable, true)),
                Err(error) => {
                    tracing::warn!(file = %path.display(), %error, "a kept program is not taken");
                    let _ = fs::remove_file(&path);
                }
            }
        }
        let executable = client.compile(text, options)?;
        match executable.program().serialize() {
            Ok(program) => {
                if let Err(error) = self.keep(&path, &program) {
                    let file = path.display();
                    tracing::warn!(%file, %error, "the compiled program is not kept");
                }
            }
            Err(error) => tracing::debug!(%error, "the plugin does not serialise programs"),
        }
        Ok((executable, false))
    }

    fn path(&self, client: &Client, text: &str, options: &CompileOptions) -> PathBuf {
        let mut hash = Sha256::new();
        let processor = processor();
        let parts = [
            client.platform().as_bytes(),
            client.platform_version().as_bytes(),
            &plugin_identity(client),
            processor.as_bytes(),
            &options.to_bytes(),
            text.as_bytes(),
        ];
        for part in parts {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part);
        }
        let name: String = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        self.folder.join(name).with_extension(EXTENSION)
    }

    /// Writes a file under another name and renames it, so that no reader sees half of it.
    fn keep(&self, path: &Path, program: &[u8]) -> io::Result<()> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        fs::create_dir_all(&self.folder)?;
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let beside = path.with_extension(format!("{}-{number}.part", std::process::id()));
        let written = fs::write(&beside, [&MAGIC[..], &Sha256::digest(program), program].concat())
            .and_then(|()| fs::rename(&beside, path));
        if written.is_err() {
            let _ = fs::remove_file(&beside);
        }
        written?;
        self.prune()
    }

    /// Removes the oldest files until the others are within the limit.
    fn prune(&self) -> io::Result<()> {
        let mut files = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let entry = entry?;
            if entry.path().extension().is_some_and(|extension| extension == EXTENSION) {
                let about = entry.metadata()?;
                files.push((about.modified()?, about.len(), entry.path()));
            }
        }
        files.sort();
        let mut total: u64 = files.iter().map(|(_, bytes, _)| bytes).sum();
        for (_, bytes, path) in files {
            if total <= self.limit_bytes {
                break;
            }
            fs::remove_file(path)?;
            total -= bytes;
        }
        Ok(())
    }
}

/// The program in a file; a damaged file is removed.
fn read(path: &Path) -> Option<Vec<u8>> {
    let bytes = fs::read(path).ok()?;
    let program = bytes.strip_prefix(MAGIC).and_then(|rest| rest.split_at_checked(HASH));
    match program {
        Some((hash, program)) if Sha256::digest(program)[..] == *hash => Some(program.to_vec()),
        _ => {
            tracing::warn!(file = %path.display(), "a kept program is damaged");
            let _ = fs::remove_file(path);
            None
        }
    }
}

/// Identifies the library of a plugin by more than its version, which does not always change with it.
fn plugin_identity(client: &Client) -> Vec<u8> {
    let path = client.plugin().path();
    let mut identity = path.to_string_lossy().into_owned().into_bytes();
    if let Ok(about) = fs::metadata(path) {
        identity.extend(about.len().to_le_bytes());
        let age = about.modified().ok().and_then(|t| t.duration_since(std::time::UNIX_EPOCH).ok());
        identity.extend(age.unwrap_or_default().as_nanos().to_le_bytes());
    }
    identity
}

/// The instruction sets of the processor, for which programs of the CPU are compiled.
fn processor() -> String {
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let features =
        info.lines().find(|line| line.starts_with("flags") || line.starts_with("Features"));
    format!("{} {}", std::env::consts::ARCH, features.unwrap_or_default())
}

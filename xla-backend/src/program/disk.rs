//! Compiled programs kept on disk.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Once};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use sha2::{Digest, Sha256};

use crate::pjrt::{
    Client, CompileOptions, DeviceDescription, Executable, OptionValue, PART, PjrtError, hex,
    write_whole,
};

/// A folder of compiled programs, by all that shapes them: the text, the compiler's options and its variables of
/// the environment (`XLA_FLAGS`, `LIBTPU_INIT_ARGS`), the plugin, the kind of device, and the processor.
///
/// A file that is damaged, or that the plugin no longer takes, is removed and the program is
/// compiled; a folder that cannot be written is a warning. The files that were not used for longest go when
/// the folder exceeds its limit, and what killed processes left half-written goes after ten minutes.
#[derive(Debug, Clone)]
pub struct ProgramCache {
    folder: Arc<Path>,
    limit_bytes: u64,
    /// Whether the folder was looked through for what killed processes left.
    is_swept: Arc<Once>,
}

/// Before the hash and the program in each file; another version is another file.
const MAGIC: &[u8; 8] = b"burnxla1";
const HASH: usize = 32;
const EXTENSION: &str = "program";
/// After this time without a write, whoever wrote a file is dead. A program is written in seconds.
const ABANDONED: Duration = Duration::from_secs(600);

impl ProgramCache {
    /// A cache in a folder, which is made when it is needed, of at most 4 GiB.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into().into(), limit_bytes: 4 << 30, is_swept: Arc::new(Once::new()) }
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
    fn compile(
        &self,
        client: &Client,
        text: &str,
        options: &CompileOptions,
    ) -> Result<(Executable, bool), PjrtError> {
        self.is_swept.call_once(|| {
            let _ = self.files();
        });
        let path = self.path(client, text, options);
        if let Some(program) = read(&path) {
            match client.deserialize(&program) {
                Ok(executable) => {
                    // So that files that are in use are not the oldest.
                    let file = fs::File::options().append(true).open(&path);
                    let _ = file.and_then(|file| file.set_modified(SystemTime::now()));
                    return Ok((executable, true));
                }
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
        let kind = client.devices().first().map(|device| kind(device.description()));
        let variables = client.plugin().compiler_variables();
        let parts = [
            client.platform().as_bytes(),
            client.platform_version().as_bytes(),
            &plugin_identity(client),
            kind.as_deref().unwrap_or_default().as_bytes(),
            processor.as_bytes(),
            variables.as_bytes(),
            &client.with_flags(options).to_bytes(),
            text.as_bytes(),
        ];
        for part in parts {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part);
        }
        self.folder.join(hex(&hash.finalize())).with_extension(EXTENSION)
    }

    fn keep(&self, path: &Path, program: &[u8]) -> io::Result<()> {
        fs::create_dir_all(&self.folder)?;
        write_whole(path, &[&MAGIC[..], &Sha256::digest(program), program].concat())?;
        self.prune()
    }

    /// Removes the oldest files until the others are within the limit.
    fn prune(&self) -> io::Result<()> {
        let mut files = self.files()?;
        files.sort();
        let mut total: u64 = files.iter().map(|(_, bytes, _)| bytes).sum();
        for (_, bytes, path) in files {
            if total <= self.limit_bytes {
                break;
            }
            remove(&path)?;
            total -= bytes;
        }
        Ok(())
    }

    /// The programs: when they were written, how large they are, their paths. What was left half-written is
    /// removed.
    fn files(&self) -> io::Result<Vec<(SystemTime, u64, PathBuf)>> {
        let mut files = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let path = entry?.path();
            let is = |extension| path.extension().is_some_and(|its| its == extension);
            let (is_program, is_part) = (is(EXTENSION), is(PART));
            if !is_program && !is_part {
                continue;
            }
            let (modified, bytes) = match fs::metadata(&path) {
                Ok(about) => (about.modified()?, about.len()),
                // Another process may have removed it in the meantime.
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => return Err(error),
            };
            if is_program {
                files.push((modified, bytes, path));
            } else if modified.elapsed().is_ok_and(|age| age > ABANDONED) {
                tracing::debug!(file = %path.display(), "a half-written program is removed");
                remove(&path)?;
            }
        }
        Ok(files)
    }
}

/// A program from a cache, if there is one and it has it, or else compiled; and whether it was on disk.
pub(crate) fn compile(
    cache: Option<&ProgramCache>,
    client: &Client,
    text: &str,
    options: &CompileOptions,
) -> Result<(Executable, bool), PjrtError> {
    match cache {
        Some(cache) => cache.compile(client, text, options),
        None => Ok((client.compile(text, options)?, false)),
    }
}

/// Removes a file that another process may remove at the same time.
fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
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

/// The model of a device, and what the plugin tells of it in words, such as the compute capability. Numbers tell its
/// place among others, which does not shape a program.
fn kind(device: &DeviceDescription) -> String {
    let mut text = device.kind.clone();
    for (name, value) in &device.attributes {
        if let OptionValue::Text(value) = value {
            text.push_str(&format!("\n{name}={value}"));
        }
    }
    text
}

/// Identifies the library of a plugin by more than its version, which does not always change with it.
fn plugin_identity(client: &Client) -> Vec<u8> {
    let path = client.plugin().path();
    let mut identity = path.to_string_lossy().into_owned().into_bytes();
    if let Ok(about) = fs::metadata(path) {
        identity.extend(about.len().to_le_bytes());
        let age = about.modified().ok().and_then(|t| t.duration_since(UNIX_EPOCH).ok());
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

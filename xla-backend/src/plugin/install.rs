//! Installing a plugin: fetch the pinned wheel, check it, unpack its library.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use super::cache::{self, Care, Note};
use super::error::PluginError;
use super::pip;
use super::platform::Platform;
use super::progress::{Progress, Stage, tell};
use super::wheel::{Machine, Wheel};

/// A plugin in the cache folder.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Installed {
    /// The library.
    pub library: PathBuf,
    /// Whether it was there before.
    pub was_there: bool,
}

/// Installs a platform's plugin into the cache folder, unless it is there and whole.
///
/// The wheel is fetched with `pip download`, checked against the pinned SHA-256 and unpacked beside
/// its final place, then moved there in one step: another process sees the whole plugin or none. A
/// lock lets only one process install at a time; the others wait and find it done.
///
/// # Errors
///
/// [`PluginError`] that names what failed: the cache folder, pip, the hash, the wheel.
pub fn install(platform: Platform) -> Result<Installed, PluginError> {
    install_into(&cache::cache_folder()?, platform, platform.spec().wheel(), pip::download)
}

/// As [`install`], with the wheel of this name among those that are pinned ([`pins`]). One that was pinned before is
/// used where the first is not there, or where a variable names its path (see [`find`](super::find())).
///
/// # Errors
///
/// As [`install`], and [`PluginError::NoPin`].
pub fn install_pin(platform: Platform, name: &str) -> Result<Installed, PluginError> {
    let wheel = platform.spec().wheels.iter().find(|wheel| wheel.is_named(name));
    let wheel = wheel.ok_or_else(|| PluginError::NoPin {
        platform,
        name: name.into(),
        pins: pins(platform),
    })?;
    install_into(&cache::cache_folder()?, platform, wheel, pip::download)
}

/// The wheels that are pinned for a platform, as pip names them; the first is the one that
/// [`install`] installs.
pub fn pins(platform: Platform) -> Vec<String> {
    platform.spec().wheels.iter().map(Wheel::requirement).collect()
}

/// As [`install`], with a given cache folder and way to fetch a wheel.
pub(crate) fn install_into(
    cache: &Path,
    platform: Platform,
    wheel: &Wheel,
    download: impl FnOnce(&Wheel, &Path, &dyn Fn(u64)) -> Result<PathBuf, PluginError>,
) -> Result<Installed, PluginError> {
    let plugins = cache::plugins(cache);
    fs::create_dir_all(&plugins).map_err(PluginError::cache(&plugins, "creating"))?;
    let _lock = lock(&plugins)?;
    match cache::check(cache, platform, wheel, Care::Hash) {
        Ok(Some(library)) => {
            return Ok(Installed { library, was_there: true });
        }
        Ok(None) => {}
        Err(damage) => tracing::warn!(%damage, "installing a plugin again"),
    }
    if wheel.machine != Machine::this() {
        let Machine { os, arch } = Machine::this();
        let expected = wheel.machine.to_string();
        return Err(PluginError::NoWheel { platform, expected, os, arch });
    }
    let told = |stage| {
        tell(&Progress {
            requirement: wheel.requirement(),
            bytes: wheel.size,
            unpacked_bytes: wheel.unpacked,
            stage,
        });
    };
    told(Stage::Started);
    // Under the lock nobody else has a folder of this name: one that is there was left by a process
    // that died.
    let incoming = plugins.join(format!("incoming-{}", wheel.folder()));
    remove(&incoming)?;
    fs::create_dir(&incoming).map_err(PluginError::cache(&incoming, "creating"))?;
    let unpacked = fetch(wheel, &incoming, download, &told);
    let moved = unpacked.and_then(|folder| move_into_place(&folder, &cache::folder(cache, wheel)));
    told(if moved.is_ok() { Stage::Done } else { Stage::Failed });
    remove(&incoming)?;
    moved?;
    Ok(Installed { library: cache::library(cache, wheel), was_there: false })
}

/// Holds the lock of the folder as long as the file lives.
fn lock(plugins: &Path) -> Result<File, PluginError> {
    let path = plugins.join("lock");
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
        .map_err(PluginError::cache(&path, "opening"))?;
    if file.try_lock().is_err() {
        tracing::info!(path = %path.display(), "another process installs a plugin; waiting");
        file.lock().map_err(PluginError::cache(&path, "locking"))?;
    }
    Ok(file)
}

/// Fetches, checks and unpacks a wheel; returns the folder with the library and its note.
fn fetch(
    wheel: &Wheel,
    incoming: &Path,
    download: impl FnOnce(&Wheel, &Path, &dyn Fn(u64)) -> Result<PathBuf, PluginError>,
    told: &dyn Fn(Stage),
) -> Result<PathBuf, PluginError> {
    let archive = download(wheel, incoming, &|bytes| told(Stage::Fetching(bytes)))?;
    told(Stage::Unpacking);
    let hash = cache::sha256(&archive).map_err(PluginError::cache(&archive, "reading"))?;
    if hash != wheel.sha256 {
        return Err(PluginError::Hash {
            requirement: wheel.requirement(),
            expected: wheel.sha256.into(),
            got: hash,
        });
    }
    let folder = incoming.join("unpacked");
    fs::create_dir(&folder).map_err(PluginError::cache(&folder, "creating"))?;
    let library = folder.join(wheel.library_name());
    unpack(wheel, &archive, &library)?;
    let note = Note::of(&library).map_err(PluginError::cache(&library, "reading"))?;
    note.write(&folder).map_err(PluginError::cache(&folder, "writing"))?;
    Ok(folder)
}

/// Unpacks the wheel's library.
fn unpack(wheel: &Wheel, archive: &Path, library: &Path) -> Result<(), PluginError> {
    let broken = |reason: String| PluginError::Unpack {
        requirement: wheel.requirement(),
        library: wheel.library,
        reason,
    };
    let file = File::open(archive).map_err(PluginError::cache(archive, "opening"))?;
    let mut zip = zip::ZipArchive::new(file).map_err(|error| broken(error.to_string()))?;
    let mut entry = zip.by_name(wheel.library).map_err(|error| broken(error.to_string()))?;
    let mut target = File::create_new(library).map_err(PluginError::cache(library, "creating"))?;
    std::io::copy(&mut entry, &mut target).map_err(PluginError::cache(library, "unpacking"))?;
    target.sync_all().map_err(PluginError::cache(library, "writing"))
}

/// Puts the new folder in the place of the old, if there is one.
fn move_into_place(unpacked: &Path, place: &Path) -> Result<(), PluginError> {
    if place.exists() {
        // Not deleted in place: a process that has the library open keeps its file.
        let old = unpacked.with_file_name("old");
        fs::rename(place, &old).map_err(PluginError::cache(place, "moving"))?;
    }
    fs::rename(unpacked, place).map_err(PluginError::cache(place, "moving"))
}

fn remove(folder: &Path) -> Result<(), PluginError> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(PluginError::cache(folder, "removing")(error))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plugin::scratch::Scratch;
    use std::io::Write;

    const LIBRARY: &[u8] = b"a library";

    /// A wheel of our own: the archive, and the pin that fits it.
    fn wheel(folder: &Path, entry: &str) -> (PathBuf, Wheel) {
        let archive = folder.join("fake.whl");
        let mut zip = zip::ZipWriter::new(File::create(&archive).unwrap());
        zip.start_file(entry, zip::write::SimpleFileOptions::default()).unwrap();
        zip.write_all(LIBRARY).unwrap();
        zip.finish().unwrap();
        let wheel = Wheel {
            project: "fake",
            version: "1",
            sha256: cache::sha256(&archive).unwrap().leak(),
            size: 0,
            unpacked: 0,
            library: "fake/fake.so",
            platform_tag: "any",
            python_version: None,
            machine: Machine::this(),
        };
        (archive, wheel)
    }

    fn copy_of(
        archive: &Path,
    ) -> impl FnOnce(&Wheel, &Path, &dyn Fn(u64)) -> Result<PathBuf, PluginError> {
        let archive = archive.to_path_buf();
        move |_, folder, _| {
            let target = folder.join("fake.whl");
            fs::copy(archive, &target).unwrap();
            Ok(target)
        }
    }

    fn not_again(_: &Wheel, _: &Path, _: &dyn Fn(u64)) -> Result<PathBuf, PluginError> {
        unreachable!("fetched although it is there")
    }

    #[test]
    fn what_is_installed_is_whole_and_stays() {
        let folder = Scratch::new();
        let (archive, wheel) = wheel(folder.path(), "fake/fake.so");
        let cache = folder.path().join("cache");
        let first = install_into(&cache, Platform::Cpu, &wheel, copy_of(&archive)).unwrap();
        assert!(!first.was_there);
        assert_eq!(fs::read(&first.library).unwrap(), LIBRARY);
        let second = install_into(&cache, Platform::Cpu, &wheel, not_again).unwrap();
        assert!(second.was_there);
        // Nothing but the plugin and the lock is left.
        let mut left: Vec<_> = fs::read_dir(cache.join("plugins"))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        left.sort();
        assert_eq!(left, ["fake-1", "lock"]);
    }

    #[test]
    fn a_wheel_for_another_machine_is_not_fetched() {
        let folder = Scratch::new();
        let (_, wheel) = wheel(folder.path(), "fake/fake.so");
        let wheel = Wheel { machine: Machine { os: "macos", arch: "none" }, ..wheel };
        let error = install_into(folder.path(), Platform::Cpu, &wheel, not_again).unwrap_err();
        let this = format!("got {} on {}", std::env::consts::OS, std::env::consts::ARCH);
        let error = error.to_string();
        assert!(error.starts_with("cpu: expected a machine with macOS on none, got "), "{error}");
        assert!(error.contains(&this), "{error}");
    }

    #[test]
    fn a_name_that_is_no_pin_is_told_the_pins() {
        assert_eq!(
            install_pin(Platform::Cpu, "jaxlib").unwrap_err().to_string(),
            "jaxlib: expected a pinned plugin for cpu, one of lammps-jax-pjrt-cpu==0.11.2, xla-cpu-pjrt==0.0.1"
        );
    }

    #[test]
    fn a_truncated_library_is_found_out_and_replaced() {
        let folder = Scratch::new();
        let (archive, wheel) = wheel(folder.path(), "fake/fake.so");
        let cache = folder.path().join("cache");
        let library =
            install_into(&cache, Platform::Cpu, &wheel, copy_of(&archive)).unwrap().library;
        fs::write(&library, &LIBRARY[..4]).unwrap();
        let error = cache::check(&cache, Platform::Cpu, &wheel, Care::Size).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!(
                "{}: expected 9 bytes, got 4 bytes; run `burn-xla install cpu` to install it again",
                library.display()
            )
        );
        let again = install_into(&cache, Platform::Cpu, &wheel, copy_of(&archive)).unwrap();
        assert!(!again.was_there);
        assert_eq!(fs::read(&again.library).unwrap(), LIBRARY);
        // The same size with other bytes is found by the hash alone.
        fs::write(&library, b"a Library").unwrap();
        assert!(cache::check(&cache, Platform::Cpu, &wheel, Care::Size).unwrap().is_some());
        assert!(cache::check(&cache, Platform::Cpu, &wheel, Care::Hash).is_err());
    }

    #[test]
    fn a_wheel_with_another_hash_is_refused() {
        let folder = Scratch::new();
        let (archive, mut wheel) = wheel(folder.path(), "fake/fake.so");
        let got = std::mem::replace(&mut wheel.sha256, "00");
        let cache = folder.path().join("cache");
        let error =
            install_into(&cache, Platform::Cpu, &wheel, copy_of(&archive)).unwrap_err().to_string();
        assert_eq!(
            error,
            format!(
                "fake==1: expected the SHA-256 00, got {got}; nothing was installed, as the file is not the one that this \
                 version of burn-xla was tested with"
            )
        );
        assert!(cache::check(&cache, Platform::Cpu, &wheel, Care::Size).unwrap().is_none());
    }

    #[test]
    fn a_wheel_without_the_library_is_refused() {
        let folder = Scratch::new();
        let (archive, wheel) = wheel(folder.path(), "fake/other.so");
        let error = install_into(folder.path(), Platform::Cpu, &wheel, copy_of(&archive))
            .unwrap_err()
            .to_string();
        assert!(error.starts_with("fake==1: expected a wheel with fake/fake.so"), "{error}");
        // An archive that is none, with the right hash, is refused likewise.
        fs::write(&archive, "not a zip").unwrap();
        let wheel = Wheel { sha256: cache::sha256(&archive).unwrap().leak(), ..wheel };
        let error = install_into(folder.path(), Platform::Cpu, &wheel, copy_of(&archive));
        assert!(matches!(error, Err(PluginError::Unpack { .. })), "{error:?}");
    }

    #[test]
    fn a_cache_folder_that_cannot_be_made_is_told() {
        let folder = Scratch::new();
        let (_, wheel) = wheel(folder.path(), "fake/fake.so");
        // A file where the folder should be: the same for root, who may write to read-only folders.
        let cache = folder.path().join("file");
        fs::write(&cache, "").unwrap();
        let error = install_into(&cache, Platform::Cpu, &wheel, not_again).unwrap_err();
        let error = error.to_string();
        assert!(
            error.starts_with(&format!("{}: creating failed: ", cache.join("plugins").display()))
        );
        assert!(error.ends_with("make the folder writable, or set BURN_XLA_CACHE to one that is"));
    }

    #[test]
    fn two_who_install_at_once_fetch_once() {
        let folder = Scratch::new();
        let (archive, wheel) = wheel(folder.path(), "fake/fake.so");
        let cache = folder.path().join("cache");
        let installed: Vec<Installed> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..4)
                .map(|_| {
                    scope.spawn(|| {
                        install_into(&cache, Platform::Cpu, &wheel, copy_of(&archive)).unwrap()
                    })
                })
                .collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert_eq!(installed.iter().filter(|installed| !installed.was_there).count(), 1);
    }
}

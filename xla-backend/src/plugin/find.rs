//! Looking for a plugin that is already on the machine.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::cache::{self, Care};
use super::error::PluginError;
use super::platform::Platform;

/// A plugin's library, and how it was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PluginPath {
    /// The platform that it is for.
    pub platform: Platform,
    /// The library.
    pub path: PathBuf,
    /// Who named it.
    pub source: Source,
}

impl PluginPath {
    /// Whether it is the plugin that [`install`](super::install()) installs, in the cache folder.
    pub(crate) fn is_pinned(&self) -> bool {
        let wheel = self.platform.spec().wheel();
        cache::cache_folder().is_ok_and(|cache| cache::library(&cache, wheel) == self.path)
    }

    /// How to replace the library if it is broken: a command, or a step. `command` is the binary that has the
    /// verb `install`.
    pub fn remedy_by(&self, command: &str) -> String {
        match &self.source {
            Source::Cache => format!("{command} install {}", self.platform),
            Source::Caller | Source::Variable(_) => format!("correct or remove {}", self.source),
            Source::Python(_) => {
                let requirement = self.platform.spec().wheel().requirement();
                format!("python3 -m pip install --force-reinstall {requirement}")
            }
        }
    }
}

/// Where a plugin was found.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Source {
    /// The caller gave the path.
    Caller,
    /// An environment variable gave it.
    Variable(String),
    /// The cache folder of this crate, see [`install`](super::install()).
    Cache,
    /// A Python environment's `site-packages`.
    Python(PathBuf),
}

impl std::fmt::Display for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Caller => f.write_str("the given path"),
            Self::Variable(name) => write!(f, "the variable {name}"),
            Self::Cache => f.write_str("the cache folder"),
            Self::Python(folder) => write!(f, "the Python packages in {}", folder.display()),
        }
    }
}

/// Looks for a platform's plugin.
///
/// In this order, and the first that is there wins:
///
/// 1. `BURN_XLA_CPU_PLUGIN`, and so on with the platform's name, and for TPU `TPU_LIBRARY_PATH`: the path of the
///    library;
/// 2. `BURN_XLA_PLUGIN`: the path of a library whose name contains the platform (`cpu`, `cuda` or
///    `gpu`, `tpu`, `rocm`, `oneapi`, `metal`, `libtt`), or of any platform if it contains none;
/// 3. `PJRT_NAMES_AND_LIBRARY_PATHS`, as JAX reads it: `name:path,name:path`;
/// 4. `PJRT_PLUGIN_PATH`: a list of folders with libraries;
/// 5. the cache folder (see [`cache_folder`](super::cache_folder)), where the plugin that is pinned goes before
///    those that were pinned before it;
/// 6. the `site-packages` of the active Python environment (`VIRTUAL_ENV`, `CONDA_PREFIX`).
///
/// # Errors
///
/// [`PluginError::NotFound`] with the places; [`PluginError::Missing`] if a variable names a file
/// that is not there; [`PluginError::Damaged`] if the one in the cache folder is not whole.
pub fn find(platform: Platform) -> Result<PluginPath, PluginError> {
    Places::of_this_process().find(platform)
}

/// As [`find`], but a given path goes before all others.
///
/// # Errors
///
/// As [`find`].
pub fn find_with(platform: Platform, path: Option<&Path>) -> Result<PluginPath, PluginError> {
    match path {
        Some(path) => named(platform, path, Source::Caller),
        None => find(platform),
    }
}

/// Reads an environment variable; an empty one counts as not set.
pub(crate) type Variables = Box<dyn Fn(&str) -> Option<OsString>>;

/// The environment of [`find`], which tests set.
pub(crate) struct Places {
    pub(crate) variable: Variables,
    pub(crate) cache: Option<PathBuf>,
}

impl Places {
    pub(crate) fn of_this_process() -> Self {
        Self {
            variable: Box::new(|name| std::env::var_os(name).filter(|value| !value.is_empty())),
            cache: cache::cache_folder().ok(),
        }
    }

    pub(crate) fn find(&self, platform: Platform) -> Result<PluginPath, PluginError> {
        let spec = platform.spec();
        let mut looked = Vec::new();
        for &name in spec.variables {
            if let Some(path) = (self.variable)(name) {
                return named(platform, Path::new(&path), Source::Variable(name.into()));
            }
            looked.push(name.to_string());
        }
        const ANY: &str = "BURN_XLA_PLUGIN";
        if let Some(path) = (self.variable)(ANY).map(PathBuf::from)
            && platform_of(&path).is_none_or(|of| of == platform)
        {
            return named(platform, &path, Source::Variable(ANY.into()));
        }
        looked.push(ANY.into());
        const JAX: &str = "PJRT_NAMES_AND_LIBRARY_PATHS";
        if let Some(path) = self.jax_path(JAX, platform) {
            return named(platform, &path, Source::Variable(JAX.into()));
        }
        looked.push(JAX.into());
        const FOLDERS: &str = "PJRT_PLUGIN_PATH";
        if let Some(path) = self.in_folders(FOLDERS, platform) {
            return named(platform, &path, Source::Variable(FOLDERS.into()));
        }
        looked.push(FOLDERS.into());
        if let Some(cache) = &self.cache {
            for wheel in spec.wheels {
                if let Some(path) = cache::check(cache, platform, wheel, Care::Size)? {
                    return Ok(PluginPath { platform, path, source: Source::Cache });
                }
                looked.push(cache::folder(cache, wheel).display().to_string());
            }
        }
        for site_packages in self.site_packages() {
            for library in spec.site_packages {
                let path = site_packages.join(library);
                if path.is_file() {
                    let source = Source::Python(site_packages);
                    return Ok(PluginPath { platform, path, source });
                }
            }
            looked.push(site_packages.display().to_string());
        }
        Err(PluginError::NotFound { platform, looked })
    }

    fn jax_path(&self, variable: &str, platform: Platform) -> Option<PathBuf> {
        let list = (self.variable)(variable)?.into_string().ok()?;
        list.split(',')
            .filter_map(|entry| entry.split_once(':'))
            .find(|(name, _)| platform.spec().jax_names.contains(name))
            .map(|(_, path)| path.into())
    }

    fn in_folders(&self, variable: &str, platform: Platform) -> Option<PathBuf> {
        let list = (self.variable)(variable)?;
        std::env::split_paths(&list)
            .flat_map(|folder| {
                // An entry may be a library itself; a folder is searched in the order of its names.
                let mut files: Vec<_> = std::fs::read_dir(&folder)
                    .map(|entries| entries.filter_map(|entry| Some(entry.ok()?.path())).collect())
                    .unwrap_or_else(|_| vec![folder]);
                files.sort();
                files
            })
            .find(|path| path.is_file() && is_library(path) && platform_of(path) == Some(platform))
    }

    /// The `site-packages` of the active environments.
    fn site_packages(&self) -> Vec<PathBuf> {
        ["VIRTUAL_ENV", "CONDA_PREFIX"]
            .iter()
            .filter_map(|name| (self.variable)(name))
            .flat_map(|environment| site_packages_of(Path::new(&environment)))
            .collect()
    }
}

fn site_packages_of(environment: &Path) -> Vec<PathBuf> {
    let mut folders: Vec<_> = std::fs::read_dir(environment.join("lib"))
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| {
            path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("python"))
        })
        .map(|path| path.join("site-packages"))
        .collect();
    folders.sort();
    folders
}

fn is_library(path: &Path) -> bool {
    path.extension()
        .is_some_and(|extension| ["so", "dylib", "dll"].iter().any(|known| extension == *known))
}

/// The platform in a library's name. One whose name tells a GPU of no maker is CUDA's.
pub(crate) fn platform_of(path: &Path) -> Option<Platform> {
    let name = path.file_name()?.to_string_lossy().to_lowercase();
    // The CPU's and CUDA's words are the least special: a name for oneAPI may say `gpu`, too.
    let order = [
        Platform::Rocm,
        Platform::Oneapi,
        Platform::Metal,
        Platform::Tenstorrent,
        Platform::Cuda,
        Platform::Tpu,
        Platform::Cpu,
    ];
    let is_of =
        |platform: &Platform| platform.spec().file_words.iter().any(|word| name.contains(word));
    order.into_iter().find(is_of)
}

/// A path that the user named must exist: a typing error must not lead to another plugin.
fn named(platform: Platform, path: &Path, source: Source) -> Result<PluginPath, PluginError> {
    if !path.is_file() {
        return Err(PluginError::Missing { origin: source.to_string(), path: path.into() });
    }
    Ok(PluginPath { platform, path: path.into(), source })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plugin::scratch::Scratch;
    use std::fs;

    fn places(variables: &[(&str, &Path)], cache: Option<&Path>) -> Places {
        let variables: Vec<(String, OsString)> =
            variables.iter().map(|(name, value)| (name.to_string(), value.into())).collect();
        Places {
            variable: Box::new(move |name| {
                variables.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone())
            }),
            cache: cache.map(Path::to_path_buf),
        }
    }

    fn touch(path: &Path) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "").unwrap();
    }

    #[test]
    fn the_variable_of_the_platform_goes_before_all_others() {
        let folder = Scratch::new();
        let own = folder.path().join("own.so");
        let any = folder.path().join("any.so");
        touch(&own);
        touch(&any);
        let both = [("BURN_XLA_PLUGIN", &*any), ("BURN_XLA_CPU_PLUGIN", &*own)];
        let found = places(&both, None).find(Platform::Cpu).unwrap();
        assert_eq!(found.path, own);
        assert_eq!(found.source.to_string(), "the variable BURN_XLA_CPU_PLUGIN");
        // A library without a platform in its name serves any.
        assert_eq!(places(&both, None).find(Platform::Tpu).unwrap().path, any);
    }

    #[test]
    fn a_library_that_tells_its_platform_serves_no_other() {
        let folder = Scratch::new();
        let library = folder.path().join("libtpu.so");
        touch(&library);
        let places = places(&[("BURN_XLA_PLUGIN", &library)], None);
        assert_eq!(places.find(Platform::Tpu).unwrap().path, library);
        assert!(matches!(places.find(Platform::Cpu), Err(PluginError::NotFound { .. })));
    }

    #[test]
    fn a_variable_that_names_nothing_is_an_error() {
        let places = places(&[("TPU_LIBRARY_PATH", Path::new("/no/libtpu.so"))], None);
        assert_eq!(
            places.find(Platform::Tpu).unwrap_err().to_string(),
            "the variable TPU_LIBRARY_PATH: expected a file, got none at /no/libtpu.so; correct the path, or remove it"
        );
    }

    #[test]
    fn jax_names_and_folders_are_read() {
        let folder = Scratch::new();
        let cuda = folder.path().join("pjrt_c_api_gpu_plugin.so");
        touch(&cuda);
        touch(&folder.path().join("a_cpu_readme.txt"));
        let names = format!("cpu:/elsewhere,cuda:{}", cuda.display());
        let jax = places(&[("PJRT_NAMES_AND_LIBRARY_PATHS", Path::new(&names))], None);
        assert_eq!(jax.find(Platform::Cuda).unwrap().path, cuda);
        let folders = places(&[("PJRT_PLUGIN_PATH", folder.path())], None);
        assert_eq!(folders.find(Platform::Cuda).unwrap().path, cuda);
        assert!(matches!(folders.find(Platform::Cpu), Err(PluginError::NotFound { .. })));
    }

    #[test]
    fn the_pinned_plugin_goes_before_those_that_were_pinned_before() {
        let folder = Scratch::new();
        let wheels = Platform::Cpu.spec().wheels;
        for wheel in wheels.iter().rev() {
            let library = cache::library(folder.path(), wheel);
            touch(&library);
            cache::Note::of(&library).unwrap().write(library.parent().unwrap()).unwrap();
            let found = places(&[], Some(folder.path())).find(Platform::Cpu).unwrap();
            assert_eq!(found.path, library);
        }
    }

    #[test]
    fn the_active_python_environment_comes_last() {
        let folder = Scratch::new();
        let library = folder.path().join("lib/python3.11/site-packages/libtpu/libtpu.so");
        touch(&library);
        let found = places(&[("VIRTUAL_ENV", folder.path())], None).find(Platform::Tpu).unwrap();
        assert_eq!(found.path, library);
    }

    #[test]
    fn what_was_looked_at_is_told() {
        let error = places(&[], Some(Path::new("/cache"))).find(Platform::Cpu).unwrap_err();
        assert_eq!(
            error.to_string(),
            "no plugin for cpu: looked in BURN_XLA_CPU_PLUGIN, BURN_XLA_PLUGIN, PJRT_NAMES_AND_LIBRARY_PATHS, \
             PJRT_PLUGIN_PATH, /cache/plugins/lammps-jax-pjrt-cpu-0.11.2, /cache/plugins/xla-cpu-pjrt-0.0.1; run `burn-xla install cpu`"
        );
    }
}

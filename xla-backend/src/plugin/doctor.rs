//! Reports on platforms: the plugin, its devices, what is missing, and the command that mends it.

use std::fmt;
use std::path::{Path, PathBuf};

use super::cache::{self, Care};
use super::error::PluginError;
use super::find::{PluginPath, Source, find};
use super::load::{client, load};
use super::platform::Platform;
use super::spec::Need;
use super::wheel::Wheel;
use crate::pjrt::{
    ApiVersion, Capabilities, Client, ClientOptions, CompileOptions, Device, DeviceAssignment,
    ExecuteOptions, PjrtError,
};

/// The state of one platform.
#[derive(Debug)]
#[non_exhaustive]
pub struct PlatformReport {
    /// The platform.
    pub platform: Platform,
    /// The library, or why there is none.
    pub library: Check<PluginPath>,
    /// What the library can do, or why it does not load; nothing if there is none.
    pub capabilities: Option<Check<Capabilities>>,
    /// The devices by name, or why there are none; nothing if there is no library.
    pub devices: Option<Check<Vec<String>>>,
    /// A small program on the first device, or why it failed; nothing if there is no device.
    pub program: Option<Check<Trial>>,
    /// Libraries that the plugin needs and that were not found.
    pub missing: Vec<String>,
    /// The one command or step that mends the first thing that is wrong.
    pub remedy: Option<String>,
}

/// What a small program showed, which was compiled and run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Trial {
    /// The plugin estimates what programs cost. That the call is in its table does not say so.
    pub cost_analysis: bool,
}

/// Something that was found, or the reason why not.
pub type Check<T> = Result<T, String>;

/// The cache folder, if it can be written to.
///
/// # Errors
///
/// [`PluginError::NoCacheFolder`] or [`PluginError::Cache`].
pub fn writable_cache_folder() -> Result<PathBuf, PluginError> {
    let folder = cache::cache_folder()?;
    std::fs::create_dir_all(&folder).map_err(PluginError::cache(&folder, "creating"))?;
    let probe = folder.join(format!("probe-{}", std::process::id()));
    std::fs::write(&probe, "").map_err(PluginError::cache(&folder, "writing"))?;
    std::fs::remove_file(&probe).map_err(PluginError::cache(&folder, "writing"))?;
    Ok(folder)
}

impl PlatformReport {
    /// Looks at one platform. It loads the plugin, and starts it if the machine has such a device; a
    /// plugin that is broken may end the process.
    pub fn of(platform: Platform) -> Self {
        Self::for_command(platform, "burn-xla")
    }

    /// As [`of`](Self::of), with remedies that name this binary: it has the verb `install`.
    pub fn for_command(platform: Platform, command: &str) -> Self {
        let mut report = Self {
            platform,
            library: Err(String::new()),
            capabilities: None,
            devices: None,
            program: None,
            missing: Vec::new(),
            remedy: None,
        };
        match find_whole(platform) {
            Ok(found) => {
                report.look_into(&found, command);
                report.library = Ok(found);
            }
            Err(error) => {
                report.remedy = Some(match &error {
                    PluginError::Missing { origin, .. } => format!("correct or remove {origin}"),
                    _ => format!("{command} install {platform}"),
                });
                report.library = Err(match error {
                    PluginError::NotFound { .. } => "not installed".into(),
                    error => error.to_string(),
                });
            }
        }
        report
    }

    /// Whether programs run on this platform: one did.
    pub fn is_ready(&self) -> bool {
        matches!(self.program, Some(Ok(_)))
    }

    fn look_into(&mut self, found: &PluginPath, command: &str) {
        let has_device = self.platform.has_device();
        if has_device {
            let needs = self.platform.spec().needs;
            let missing: Vec<&Need> =
                needs.iter().filter(|need| !is_installed(need.library, &found.path)).collect();
            self.remedy = missing.first().map(|need| remedy(need, &found.path));
            self.missing =
                missing.iter().map(|need| format!("{} ({})", need.library, need.purpose)).collect();
        }
        let plugin = match load(found) {
            Ok(plugin) => plugin,
            Err(error) => {
                self.capabilities = Some(Err(error.to_string()));
                self.remedy.get_or_insert(format!("{command} install {}", self.platform));
                return;
            }
        };
        self.capabilities = Some(Ok(plugin.capabilities()));
        if !has_device {
            self.devices = Some(Err("none on this machine".into()));
            return;
        }
        match client(found, &ClientOptions::new()) {
            Ok(client) => {
                let devices = client.devices();
                self.devices = Some(Ok(devices.iter().map(ToString::to_string).collect()));
                self.program = devices.first().map(|device| try_out(&client, device));
            }
            Err(error) => self.devices = Some(Err(error.to_string())),
        }
        if let Some(Err(_)) = self.program {
            self.remedy.get_or_insert_with(|| found.remedy_by(command));
        }
    }

    /// The state in one or two words.
    fn state(&self) -> &'static str {
        match (&self.library, &self.capabilities, &self.devices) {
            (Err(_), ..) => "no plugin",
            (_, Some(Err(_)), _) => "does not load",
            _ if self.is_ready() => "ready",
            (_, _, Some(Ok(devices))) if !devices.is_empty() => "does not run",
            (_, Some(Ok(capabilities)), _) if capabilities.ahead_of_time => "compiles only",
            _ => "no device",
        }
    }
}

/// Compiles and runs a sum on a device, and compares the result.
fn try_out(client: &Client, device: &Device) -> Result<Trial, String> {
    let (trial, got) = run_sum(client, device).map_err(|error| error.to_string())?;
    if got == [2., 4.] { Ok(trial) } else { Err(format!("expected [2.0, 4.0], got {got:?}")) }
}

fn run_sum(client: &Client, device: &Device) -> Result<(Trial, Vec<f32>), PjrtError> {
    const SUM: &str = "func.func @main(%x: tensor<2xf32>) -> tensor<2xf32> {
        %0 = stablehlo.add %x, %x : tensor<2xf32>
        return %0 : tensor<2xf32>
    }";
    let assignment = DeviceAssignment::single(device.id().into());
    let options = CompileOptions::new().with_device_assignment(assignment);
    let program = client.compile(SUM, &options)?;
    let x = client.buffer_from_slice(&[1f32, 2.], &[2], device)?;
    let results = program.execute(&[&x], &ExecuteOptions::default())?;
    let got = results[0].to_vec::<f32>()?;
    let cost = program.program().cost_analysis();
    Ok((Trial { cost_analysis: cost.is_ok_and(|cost| !cost.is_empty()) }, got))
}

/// Finds a library; one in the cache folder is read and its hash compared.
fn find_whole(platform: Platform) -> Result<PluginPath, PluginError> {
    let found = find(platform)?;
    if found.source == Source::Cache {
        let folder = cache::cache_folder()?;
        let is_found = |wheel: &&Wheel| cache::library(&folder, wheel) == found.path;
        if let Some(wheel) = platform.spec().wheels.iter().find(is_found) {
            cache::check(&folder, platform, wheel, Care::Hash)?;
        }
    }
    Ok(found)
}

/// How to get a library that a plugin needs.
fn remedy(need: &Need, plugin: &Path) -> String {
    let folder = plugin.ancestors().nth(3).unwrap_or(plugin);
    need.remedy.replace("{folder}", &folder.display().to_string())
}

/// Whether a library is in a folder where the dynamic loader looks for it. It is not loaded.
fn is_installed(library: &str, plugin: &Path) -> bool {
    let beside: Vec<PathBuf> = plugin
        .ancestors()
        .skip(2)
        .take(2)
        .flat_map(|folder| {
            // As the wheels of CUDA lay themselves out: nvidia/cu13/lib, nvidia/cudnn/lib.
            std::fs::read_dir(folder.join("nvidia"))
                .into_iter()
                .flatten()
                .flatten()
                .map(|entry| entry.path().join("lib"))
        })
        .collect();
    let path = std::env::var_os("LD_LIBRARY_PATH").unwrap_or_default();
    let usual = [
        "/usr/local/cuda/lib64",
        "/usr/local/nvidia/lib64",
        "/opt/rocm/lib",
        "/usr/lib/x86_64-linux-gnu",
        "/lib/x86_64-linux-gnu",
        "/usr/lib64",
        "/usr/lib",
    ];
    beside
        .into_iter()
        .chain(std::env::split_paths(&path))
        .chain(usual.map(PathBuf::from))
        .any(|folder| folder.join(library).exists())
}

impl fmt::Display for PlatformReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let untried =
            if self.platform.is_untried() { " (untried: nobody has reported yet)" } else { "" };
        writeln!(f, "{:<5} {}{untried}", self.platform.name(), self.state())?;
        let mut line = |name: &str, text: &str| writeln!(f, "      {name:<10} {text}");
        match &self.library {
            Ok(found) => {
                line("library", &format!("{}", found.path.display()))?;
                let whole = if found.source == Source::Cache { ", whole" } else { "" };
                line("found by", &format!("{}{whole}", found.source))?;
            }
            Err(reason) => line("library", reason)?,
        }
        match &self.capabilities {
            Some(Ok(capabilities)) => {
                line("C API", &format!("{}, ours {}", capabilities.api, ApiVersion::TRANSCRIBED))?;
                line("StableHLO", &stablehlo(capabilities))?;
                line("can", &abilities(capabilities))?;
                line("extensions", &extensions(capabilities))?;
            }
            Some(Err(reason)) => line("loading", reason)?,
            None => {}
        }
        match &self.devices {
            Some(Ok(devices)) => line("devices", &listed(devices))?,
            Some(Err(reason)) => line("devices", reason)?,
            None => {}
        }
        match &self.program {
            Some(Ok(trial)) if trial.cost_analysis => line("cost", "estimated by the compiler")?,
            Some(Ok(_)) => line("cost", "not told")?,
            Some(Err(reason)) => line("program", reason)?,
            None => {}
        }
        if !self.missing.is_empty() {
            line("missing", &self.missing.join(", "))?;
        }
        match &self.remedy {
            Some(remedy) => line("to mend", remedy),
            None => Ok(()),
        }
    }
}

fn stablehlo(capabilities: &Capabilities) -> String {
    match (&capabilities.stablehlo_current, &capabilities.stablehlo_minimum) {
        (Some(current), Some(minimum)) => format!("{minimum} to {current}"),
        (Some(version), None) | (None, Some(version)) => version.clone(),
        (None, None) => "not told".into(),
    }
}

fn abilities(capabilities: &Capabilities) -> String {
    let all = [
        (capabilities.ahead_of_time, "compile ahead of time"),
        (capabilities.serialization, "serialise"),
        (capabilities.optimized_program, "show the optimised program"),
        (capabilities.memory_stats, "tell memory"),
    ];
    let able: Vec<_> = all.iter().filter(|(able, _)| *able).map(|(_, name)| *name).collect();
    able.join(", ")
}

fn extensions(capabilities: &Capabilities) -> String {
    let all: Vec<_> = capabilities.extensions.iter().map(ToString::to_string).collect();
    if all.is_empty() { "none".into() } else { all.join(", ") }
}

/// The first few of a list, and how many there are.
fn listed(devices: &[String]) -> String {
    const SHOWN: usize = 4;
    let shown = devices[..devices.len().min(SHOWN)].join(", ");
    let more = if devices.len() > SHOWN { ", …" } else { "" };
    format!("{}: {shown}{more}", devices.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plugin::scratch::Scratch;

    #[test]
    fn libraries_are_put_where_they_are_looked_for() {
        let folder = Scratch::new();
        let plugin = folder.path().join("plugins/jax-cuda13-pjrt-0/xla_cuda_plugin.so");
        let need = &Platform::Cuda.spec().needs[1];
        let target = format!("--target {} 'nvidia-cublas<14'", folder.path().display());
        assert!(remedy(need, &plugin).contains(&target));
        // As pip unpacks the wheels there.
        let library = folder.path().join("nvidia/cu13/lib").join("libfake-of-the-tests.so.13");
        assert!(!is_installed("libfake-of-the-tests.so.13", &plugin));
        std::fs::create_dir_all(library.parent().unwrap()).unwrap();
        std::fs::write(&library, "").unwrap();
        assert!(is_installed("libfake-of-the-tests.so.13", &plugin));
    }
}

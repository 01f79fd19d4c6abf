//! What the commands of this crate do, for every binary that has them: `burn-xla`, and `vit22b`.
//!
//! A binary parses the options, which are [`clap::Args`], and calls `run`. [`Doctor`] starts the binary
//! again for each platform as `BINARY doctor PLATFORM`, so its verb must have this name.

#![allow(clippy::print_stdout, reason = "commands speak to the terminal")]

use std::io::Read;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use burn_xla::eager::{EagerOptions, FirstRun, XlaDevice};
use burn_xla::pjrt::OptionValue;
use burn_xla::plugin::{self, Platform, PlatformReport, PluginError};
use burn_xla::program::{ProgramCache, XlaOptions};
use burn_xla::types::MatmulPrecision;

use crate::serve::{DEFAULT_ADDRESS, ServeError, Server};

/// The variables that the commands read, for the end of a help text.
pub const VARIABLES: &str = "\
Variables:
  BURN_XLA_CACHE          the cache folder
  BURN_XLA_PLUGIN         the path of a plugin to use instead
  BURN_XLA_PROGRAM_CACHE  the folder of compiled programs, or off
  BURN_XLA_PYTHON         the Python whose pip fetches plugins
  BURN_XLA_TOKEN          the token of `serve`
  BURN_XLA_VERBOSE        let the plugins' own code log to standard error
  RUST_LOG                what `serve` logs, such as error or burn_xla=debug";

/// How long a plugin may take to load and to name its devices.
const PATIENCE: Duration = Duration::from_secs(60);

/// Fetches a platform's plugin.
#[derive(Debug, Clone, clap::Args)]
pub struct Install {
    /// cpu, cuda, tpu, rocm, oneapi, metal or tt
    #[arg(value_parser = platform)]
    pub platform: Platform,
    /// This wheel instead of the one that is used by default, of those that are pinned
    #[arg(long, value_name = "WHEEL")]
    pub pin: Option<String>,
}

/// Prints which plugins and devices there are, and what is missing.
#[derive(Debug, Clone, clap::Args)]
pub struct Doctor {
    /// Look at this one alone
    #[arg(value_parser = platform)]
    pub platform: Option<Platform>,
}

/// Lets Burn programs run on the devices of this machine.
#[derive(Debug, Clone, clap::Args)]
pub struct Serve {
    /// cpu, cuda, tpu, rocm, oneapi, metal or tt
    #[arg(long, default_value = "cpu", value_parser = platform)]
    pub device: Platform,
    /// How the devices are started, and programs compiled for them
    #[command(flatten)]
    pub options: Options,
    /// What runs a graph that was not seen before, on the CPU: interpret, by Burn's CPU backend, or compile
    #[arg(long, value_name = "HOW", default_value = "interpret", value_parser = first_run)]
    pub first_run: FirstRun,
    /// What the programs in memory may take, such as 512MiB; by default 2GiB
    #[arg(long, value_name = "BYTES", value_parser = bytes)]
    pub program_bytes: Option<u64>,
    /// How many memory maps the process may have before programs are given up; by default half of what the system
    /// allows (vm.max_map_count)
    #[arg(long, value_name = "MAPS")]
    pub memory_maps: Option<u64>,
    /// Where to listen; other addresses than this machine's own need a token
    #[arg(long, default_value_t = DEFAULT_ADDRESS)]
    pub listen: SocketAddr,
    /// What clients must present; better in the variable BURN_XLA_TOKEN, which others on this machine
    /// do not see
    #[arg(long)]
    pub token: Option<String>,
    /// Log what libraries tell too; twice, what they tell for debugging
    #[arg(short, long, action = clap::ArgAction::Count)]
    pub verbose: u8,
}

/// How XLA is started and programs are compiled: [`XlaOptions`], as options of a command.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct Options {
    /// The part of a GPU's memory that may be taken, from 0 to 1
    #[arg(long, value_parser = fraction)]
    pub memory_fraction: Option<f32>,
    /// Take a GPU's memory when it is needed, not at once
    #[arg(long)]
    pub no_preallocation: bool,
    /// The GPUs that may be used, by number, such as 0,2
    #[arg(long, value_delimiter = ',')]
    pub visible_devices: Vec<i64>,
    /// A flag of the compiler, NAME=VALUE; may be given several times
    #[arg(long, value_name = "NAME=VALUE", value_parser = flag)]
    pub flag: Vec<(String, String)>,
    /// How accurately products of f32 are computed: full, high or fast
    #[arg(long, default_value = "full", value_parser = matmul_precision)]
    pub matmul_precision: MatmulPrecision,
    /// Where compiled programs are kept on disk: a folder, or off; by default as BURN_XLA_PROGRAM_CACHE says, or else
    /// in the cache folder, but for those of the CPU
    #[arg(long, value_name = "FOLDER")]
    pub program_cache: Option<PathBuf>,
    /// What the programs on disk may take, such as 4GiB; needs --program-cache
    #[arg(long, value_name = "BYTES", value_parser = bytes, requires = "program_cache")]
    pub program_cache_bytes: Option<u64>,
    /// Compile at most so many programs; what comes then runs uncompiled on the CPU, and is an error elsewhere
    #[arg(long, value_name = "PROGRAMS")]
    pub compilation_limit: Option<usize>,
}

impl Options {
    /// The options of the library.
    pub fn to_xla(&self) -> XlaOptions {
        let mut options = XlaOptions::new().with_matmul_precision(self.matmul_precision);
        if let Some(fraction) = self.memory_fraction {
            options = options.with_memory_fraction(fraction);
        }
        if self.no_preallocation {
            options = options.with_preallocation(false);
        }
        if !self.visible_devices.is_empty() {
            options = options.with_visible_devices(&*self.visible_devices);
        }
        if let Some(folder) = &self.program_cache {
            let cache = (folder.as_os_str() != "off").then(|| ProgramCache::new(folder));
            options = options.with_cache(cache.map(|cache| match self.program_cache_bytes {
                Some(bytes) => cache.with_limit_bytes(bytes),
                None => cache,
            }));
        }
        options = options.with_limit(self.compilation_limit);
        self.flag.iter().fold(options, |options, (name, value)| {
            options.with_compiler_flag(name, OptionValue::of_flag(value))
        })
    }
}

fn fraction(text: &str) -> Result<f32, String> {
    let fraction = text.parse().ok().filter(|fraction| *fraction > 0.0 && *fraction <= 1.0);
    fraction.ok_or_else(|| "expected a number above 0 and up to 1".into())
}

fn flag(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("expected NAME=VALUE")?;
    // As people know flags from `XLA_FLAGS`.
    Ok((name.trim_start_matches("--").into(), value.into()))
}

/// A number of bytes, perhaps in KiB, MiB, GiB or TiB.
fn bytes(text: &str) -> Result<u64, String> {
    let units = [("KiB", 10), ("MiB", 20), ("GiB", 30), ("TiB", 40), ("", 0)];
    let number = units.iter().find_map(|(unit, shift)| {
        let number: u64 = text.strip_suffix(unit)?.trim_end().parse().ok()?;
        number.checked_mul(1 << shift)
    });
    number.ok_or_else(|| "expected a number of bytes, such as 4000000, 512MiB or 4GiB".into())
}

fn first_run(name: &str) -> Result<FirstRun, String> {
    match name {
        "interpret" => Ok(FirstRun::Interpret),
        "compile" => Ok(FirstRun::Compile),
        _ => Err("expected interpret or compile".into()),
    }
}

fn matmul_precision(name: &str) -> Result<MatmulPrecision, String> {
    match name {
        "full" => Ok(MatmulPrecision::Full),
        "high" => Ok(MatmulPrecision::High),
        "fast" => Ok(MatmulPrecision::Fast),
        _ => Err("expected full, high or fast".into()),
    }
}

fn platform(name: &str) -> Result<Platform, String> {
    let mut names: Vec<_> = Platform::ALL.iter().map(|platform| platform.name()).collect();
    names.sort_unstable();
    Platform::from_name(name).ok_or_else(|| format!("expected one of {}", names.join(", ")))
}

impl Install {
    /// Installs the plugin, unless it is there.
    ///
    /// # Errors
    ///
    /// As [`plugin::install`].
    pub fn run(&self) -> Result<(), PluginError> {
        let installed = match &self.pin {
            Some(pin) => plugin::install_pin(self.platform, pin)?,
            None => plugin::install(self.platform)?,
        };
        let what = if installed.was_there { "already there" } else { "installed" };
        println!("{what}: {}", installed.library.display());
        if self.platform.is_untried() {
            println!(
                "untried: nobody has reported how programs run on {}; please do",
                self.platform
            );
        }
        Ok(())
    }
}

impl Serve {
    /// How the devices execute.
    fn eager(&self) -> EagerOptions {
        let options = EagerOptions::default().with_first_run(self.first_run);
        let options = match self.program_bytes {
            Some(bytes) => options.with_program_bytes(bytes),
            None => options,
        };
        match self.memory_maps {
            Some(maps) => options.with_memory_maps(maps),
            None => options,
        }
    }

    /// Serves until the process is asked to stop.
    ///
    /// # Errors
    ///
    /// As [`Server::bind`] and [`Server::serve`].
    pub fn run(&self) -> Result<(), ServeError> {
        let token = self.token.clone().or_else(|| std::env::var("BURN_XLA_TOKEN").ok());
        // The server serves the devices that are open already.
        XlaDevice::open_with(self.device, &self.options.to_xla())?;
        let server = Server::bind(self.device, self.listen, token.as_deref())?;
        let server = server.with_options(self.eager());
        let count = server.devices().len();
        let devices = if count == 1 { "device" } else { "devices" };
        println!("serving {count} {} {devices} on ws://{}", self.device, server.address());
        server.with_verbosity(self.verbose).serve()
    }
}

impl Doctor {
    /// Prints the reports, and says whether a platform is ready, so that scripts can ask. `command` is
    /// the binary's name, for the hints.
    pub fn run(&self, command: &str) -> bool {
        if let Some(platform) = self.platform {
            let report = PlatformReport::for_command(platform, command);
            print!("{report}");
            return report.is_ready();
        }
        println!("burn-xla {}\n", env!("CARGO_PKG_VERSION"));
        match plugin::writable_cache_folder() {
            Ok(folder) => println!("cache folder  {}", folder.display()),
            Err(error) => println!("cache folder  {error}"),
        }
        let mut first_ready = None;
        let is_elsewhere = |platform: &Platform| {
            platform.is_untried() && !platform.has_device() && plugin::find(*platform).is_err()
        };
        let (elsewhere, here): (Vec<_>, Vec<_>) = Platform::ALL.into_iter().partition(is_elsewhere);
        for platform in here {
            let (report, is_ready) = examine(platform, command);
            print!("\n{report}");
            first_ready = first_ready.or(is_ready.then_some(platform));
        }
        if !elsewhere.is_empty() {
            let names: Vec<_> = elsewhere.iter().map(|platform| platform.name()).collect();
            println!("\nNo such device and no plugin: {}", names.join(", "));
        }
        match first_ready {
            Some(platform) => println!("\nPrograms run on {platform} by default."),
            None => println!("\nNo platform is ready. Begin with: {command} install cpu"),
        }
        first_ready.is_some()
    }
}

/// Looks at a platform in a process of its own: a plugin that crashes or hangs takes only that with
/// it.
fn examine(platform: Platform, command: &str) -> (String, bool) {
    let child = std::env::current_exe().and_then(|program| {
        Command::new(program)
            .args(["doctor", platform.name()])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
    });
    let Ok(mut child) = child else {
        let report = PlatformReport::for_command(platform, command);
        return (report.to_string(), report.is_ready());
    };
    let broken = |state: &str, reason: String| {
        let name = platform.name();
        let remedy =
            plugin::find(platform).map_or_else(|error| error.to_string(), |p| p.remedy_by(command));
        format!("{name:<5} {state}\n      loading    {reason}\n      to mend    {remedy}\n")
    };
    match wait(&mut child) {
        // A report is a few lines, which the pipe holds.
        Some(status) if status.code().is_some() => {
            let mut report = String::new();
            let _ = child.stdout.take().map(|mut pipe| pipe.read_to_string(&mut report));
            (report, status.success())
        }
        Some(status) => {
            (broken("crashes", format!("the plugin ended its process: {status}")), false)
        }
        None => {
            let _ = child.kill();
            let _ = child.wait();
            let seconds = PATIENCE.as_secs();
            (broken("hangs", format!("the plugin gave no answer in {seconds} s")), false)
        }
    }
}

/// Waits, but not for ever.
fn wait(child: &mut Child) -> Option<ExitStatus> {
    const STEP: Duration = Duration::from_millis(10);
    let start = Instant::now();
    while start.elapsed() < PATIENCE {
        if let Ok(Some(status)) = child.try_wait() {
            return Some(status);
        }
        std::thread::sleep(STEP);
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_have_units() {
        assert_eq!(bytes("17"), Ok(17));
        assert_eq!(bytes("512MiB"), Ok(512 << 20));
        assert_eq!(bytes("4 GiB"), Ok(4 << 30));
        for text in ["", "GiB", "-1", "1.5GiB", "2GB", "99999999999999TiB"] {
            bytes(text).unwrap_err();
        }
    }
}

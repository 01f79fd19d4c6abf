//! What the commands of this crate do, for every binary that has them: `burn-xla`, and `vit22b`.
//!
//! A binary parses the options, which are [`clap::Args`], and calls `run`. [`Doctor`] starts the binary
//! again for each platform as `BINARY doctor PLATFORM`, so its verb must have this name.

#![allow(clippy::print_stdout, reason = "commands speak to the terminal")]

use std::io::Read;
use std::net::SocketAddr;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use crate::plugin::{self, Platform, PlatformReport, PluginError};
use crate::serve::{DEFAULT_ADDRESS, ServeError, Server};

/// The variables that the commands read, for the end of a help text.
pub const VARIABLES: &str = "\
Variables:
  BURN_XLA_CACHE     the cache folder
  BURN_XLA_PLUGIN    the path of a plugin to use instead
  BURN_XLA_PYTHON    the Python whose pip fetches plugins
  BURN_XLA_TOKEN     the token of `serve`
  BURN_XLA_VERBOSE   let the plugins' own code log to standard error
  RUST_LOG           what `serve` logs, such as error or burn_xla=debug";

/// How long a plugin may take to load and to name its devices.
const PATIENCE: Duration = Duration::from_secs(60);

/// Fetches a platform's plugin.
#[derive(Debug, Clone, clap::Args)]
pub struct Install {
    /// cpu, cuda or tpu
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
    /// cpu, cuda or tpu
    #[arg(long, default_value = "cpu", value_parser = platform)]
    pub device: Platform,
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

fn platform(name: &str) -> Result<Platform, String> {
    Platform::from_name(name).ok_or_else(|| "expected cpu, cuda or tpu".into())
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
        Ok(())
    }
}

impl Serve {
    /// Serves until the process is asked to stop.
    ///
    /// # Errors
    ///
    /// As [`Server::bind`] and [`Server::serve`].
    pub fn run(&self) -> Result<(), ServeError> {
        let token = self.token.clone().or_else(|| std::env::var("BURN_XLA_TOKEN").ok());
        let server = Server::bind(self.device, self.listen, token.as_deref())?;
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
        for platform in Platform::ALL {
            let (report, is_ready) = examine(platform, command);
            print!("\n{report}");
            first_ready = first_ready.or(is_ready.then_some(platform));
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

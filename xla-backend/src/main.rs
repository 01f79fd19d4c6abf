//! `burn-xla`: installs PJRT plugins, tells what is there, and serves devices.

use std::io::Read;
use std::net::SocketAddr;
use std::process::{Child, Command, ExitCode, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use burn_xla::plugin::{self, Platform, PlatformReport};
use burn_xla::serve::{DEFAULT_ADDRESS, Server};
use clap::{Parser, Subcommand};

/// Burn on XLA, through PJRT.
#[derive(Parser)]
#[command(name = "burn-xla", after_help = VARIABLES, arg_required_else_help = true)]
struct Arguments {
    #[command(subcommand)]
    command: Job,
}

#[derive(Subcommand)]
enum Job {
    /// Fetch a platform's plugin (pinned, checked) into the cache folder
    Install {
        /// cpu, cuda or tpu
        #[arg(value_parser = platform)]
        platform: Platform,
    },
    /// Print which plugins and devices there are, and what is missing
    Doctor {
        /// Look at this one alone
        #[arg(value_parser = platform)]
        platform: Option<Platform>,
    },
    /// Let Burn programs run on the devices of this machine, until Ctrl-C
    Serve {
        /// cpu, cuda or tpu
        #[arg(long, default_value = "cpu", value_parser = platform)]
        device: Platform,
        /// Where to listen; other addresses than this machine's own need a token
        #[arg(long, default_value_t = DEFAULT_ADDRESS)]
        listen: SocketAddr,
        /// What clients must present; better in the variable BURN_XLA_TOKEN, which others on this
        /// machine do not see
        #[arg(long)]
        token: Option<String>,
    },
}

const VARIABLES: &str = "\
Variables:
  BURN_XLA_CACHE     the cache folder
  BURN_XLA_PLUGIN    the path of a plugin to use instead
  BURN_XLA_PYTHON    the Python whose pip fetches plugins
  BURN_XLA_TOKEN     the token of `serve`
  BURN_XLA_VERBOSE   let the plugins' own code log to standard error
  RUST_LOG           what `serve` tells, such as warn or burn_xla=debug";

/// How long a plugin may take to load and to name its devices.
const PATIENCE: Duration = Duration::from_secs(60);

fn main() -> ExitCode {
    match Arguments::parse().command {
        Job::Install { platform } => install(platform),
        Job::Doctor { platform: None } => doctor(),
        Job::Doctor { platform: Some(platform) } => {
            let report = PlatformReport::of(platform);
            print!("{report}");
            code(report.is_ready())
        }
        Job::Serve { device, listen, token } => {
            let token = token.or_else(|| std::env::var("BURN_XLA_TOKEN").ok());
            serve(device, listen, token.as_deref())
        }
    }
}

fn platform(name: &str) -> Result<Platform, String> {
    Platform::from_name(name).ok_or_else(|| "expected cpu, cuda or tpu".into())
}

fn serve(platform: Platform, listen: SocketAddr, token: Option<&str>) -> ExitCode {
    let served = Server::bind(platform, listen, token).and_then(|server| {
        let count = server.devices().len();
        let devices = if count == 1 { "device" } else { "devices" };
        println!("serving {count} {platform} {devices} on ws://{}", server.address());
        server.serve()
    });
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let mut text = error.to_string();
            let mut source = std::error::Error::source(&error);
            while let Some(error) = source {
                text = format!("{text}: {error}");
                source = error.source();
            }
            eprintln!("error: {text}");
            ExitCode::FAILURE
        }
    }
}

fn install(platform: Platform) -> ExitCode {
    println!("installing the {platform} plugin (the wheel has 60 to 140 MB) …");
    match plugin::install(platform) {
        Ok(installed) => {
            let what = if installed.was_there { "already there" } else { "installed" };
            println!("{what}: {}", installed.library.display());
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Fails if nothing can run, so that scripts can ask.
fn doctor() -> ExitCode {
    println!("burn-xla {}\n", env!("CARGO_PKG_VERSION"));
    match plugin::writable_cache_folder() {
        Ok(folder) => println!("cache folder  {}", folder.display()),
        Err(error) => println!("cache folder  {error}"),
    }
    let mut first_ready = None;
    for platform in Platform::ALL {
        let (report, is_ready) = examine(platform);
        print!("\n{report}");
        first_ready = first_ready.or(is_ready.then_some(platform));
    }
    match first_ready {
        Some(platform) => println!("\nPrograms run on {platform} by default."),
        None => println!("\nNo platform is ready. Begin with: burn-xla install cpu"),
    }
    code(first_ready.is_some())
}

/// Looks at a platform in a process of its own: a plugin that crashes or hangs takes only that with
/// it.
fn examine(platform: Platform) -> (String, bool) {
    let child = std::env::current_exe().and_then(|program| {
        Command::new(program)
            .args(["doctor", platform.name()])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
    });
    let Ok(mut child) = child else {
        let report = PlatformReport::of(platform);
        return (report.to_string(), report.is_ready());
    };
    let broken = |state: &str, reason: String| {
        let name = platform.name();
        let remedy = plugin::find(platform).map_or_else(|error| error.to_string(), |p| p.remedy());
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

fn code(is_ready: bool) -> ExitCode {
    if is_ready { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

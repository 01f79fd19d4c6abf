//! What is told while a plugin is fetched, and to whom.

use std::fmt;
use std::io::{IsTerminal, Write};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// How far the installation of a plugin is.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress {
    /// The wheel, such as `libtpu==0.0.52`.
    pub requirement: String,
    /// The size of the wheel in bytes.
    pub bytes: u64,
    /// The size of its library in bytes, once it is unpacked.
    pub unpacked_bytes: u64,
    /// What is being done.
    pub stage: Stage,
}

/// A stage of an installation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Stage {
    /// The wheel will be fetched.
    Started,
    /// So many bytes of it are there.
    Fetching(u64),
    /// The wheel is there; its hash is compared, and its library unpacked.
    Unpacking,
    /// The library is in its place.
    Done,
    /// It could not be fetched, or was not the pinned one. The error tells why.
    Failed,
}

impl fmt::Display for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let megabytes = |bytes: u64| (bytes + 500_000) / 1_000_000;
        let Self { requirement, bytes, unpacked_bytes, stage } = self;
        match stage {
            Stage::Started => write!(
                f,
                "fetching the plugin {requirement}: {} MB, {} MB unpacked; this happens once",
                megabytes(*bytes),
                megabytes(*unpacked_bytes)
            ),
            Stage::Fetching(fetched) => write!(
                f,
                "fetching {requirement}: {} of {} MB",
                megabytes(*fetched.min(bytes)),
                megabytes(*bytes)
            ),
            Stage::Unpacking => write!(f, "checking and unpacking {requirement}"),
            Stage::Done => write!(f, "installed {requirement}"),
            Stage::Failed => write!(f, "{requirement} was not installed"),
        }
    }
}

/// How often the progress of a download is told.
pub(crate) const STEP: Duration = Duration::from_millis(200);

type Watcher = Box<dyn FnMut(&Progress) + Send>;

/// Who is told; nobody yet means standard error.
static WATCHER: Mutex<Option<Watcher>> = Mutex::new(None);

/// Tells this function how far installations of plugins are, from now on, also those that
/// [`ensure`](super::ensure()) begins. Without one they are told on standard error: a plugin has 60 to 140 MB, and
/// a program should not seem to hang while one is fetched.
///
/// ```no_run
/// // Into the log alone.
/// burn_xla::plugin::watch(|progress| tracing::info!("{progress}"));
/// ```
pub fn watch(watcher: impl FnMut(&Progress) + Send + 'static) {
    *WATCHER.lock().unwrap_or_else(PoisonError::into_inner) = Some(Box::new(watcher));
}

pub(crate) fn tell(progress: &Progress) {
    match progress.stage {
        Stage::Fetching(_) => {}
        _ => tracing::info!("{progress}"),
    }
    match &mut *WATCHER.lock().unwrap_or_else(PoisonError::into_inner) {
        Some(watcher) => watcher(progress),
        None => {
            let stderr = std::io::stderr();
            // Nobody is there to hear of a failure to tell.
            let _ = write_to(&mut stderr.lock(), stderr.is_terminal(), progress);
        }
    }
}

/// Lines; on a terminal the line of the download is written over.
fn write_to(out: &mut impl Write, terminal: bool, progress: &Progress) -> std::io::Result<()> {
    const CLEAR: &str = "\r\x1b[2K";
    match (progress.stage, terminal) {
        (Stage::Fetching(_), false) => Ok(()),
        (Stage::Fetching(_) | Stage::Unpacking, true) => {
            write!(out, "{CLEAR}{progress}")?;
            out.flush()
        }
        (Stage::Done | Stage::Failed, true) => writeln!(out, "{CLEAR}{progress}"),
        _ => writeln!(out, "{progress}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_download_is_told_in_lines_or_in_one_that_is_written_over() {
        let progress = |stage| Progress {
            requirement: "fake==1".into(),
            bytes: 62_711_338,
            unpacked_bytes: 201_600_336,
            stage,
        };
        let stages = [
            Stage::Started,
            Stage::Fetching(31_000_000),
            Stage::Fetching(99_000_000),
            Stage::Unpacking,
            Stage::Done,
        ];
        let told = |terminal| {
            let mut out = Vec::new();
            for stage in stages {
                write_to(&mut out, terminal, &progress(stage)).unwrap();
            }
            String::from_utf8(out).unwrap()
        };
        assert_eq!(
            told(false),
            "fetching the plugin fake==1: 63 MB, 202 MB unpacked; this happens once\n\
             checking and unpacking fake==1\ninstalled fake==1\n"
        );
        assert_eq!(
            told(true),
            "fetching the plugin fake==1: 63 MB, 202 MB unpacked; this happens once\n\
             \r\x1b[2Kfetching fake==1: 31 of 63 MB\r\x1b[2Kfetching fake==1: 63 of 63 MB\
             \r\x1b[2Kchecking and unpacking fake==1\r\x1b[2Kinstalled fake==1\n"
        );
    }
}

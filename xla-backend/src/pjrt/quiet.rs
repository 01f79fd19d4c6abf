//! Keeping a library's initialisers from writing to standard error.
//!
//! C++ logging heeds variables only after it was set up. Messages of initialisers before that go to standard
//! error in any case ("All log messages before absl::InitializeLog() is called are written to STDERR"); for a
//! plugin that looks for a GPU in vain these are several lines. So while a plugin is loaded, and only then,
//! standard error is a file, whose lines go to `tracing` afterwards.

#[cfg(unix)]
pub(super) use unix::quietly;

/// Elsewhere nothing is done.
#[cfg(not(unix))]
pub(super) fn quietly<R>(work: impl FnOnce() -> R) -> R {
    work()
}

#[cfg(unix)]
mod unix {
    use std::fs::File;
    use std::io::{Read, Seek};
    use std::os::fd::{AsFd, AsRawFd, OwnedFd};

    unsafe extern "C" {
        /// POSIX: makes `new` another name of the open file that `old` names.
        safe fn dup2(old: i32, new: i32) -> i32;
    }

    /// Standard error.
    const STDERR: i32 = 2;

    /// Does the work with standard error put aside; if that is not possible, just does the work.
    pub(in crate::pjrt) fn quietly<R>(work: impl FnOnce() -> R) -> R {
        let aside = Aside::new();
        let result = work();
        if let Some(mut aside) = aside {
            aside.restore();
            aside.tell();
        }
        result
    }

    struct Aside {
        stderr: OwnedFd,
        said: File,
        is_aside: bool,
    }

    impl Aside {
        fn new() -> Option<Self> {
            let said = unnamed_file().ok()?;
            let stderr = std::io::stderr().as_fd().try_clone_to_owned().ok()?;
            let is_aside = dup2(said.as_raw_fd(), STDERR) == STDERR;
            is_aside.then_some(Self { stderr, said, is_aside })
        }

        fn restore(&mut self) {
            if std::mem::take(&mut self.is_aside) {
                dup2(self.stderr.as_raw_fd(), STDERR);
            }
        }

        fn tell(&mut self) {
            let mut bytes = Vec::new();
            if self.said.rewind().is_ok() && self.said.read_to_end(&mut bytes).is_ok() {
                for line in String::from_utf8_lossy(&bytes).lines() {
                    tracing::debug!(line, "a plugin wrote to standard error while it was loaded");
                }
            }
        }
    }

    impl Drop for Aside {
        fn drop(&mut self) {
            self.restore();
        }
    }

    /// A file that is gone when it is closed.
    fn unnamed_file() -> std::io::Result<File> {
        let path = std::env::temp_dir().join(format!("burn-xla-stderr-{}", std::process::id()));
        let file = File::options().read(true).write(true).create_new(true).open(&path)?;
        std::fs::remove_file(&path)?;
        Ok(file)
    }
}

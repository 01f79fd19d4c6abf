//! The command as a user runs it, on tiny inputs: a module for each verb.

#[path = "../../../tests/folder/mod.rs"]
mod folder;
#[path = "../../../hub/tests/hub_server/mod.rs"]
mod hub_server;

mod dense;
mod depth;
mod doctor;
mod draw;
mod embed;
mod errors;
mod evaluate;
mod explain;
mod guide;
mod help;
mod hub;
mod inspect;
mod install;
mod page;
mod paper;
mod plan;
mod probe;
mod segment;
mod serve;
mod train;
mod transfer;
mod variants;
mod video;
mod zero_shot;

use std::ffi::OsStr;
use std::process::Command;

/// What a run of the command printed, and how it ended.
struct Run {
    code: i32,
    stdout: String,
    stderr: String,
}

impl Run {
    /// The standard output of a run that went well.
    #[track_caller]
    fn succeeded(self) -> String {
        assert_eq!(self.code, 0, "{}", self.stderr);
        self.stdout
    }

    /// What follows `error: ` on the last line of a run that failed. The status is 1: a panic has another.
    #[track_caller]
    fn failed(self) -> String {
        assert_eq!(self.code, 1, "{}\n{}", self.stdout, self.stderr);
        let last = self.stderr.lines().last().unwrap_or_default();
        last.strip_prefix("error: ").unwrap_or_else(|| panic!("{}", self.stderr)).into()
    }
}

/// Runs the command with these arguments.
fn vit22b<T: AsRef<OsStr>>(arguments: impl IntoIterator<Item = T>) -> Run {
    let output = Command::new(env!("CARGO_BIN_EXE_vit22b"))
        .args(arguments)
        .env_remove("RUST_BACKTRACE")
        .env_remove("BURN_XLA_TOKEN")
        .output()
        .expect("the command starts");
    let text = |bytes| String::from_utf8(bytes).expect("the command prints UTF-8");
    Run {
        code: output.status.code().expect("the command was not killed"),
        stdout: text(output.stdout),
        stderr: text(output.stderr),
    }
}

/// The path of a file of the library's fixtures.
fn fixture(name: &str) -> String {
    format!("{}/../tests/fixtures/{name}", env!("CARGO_MANIFEST_DIR"))
}

//! Fetching a wheel with the user's own pip, which knows the user's index, proxy and certificates.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::error::PluginError;
use super::progress::STEP;
use super::wheel::Wheel;

/// The commands that pip may have; `BURN_XLA_PYTHON` names another Python.
fn candidates() -> Vec<Vec<String>> {
    let module = |python: &str| vec![python.to_string(), "-m".into(), "pip".into()];
    let mut candidates: Vec<_> =
        std::env::var("BURN_XLA_PYTHON").ok().iter().map(|python| module(python)).collect();
    candidates.extend([
        module("python3"),
        module("python"),
        vec!["pip3".into()],
        vec!["pip".into()],
    ]);
    candidates
}

/// The first pip that runs.
fn find(requirement: &str) -> Result<Vec<String>, PluginError> {
    find_among(candidates(), requirement)
}

fn find_among(candidates: Vec<Vec<String>>, requirement: &str) -> Result<Vec<String>, PluginError> {
    let tried = candidates.iter().map(|command| format!("`{}`", command.join(" "))).collect();
    candidates
        .into_iter()
        .find(|command| {
            Command::new(&command[0])
                .args(&command[1..])
                .arg("--version")
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .status()
                .is_ok_and(|status| status.success())
        })
        .ok_or_else(|| PluginError::NoPip { tried, requirement: requirement.into() })
}

/// Fetches a wheel into a folder and returns its path; `told` hears how many bytes are there.
pub(crate) fn download(
    wheel: &Wheel,
    folder: &Path,
    told: &dyn Fn(u64),
) -> Result<PathBuf, PluginError> {
    let pip = find(&wheel.requirement())?;
    let mut command = Command::new(&pip[0]);
    command.args(&pip[1..]).args(arguments(wheel)).arg("--dest").arg(folder).stdin(Stdio::null());
    let shown = format!("{} {}", pip.join(" "), arguments(wheel).join(" "));
    tracing::info!(command = %shown, bytes = wheel.size, "fetching a plugin");
    let failed = |reason: String| PluginError::Download { command: shown.clone(), reason };
    // pip writes what arrives into a temporary folder, whose files tell how much is there.
    let arriving = folder.join("arriving");
    std::fs::create_dir(&arriving).map_err(PluginError::cache(&arriving, "creating"))?;
    let mut child = command
        .env("TMPDIR", &arriving)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| failed(error.to_string()))?;
    let mut words = child.stderr.take();
    let words = std::thread::spawn(move || {
        let mut text = Vec::new();
        let _ = words.as_mut().map(|pipe| pipe.read_to_end(&mut text));
        text
    });
    let status = loop {
        match child.try_wait().map_err(|error| failed(error.to_string()))? {
            Some(status) => break status,
            None => std::thread::sleep(STEP),
        }
        told(bytes_below(&arriving));
    };
    if !status.success() {
        return Err(failed(last_lines(&words.join().unwrap_or_default())));
    }
    std::fs::read_dir(folder)
        .map_err(PluginError::cache(folder, "reading"))?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .find(|path| path.extension().is_some_and(|extension| extension == "whl"))
        .ok_or_else(|| failed("it succeeded but left no wheel".into()))
}

/// The bytes of all files in a folder and the folders in it.
fn bytes_below(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .map(|entry| match entry.metadata() {
            Ok(about) if about.is_dir() => bytes_below(&entry.path()),
            Ok(about) => about.len(),
            Err(_) => 0,
        })
        .sum()
}

fn arguments(wheel: &Wheel) -> Vec<String> {
    let mut arguments: Vec<String> = [
        "download",
        "--no-deps",
        "--no-input",
        "--disable-pip-version-check",
        "--quiet",
        "--only-binary=:all:",
    ]
    .map(String::from)
    .into();
    arguments.push(format!("--platform={}", wheel.platform_tag));
    arguments.extend(wheel.python_version.map(|version| format!("--python-version={version}")));
    arguments.push(wheel.requirement());
    arguments
}

/// The end of what pip wrote, in one line.
fn last_lines(bytes: &[u8]) -> String {
    const LINES: usize = 3;
    let text = String::from_utf8_lossy(bytes);
    let lines: Vec<_> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    match lines.as_slice() {
        [] => "it gave no reason".into(),
        lines => lines[lines.len().saturating_sub(LINES)..].join(" "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plugin::Platform;
    use crate::plugin::scratch::Scratch;

    #[test]
    fn the_command_pins_version_and_tags() {
        assert_eq!(
            arguments(Platform::Tpu.spec().wheel()).join(" "),
            "download --no-deps --no-input --disable-pip-version-check --quiet --only-binary=:all: \
             --platform=manylinux_2_31_x86_64 --python-version=3.11 libtpu==0.0.52"
        );
    }

    #[test]
    fn what_has_arrived_is_counted() {
        let folder = Scratch::new();
        let below = folder.path().join("pip-unpack/deeper");
        std::fs::create_dir_all(&below).unwrap();
        std::fs::write(below.join("a.whl"), [0; 7]).unwrap();
        std::fs::write(folder.path().join("b"), [0; 5]).unwrap();
        assert_eq!(bytes_below(folder.path()), 12);
        assert_eq!(bytes_below(&folder.path().join("none")), 0);
    }

    #[test]
    fn a_machine_without_pip_is_told_what_to_do() {
        let candidates = vec![vec!["no-such-python".into(), "-m".into(), "pip".into()]];
        let error = find_among(candidates, "xla-cpu-pjrt==0.0.1").unwrap_err();
        assert_eq!(
            error.to_string(),
            "pip: expected one of `no-such-python -m pip`, got none that runs; install Python with pip, or fetch \
             xla-cpu-pjrt==0.0.1 elsewhere, unpack it and name its library in BURN_XLA_PLUGIN"
        );
    }

    #[test]
    fn the_reason_is_the_end_of_what_pip_wrote() {
        assert_eq!(last_lines(b"a\nb\n\nc\nd\n"), "b c d");
        assert_eq!(last_lines(b"\n"), "it gave no reason");
    }
}

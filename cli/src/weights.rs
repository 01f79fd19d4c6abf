//! What `--weights` names: files on this machine, or a model of a hub.

use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use vit22b_hub::{Hub, HubName};

use crate::terminal::FetchBar;

/// A path, or `hf:ORGANISATION/NAME[@REVISION]`.
#[derive(Clone)]
pub(crate) struct WeightsName(PathBuf);

impl From<OsString> for WeightsName {
    fn from(typed: OsString) -> Self {
        Self(typed.into())
    }
}

/// As it was typed.
impl fmt::Display for WeightsName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.display().fmt(f)
    }
}

impl WeightsName {
    /// The path of the weights; those of a hub are fetched if they are not here.
    pub(crate) fn path(&self) -> anyhow::Result<PathBuf> {
        let Some(typed) = self.0.to_str() else { return Ok(self.0.clone()) };
        if typed.starts_with("hf:") {
            let name: HubName = typed.parse().context("--weights")?;
            return fetched(&name).context("--weights");
        }
        if !self.0.exists()
            && let Some(name) = meant(typed)
        {
            bail!(
                "--weights: {typed}: there is no such file or folder; a model of the hub is named {name}"
            );
        }
        Ok(self.0.clone())
    }
}

fn fetched(name: &HubName) -> anyhow::Result<PathBuf> {
    let bar = FetchBar::new();
    let shown = bar.clone();
    let fetched = Hub::from_env()?.with_watcher(move |event| shown.show(event)).fetch(name);
    bar.finish();
    Ok(fetched?)
}

/// The name of a model of a hub in other words than this program's: its address, the name that timm and OpenCLIP take, or
/// the bare name.
fn meant(typed: &str) -> Option<HubName> {
    let other = ["hf-hub:", "hf_hub:", "hf://", "hf:"].iter().find_map(|start| {
        let (before, rest) = typed.split_at_checked(start.len())?;
        before.eq_ignore_ascii_case(start).then_some(rest)
    });
    let bare = if let Some(other) = other {
        other.to_string()
    } else if let Some((_, address)) = typed.split_once("://") {
        let parts: Vec<&str> = address.trim_end_matches('/').split('/').collect();
        match parts[1..] {
            [organisation, name] => format!("{organisation}/{name}"),
            [organisation, name, "tree", revision] => format!("{organisation}/{name}@{revision}"),
            _ => return None,
        }
    } else if Path::new(typed).extension().is_some_and(|ending| {
        ["safetensors", "npz", "json", "bin", "pt", "pth"].iter().any(|known| ending == *known)
    }) {
        return None;
    } else {
        typed.to_string()
    };
    bare.parse().ok()
}

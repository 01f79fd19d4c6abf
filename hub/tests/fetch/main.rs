//! Models of a hub, fetched from servers on this machine.

#[path = "../../../tests/folder/mod.rs"]
mod folder;
#[path = "../hub_server/mod.rs"]
mod hub_server;

mod cache;
mod connection;
mod refused;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use vit22b_hub::{Hub, HubError, HubEvent};

use crate::folder::Folder;
use crate::hub_server::Repository;

/// A fetch from a server, into a folder.
fn hub(server: &hub_server::Hub, folder: &Folder) -> Hub {
    let home = folder.path().join("no home");
    // The variables of whoever runs the tests do not count.
    let hub = Hub::from_env().unwrap_or_else(|error| panic!("{error}, {}", home.display()));
    let hub = hub.with_endpoint(&server.endpoint).unwrap().with_cache(folder.path());
    let hub = hub.with_token(None).with_offline(false);
    hub.with_tries(3, Duration::from_millis(5)).with_timeout(Duration::from_secs(10))
}

/// Fetches a model, and keeps what is told of it.
fn fetch(hub: Hub, name: &str) -> (Result<PathBuf, HubError>, Vec<HubEvent>) {
    let events = Arc::new(Mutex::new(vec![]));
    let kept = events.clone();
    let hub = hub.with_watcher(move |event| kept.lock().unwrap().push(event.clone()));
    let fetched = hub.fetch(&name.parse().unwrap());
    drop(hub);
    let events = events.lock().unwrap().clone();
    (fetched, events)
}

/// The text of a fetch that fails.
#[track_caller]
fn error(hub: Hub, name: &str) -> String {
    fetch(hub, name).0.unwrap_err().to_string()
}

fn fixture(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures").join(name);
    std::fs::read(path).unwrap()
}

/// A small model of timm as the hub has it.
fn timm() -> Repository {
    Repository::new(&[
        ("README.md", b"# A model"),
        ("config.json", &fixture("timm_xp/config.json")),
        ("model.safetensors", &fixture("timm_xp/model.safetensors")),
        ("pytorch_model.bin", b"a pickle"),
    ])
}

/// The files of a folder and of those in it, by their paths from there.
fn files(folder: &Path) -> Vec<String> {
    let mut found = vec![];
    let mut folders = vec![folder.to_path_buf()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(&next).unwrap().flatten() {
            match entry.file_type().unwrap().is_dir() {
                true => folders.push(entry.path()),
                false => {
                    let path = entry.path();
                    found.push(path.strip_prefix(folder).unwrap().to_str().unwrap().to_string());
                }
            }
        }
    }
    found.sort();
    found
}

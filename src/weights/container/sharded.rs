//! Tensors spread over several safetensors files, with an index in JSON.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

use super::entry::Entry;
use super::error::{ContainerError, Damage};
use super::opened::{Container, Packing};

#[derive(Deserialize)]
struct Index {
    weight_map: BTreeMap<String, String>,
}

pub(super) fn open(path: &Path) -> Result<Container, ContainerError> {
    let name = path.display().to_string();
    let text = std::fs::read_to_string(path)
        .map_err(|reason| ContainerError::Io { file: name.clone(), reason })?;
    let damaged = |damage: Damage| damage.in_file(&name);
    let index: Index = serde_json::from_str(&text).map_err(|error| {
        let problem = error.to_string();
        damaged(Damage::Header { part: "index".into(), at: 0, problem })
    })?;

    let folder = path.parent().unwrap_or(Path::new("."));
    let mut whole = Container {
        packing: Packing::Safetensors,
        files: vec![],
        entries: BTreeMap::new(),
        metadata: BTreeMap::new(),
    };
    let mut shards = BTreeMap::new();
    for (tensor, shard) in index.weight_map {
        let problem =
            |problem| Damage::Index { tensor: tensor.clone(), shard: shard.clone(), problem };
        // An index may come from anywhere, so it may only name files beside itself.
        if Path::new(&shard).file_name() != Some(shard.as_ref()) || shard.contains('\\') {
            return Err(damaged(problem("that is not the plain name of a file beside the index")));
        }
        if !shards.contains_key(&shard) {
            let part = Container::open_file(&folder.join(&shard))?;
            if part.packing != Packing::Safetensors {
                return Err(damaged(problem("that is no safetensors file")));
            }
            let file = whole.files.len();
            whole.files.extend(part.files);
            whole.metadata.extend(part.metadata);
            shards.insert(shard.clone(), (file, part.entries));
        }
        let entry = shards.get_mut(&shard).and_then(|(file, entries)| {
            entries.remove(&tensor).map(|entry| Entry { file: *file, ..entry })
        });
        let entry = entry.ok_or_else(|| damaged(problem("that file does not hold it")))?;
        whole.entries.insert(tensor, entry);
    }
    Ok(whole)
}

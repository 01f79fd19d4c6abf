//! A model, from its name to files on this machine.

use std::path::{Path, PathBuf};
use std::time::Instant;

use serde_json::Value;

use crate::cache::Repository;
use crate::choice::{self, BESIDE, is_index, listed};
use crate::download::Download;
use crate::error::HubError;
use crate::http::Client;
use crate::listing::Listing;
use crate::name::HubName;
use crate::progress::HubEvent;
use crate::settings::Hub;

impl Hub {
    /// The path of the model's weights in the cache, with configs, processor and tokenizer beside them. What is missing
    /// there is fetched: each file goes on where an earlier try ended, and is checked against its hash. Two
    /// processes that fetch the same file fetch it once. A file of the cache that has changed since it was held against its
    /// hash is held against it again; one that is damaged is fetched again.
    ///
    /// Where the hub does not answer, and for a hub that is offline, it is what was fetched before, if it is not damaged.
    ///
    /// # Errors
    ///
    /// [`HubError`] that names what failed: the repository, the revision, the file, the connection, the hash, the cache.
    pub fn fetch(&self, name: &HubName) -> Result<PathBuf, HubError> {
        let repository = Repository::new(&self.cache, name);
        if self.offline {
            return fetched_before(&repository, name).map_err(|missing| HubError::Offline {
                name: name.to_string(),
                missing,
                cache: repository.folder().into(),
            });
        }
        let client = Client::new(self)?;
        match self.listing(&client, name) {
            Ok(listing) => self.fetch_listed(&client, name, &repository, &listing?),
            Err(problem) => match fetched_before(&repository, name) {
                Ok(path) => {
                    let folder = path.parent().unwrap_or(&self.cache).into();
                    self.tell(HubEvent::FromCache { problem, folder });
                    Ok(path)
                }
                Err(missing) => Err(HubError::NoListing {
                    name: name.to_string(),
                    endpoint: self.endpoint.clone(),
                    problem,
                    missing,
                    cache: repository.folder().into(),
                }),
            },
        }
    }

    fn fetch_listed(
        &self,
        client: &Client,
        name: &HubName,
        repository: &Repository,
        listing: &Listing,
    ) -> Result<PathBuf, HubError> {
        let Listing { commit, files } = listing;
        let weights = choice::weights(files).map_err(|(problem, next)| HubError::NoWeights {
            name: name.to_string(),
            problem,
            next,
        })?;
        let (start, mut fetched) = (Instant::now(), vec![]);
        let mut fetch = |file: &str| -> Result<(), HubError> {
            let download = Download { hub: self, client, name, repository, commit, file };
            fetched.extend(download.run()?);
            Ok(())
        };
        for file in BESIDE.iter().filter(|beside| files.iter().any(|file| file == *beside)) {
            fetch(file)?;
        }
        fetch(weights)?;
        let (folder, path) =
            (repository.snapshot(commit), repository.snapshot(commit).join(weights));
        if is_index(weights) {
            for shard in shards(&path).map_err(|problem| HubError::NoWeights {
                name: name.to_string(),
                problem,
                next: "name another revision, or fetch the files and give their folder",
            })? {
                fetch(&shard)?;
            }
        }
        repository.note_commit(name.revision(), commit);
        if !fetched.is_empty() {
            let (files, bytes) = (fetched.len(), fetched.iter().sum());
            self.tell(HubEvent::Done { files, bytes, took: start.elapsed(), folder });
        }
        Ok(path)
    }
}

/// The weights of a model that are in the cache, or what is missing.
fn fetched_before(repository: &Repository, name: &HubName) -> Result<PathBuf, String> {
    let nothing = || format!("nothing of revision {} is", name.revision());
    let commit = repository.commit(name.revision()).ok_or_else(nothing)?;
    let folder = repository.snapshot(&commit);
    let entries = std::fs::read_dir(&folder).map_err(|_| nothing())?;
    // A link that leads nowhere is no file.
    let here = entries.flatten().filter(|entry| entry.path().is_file());
    let files: Vec<String> =
        here.filter_map(|entry| entry.file_name().into_string().ok()).collect();
    if files.is_empty() {
        return Err(nothing());
    }
    let weights =
        choice::weights(&files).map_err(|_| format!("no weights are among {}", listed(&files)))?;
    let whole = |file: &str| match repository.damage(&folder.join(file)) {
        Ok(None) => Ok(()),
        Ok(Some(damage)) => Err(format!("{file} is damaged ({damage})")),
        Err(error) => Err(format!("{file} cannot be read ({error})")),
    };
    let path = folder.join(weights);
    BESIDE
        .iter()
        .filter(|beside| files.iter().any(|file| file == *beside))
        .try_for_each(|file| whole(file))?;
    whole(weights)?;
    if is_index(weights) {
        let shards = shards(&path).map_err(|problem| format!("the index is none ({problem})"))?;
        let (here, missing): (Vec<String>, Vec<String>) =
            shards.into_iter().partition(|shard| folder.join(shard).is_file());
        if !missing.is_empty() {
            return Err(format!(
                "{} of the model's shards {} missing",
                listed(&missing),
                are(&missing)
            ));
        }
        here.iter().try_for_each(|shard| whole(shard))?;
    }
    Ok(path)
}

fn are(things: &[String]) -> &'static str {
    if things.len() == 1 { "is" } else { "are" }
}

/// The shards that an index names, in the order of their names.
fn shards(index: &Path) -> Result<Vec<String>, String> {
    let wrong = |problem: &str| format!("{}: {problem}", index.display());
    let text = std::fs::read_to_string(index).map_err(|reason| wrong(&reason.to_string()))?;
    let value: Value = serde_json::from_str(&text).map_err(|error| wrong(&error.to_string()))?;
    let map =
        value["weight_map"].as_object().ok_or_else(|| wrong("expected an entry weight_map"))?;
    let mut names: Vec<String> =
        map.values().filter_map(|shard| Some(shard.as_str()?.to_string())).collect();
    names.sort();
    names.dedup();
    match names.iter().find(|name| !choice::is_plain(name)) {
        Some(name) => Err(wrong(&format!("\"{name}\" is not the plain name of a file beside it"))),
        None => Ok(names),
    }
}

//! A model, from its name to files on this machine.

use std::path::PathBuf;
use std::time::Instant;

use serde_json::Value;

use super::cache::Repository;
use super::choice::{self, BESIDE, UNREAD, WEIGHTS, is_index, listed};
use super::download::{Download, encoded, file_url};
use super::error::HubError;
use super::http::{Client, Failure};
use super::name::{HubName, is_folder};
use super::progress::HubEvent;
use super::refusal::{no_repository, refusal};
use super::settings::Hub;
use super::tries::Tries;

/// What a repository has at a revision.
struct Listing {
    commit: String,
    files: Vec<String>,
}

impl Hub {
    /// The path of the model's weights in the cache, with configs, processor and tokenizer beside them. What is missing
    /// there is fetched: each file goes on where an earlier try ended, and is checked against its hash. Two
    /// processes that fetch the same file fetch it once.
    ///
    /// Where the hub does not answer, and for a hub that is offline, it is what was fetched before.
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
            Err(reason) => match fetched_before(&repository, name) {
                Ok(path) => {
                    let folder = path.parent().unwrap_or(&self.cache).into();
                    self.tell(HubEvent::FromCache { reason, folder });
                    Ok(path)
                }
                Err(missing) => Err(HubError::Unreachable {
                    name: name.to_string(),
                    endpoint: self.endpoint.clone(),
                    reason,
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

    /// What the repository has at the revision. The outer error says why the hub cannot be reached.
    fn listing(
        &self,
        client: &Client,
        name: &HubName,
    ) -> Result<Result<Listing, HubError>, String> {
        let mut tries = Tries::new(self, name, "the list of files");
        let repository = format!("{}/api/models/{}", self.endpoint, name.repository());
        let url = format!("{repository}/revision/{}", encoded(name.revision()));
        let mut ask = |url: &str| {
            tries.until_it_goes(|| match client.text(url) {
                Err(Failure::Unreachable(reason)) => Ok(Err(reason)),
                answer => answer.map(Ok),
            })
        };
        let (status, headers, text) = match ask(&url) {
            Ok(answer) => answer?,
            Err(HubError::GaveUp { reason, .. }) => return Err(reason),
            Err(error) => return Ok(Err(error)),
        };
        if status.is_success() {
            return Ok(self.parsed(client, name, &url, &text));
        }
        let is_said = headers.contains_key("x-error-code") || status.as_u16() != 404;
        if is_said {
            let error = refusal(self, name, None, status, &headers, &url);
            return Ok(Err(match error {
                HubError::NoRevision { name, revision, there } => {
                    let found = ask(&format!("{repository}/refs"));
                    let found = found.ok().and_then(Result::ok);
                    let found = found.and_then(|(_, _, text)| revisions(&text));
                    HubError::NoRevision { name, revision, there: found.unwrap_or(there) }
                }
                error => error,
            }));
        }
        // Not every server that has files at the hub's addresses has lists of them too.
        Ok(match ask(&repository) {
            Ok(Ok((status, _, _))) if status.is_success() => Err(HubError::NoRevision {
                name: name.to_string(),
                revision: name.revision().into(),
                there: format!("see {}/{}", self.endpoint, name.repository()),
            }),
            _ => self.probed(client, name, None),
        })
    }

    /// The list in an answer of the hub.
    fn parsed(
        &self,
        client: &Client,
        name: &HubName,
        url: &str,
        text: &str,
    ) -> Result<Listing, HubError> {
        let value: Value = serde_json::from_str(text).unwrap_or_default();
        let Some(commit) = value["sha"].as_str().filter(|commit| is_folder(commit)) else {
            let problem = "expected JSON with the commit of the revision (sha)".into();
            let url = url.into();
            return Err(HubError::Answer { name: name.to_string(), url, problem });
        };
        let commit = commit.to_string();
        let Some(siblings) = value["siblings"].as_array() else {
            return self.probed(client, name, Some(commit));
        };
        let files =
            siblings.iter().filter_map(|file| Some(file["rfilename"].as_str()?.to_string()));
        Ok(Listing { commit, files: files.collect() })
    }

    /// The files of a repository without a list, found by asking for those that are looked for.
    fn probed(
        &self,
        client: &Client,
        name: &HubName,
        mut commit: Option<String>,
    ) -> Result<Listing, HubError> {
        let (mut files, mut is_hub) = (vec![], commit.is_some());
        for file in BESIDE.iter().chain(&WEIGHTS).chain(&UNREAD) {
            let url = file_url(&self.endpoint, name, name.revision(), file);
            let mut tries = Tries::new(self, name, file);
            let located = tries.until_it_goes(|| client.locate(&url))?;
            let status = located.status;
            is_hub |= located.headers.contains_key("x-error-code");
            commit = commit.or(located.commit);
            if status.is_success() || status.is_redirection() {
                files.push(file.to_string());
                continue;
            }
            match refusal(self, name, Some(file), status, &located.headers, &url) {
                HubError::NoFile { .. } => {}
                error => return Err(error),
            }
        }
        if files.is_empty() && !is_hub {
            return Err(no_repository(self, name));
        }
        let commit = commit.filter(|commit| is_folder(commit)).ok_or_else(|| HubError::Answer {
            name: name.to_string(),
            url: file_url(&self.endpoint, name, name.revision(), ""),
            problem: "the answers do not say the commit (X-Repo-Commit), as a hub's do".into(),
        });
        Ok(Listing { commit: commit?, files })
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
    let path = folder.join(weights);
    if is_index(weights) {
        let shards = shards(&path).map_err(|problem| format!("the index is none ({problem})"))?;
        let missing: Vec<String> =
            shards.into_iter().filter(|shard| !folder.join(shard).is_file()).collect();
        if !missing.is_empty() {
            return Err(format!(
                "{} of the model's shards {} missing",
                listed(&missing),
                are(&missing)
            ));
        }
    }
    Ok(path)
}

fn are(things: &[String]) -> &'static str {
    if things.len() == 1 { "is" } else { "are" }
}

/// The shards that an index names, in the order of their names.
fn shards(index: &std::path::Path) -> Result<Vec<String>, String> {
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

/// The branches and tags of a repository, in words.
fn revisions(text: &str) -> Option<String> {
    let value: Value = serde_json::from_str(text).ok()?;
    let names = ["branches", "tags"].into_iter().flat_map(|kind| value[kind].as_array());
    let names: Vec<&str> = names.flatten().filter_map(|found| found["name"].as_str()).collect();
    (!names.is_empty()).then(|| format!("it has {}", listed(&names)))
}

//! What a repository has at a revision.

use serde_json::Value;

use crate::address::{encoded, file_url};
use crate::choice::{BESIDE, UNREAD, WEIGHTS, listed};
use crate::error::HubError;
use crate::http::{Client, Failure, LOGIN, is_page};
use crate::name::{HubName, is_folder};
use crate::refusal::{no_repository, refusal};
use crate::settings::Hub;
use crate::tries::Tries;

pub(crate) struct Listing {
    pub(crate) commit: String,
    pub(crate) files: Vec<String>,
}

impl Hub {
    /// What the repository has at the revision. The outer error says what the hub does in place of an answer.
    pub(crate) fn listing(
        &self,
        client: &Client,
        name: &HubName,
    ) -> Result<Result<Listing, HubError>, String> {
        let mut tries = Tries::new(self, name, "the list of files");
        let repository = format!("{}/api/models/{}", self.endpoint, name.repository());
        let url = format!("{repository}/revision/{}", encoded(name.revision()));
        let mut is_busy = false;
        let mut ask = |url: &str| {
            tries.until_it_goes(|| {
                let answer = client.text(url);
                is_busy = matches!(answer, Err(Failure::Busy(_)));
                match answer {
                    Err(Failure::Unreachable(reason)) => Ok(Err(reason)),
                    answer => answer.map(Ok),
                }
            })
        };
        let no_answer = |reason: String| format!("cannot be reached: {reason}");
        let first = ask(&url);
        let (status, headers, text) = match first {
            Ok(answer) => answer.map_err(no_answer)?,
            Err(HubError::GaveUp { reason, tries, .. }) => {
                return Err(match is_busy {
                    true => format!("gives no list of files, asked {tries} times: {reason}"),
                    false => no_answer(reason),
                });
            }
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
            let mut problem = "expected JSON with the commit of the revision (sha)".to_string();
            if is_page(text.as_bytes()) {
                problem += &format!(", got a web page, {LOGIN}");
            }
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

/// The branches and tags of a repository, in words.
fn revisions(text: &str) -> Option<String> {
    let value: Value = serde_json::from_str(text).ok()?;
    let names = ["branches", "tags"].into_iter().flat_map(|kind| value[kind].as_array());
    let names: Vec<&str> = names.flatten().filter_map(|found| found["name"].as_str()).collect();
    (!names.is_empty()).then(|| format!("it has {}", listed(&names)))
}

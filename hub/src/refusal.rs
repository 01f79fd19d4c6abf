//! What the hub means by a status, in words.

use ureq::http::StatusCode;
use ureq::http::header::HeaderMap;

use crate::error::HubError;
use crate::http::text_of;
use crate::name::HubName;
use crate::settings::Hub;

/// The error of an answer that is no success. `file` is what was asked for; without one it was the repository.
pub(crate) fn refusal(
    hub: &Hub,
    name: &HubName,
    file: Option<&str>,
    status: StatusCode,
    headers: &HeaderMap,
    url: &str,
) -> HubError {
    let code = text_of(headers, "x-error-code").unwrap_or_default();
    let said = text_of(headers, "x-error-message").filter(|text| !text.is_empty());
    let (name_text, repository) = (name.to_string(), name.repository().to_string());
    let forbidden = |problem: String, next: String| HubError::Forbidden {
        name: name_text.clone(),
        problem,
        next,
    };
    let endpoint = &hub.endpoint;
    match (status.as_u16(), code.as_str()) {
        (401 | 403, "GatedRepo") => forbidden(
            "the repository is open only to those who have accepted its terms".into(),
            match &hub.token {
                None => format!(
                    "accept them at {endpoint}/{repository}, and set HF_TOKEN to a token of that account"
                ),
                Some(token) => format!(
                    "accept them at {endpoint}/{repository} with the account of the token in {}, and let that token read \
                     gated repositories",
                    token.from
                ),
            },
        ),
        (401, _) => match &hub.token {
            None => forbidden(
                format!("{endpoint} shows no repository {repository} to everyone"),
                "if the name is right, it is private or gated: set HF_TOKEN to a token that may read it".into(),
            ),
            Some(token) => forbidden(
                format!(
                    "{endpoint} does not take the token in {}{}",
                    token.from,
                    said.map_or_else(String::new, |said| format!(" ({said})"))
                ),
                "set HF_TOKEN to a valid one that may read the repository".into(),
            ),
        },
        (403, _) => forbidden(
            format!("{endpoint} refuses {repository}{}", said.map_or_else(String::new, |said| format!(": {said}"))),
            match &hub.token {
                None => "set HF_TOKEN to a token that may read it".into(),
                Some(token) => format!("the token in {} may not read it: set HF_TOKEN to one that may", token.from),
            },
        ),
        (404, "RevisionNotFound") => HubError::NoRevision {
            name: name_text,
            revision: name.revision().into(),
            there: format!("see {endpoint}/{repository}"),
        },
        (404, code) if file.is_none() || code == "RepoNotFound" => {
            no_repository(hub, name)
        }
        (404, _) => HubError::NoFile {
            name: name_text,
            file: file.unwrap_or_default().into(),
            why: "although its list of files or the index of its shards names it".into(),
        },
        _ => HubError::Answer {
            name: name_text,
            url: url.into(),
            problem: match said {
                Some(said) => format!("the answer was {status}: {said}"),
                None => format!("the answer was {status}"),
            },
        },
    }
}

pub(crate) fn no_repository(hub: &Hub, name: &HubName) -> HubError {
    HubError::NoRepository {
        name: name.to_string(),
        endpoint: hub.endpoint.clone(),
        repository: name.repository().into(),
        token: hub.token.as_ref().map(|token| token.from.clone()),
    }
}

//! Names of models on a hub.

use core::fmt;
use core::str::FromStr;

use crate::error::HubError;

/// What stands before the name of a model on a hub, where a path could stand too.
pub(crate) const PREFIX: &str = "hf:";

/// A model on a hub: `hf:ORGANISATION/NAME`, or `hf:ORGANISATION/NAME@REVISION` for a branch, a tag or a commit.
/// Without a revision it is the branch `main`. The `hf:` may be left out.
///
/// ```
/// use vit22b_hub::HubName;
///
/// let name: HubName = "hf:timm/vit_small_patch16_224.augreg_in21k_ft_in1k@main".parse()?;
/// assert_eq!(name.repository(), "timm/vit_small_patch16_224.augreg_in21k_ft_in1k");
/// assert_eq!(name.revision(), "main");
/// # Ok::<(), vit22b_hub::HubError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HubName {
    repository: String,
    revision: Option<String>,
}

impl HubName {
    /// The repository: `ORGANISATION/NAME`.
    pub fn repository(&self) -> &str {
        &self.repository
    }

    /// The branch, tag or commit.
    pub fn revision(&self) -> &str {
        self.revision.as_deref().unwrap_or("main")
    }
}

impl fmt::Display for HubName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{PREFIX}{}", self.repository)?;
        self.revision.iter().try_for_each(|revision| write!(f, "@{revision}"))
    }
}

impl FromStr for HubName {
    type Err = HubError;

    fn from_str(text: &str) -> Result<Self, HubError> {
        let wrong = |problem| HubError::Name { given: text.into(), problem };
        let bare = text.strip_prefix(PREFIX).unwrap_or(text);
        let (repository, revision) = match bare.split_once('@') {
            Some((repository, revision)) => (repository, Some(revision)),
            None => (bare, None),
        };
        let Some((organisation, name)) = repository.split_once('/') else {
            return Err(wrong("there is no / between organisation and name"));
        };
        if organisation.is_empty() || name.is_empty() {
            return Err(wrong("organisation or name is missing"));
        }
        if ![organisation, name].into_iter().all(is_plain) {
            return Err(wrong(
                "organisation and name consist of letters, digits, and single -, _ and . between them",
            ));
        }
        if !revision.is_none_or(is_revision) {
            return Err(wrong("what follows the @ is no branch, tag or commit"));
        }
        Ok(Self { repository: repository.into(), revision: revision.map(str::to_string) })
    }
}

/// Whether a hub can have an organisation or a repository of this name.
fn is_plain(name: &str) -> bool {
    let is_mark = |character: char| matches!(character, '-' | '.');
    name.len() <= 96
        && name.chars().all(|c| c.is_ascii_alphanumeric() || is_mark(c) || c == '_')
        && !name.starts_with(is_mark)
        && !name.ends_with(is_mark)
        && !name.contains("--")
        && !name.contains("..")
}

/// Whether git can have a branch or tag of this name. What passes is also a path that stays in its folder.
fn is_revision(name: &str) -> bool {
    let is_part = |part: &str| !part.is_empty() && !part.starts_with('.') && !part.ends_with('.');
    name.len() <= 200
        && name.split('/').all(is_part)
        && !name.contains("..")
        && !name.contains(|c: char| {
            c.is_control()
                || c.is_whitespace()
                || matches!(c, '~' | '^' | ':' | '?' | '*' | '[' | '\\' | '@')
        })
}

/// Whether a revision is the whole hash of a commit.
pub(crate) fn is_commit(revision: &str) -> bool {
    revision.len() == 40 && revision.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// Whether what a hub calls a commit can be the name of a folder.
pub(crate) fn is_folder(commit: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    (1..=64).contains(&commit.len()) && commit.chars().all(is_plain) && !commit.starts_with('.')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_a_hub_has() {
        for (text, repository, revision) in [
            ("hf:timm/vit_small_patch16_224.augreg", "timm/vit_small_patch16_224.augreg", "main"),
            ("google/vit-base-patch16-224", "google/vit-base-patch16-224", "main"),
            ("hf:a/b@v1.0", "a/b", "v1.0"),
            ("hf:a/b@refs/pr/3", "a/b", "refs/pr/3"),
            (
                "a/b@0123456789abcdef0123456789abcdef01234567",
                "a/b",
                "0123456789abcdef0123456789abcdef01234567",
            ),
        ] {
            let name: HubName = text.parse().unwrap();
            assert_eq!((name.repository(), name.revision()), (repository, revision));
            assert_eq!(
                name.to_string().trim_start_matches(PREFIX),
                text.trim_start_matches(PREFIX)
            );
        }
    }

    #[test]
    fn names_that_no_hub_has_are_refused() {
        for text in [
            "hf:",
            "hf:name",
            "hf:/name",
            "hf:a/",
            "hf:a/b/c",
            "hf:a/../b",
            "hf:a/b@",
            "hf:a/b@x@y",
            "hf:a/b@../../x",
            "hf:a/b@a//b",
            "hf:a/b@.hidden",
            "hf:a/b@a b",
            "hf:a b/c",
            "hf:-a/b",
            "hf:a--b/c",
            "hf:ä/b",
            "hf:a/b\\c",
            "hf:a/b@c\\d",
            "hf:a/b?x",
            "hf:./b",
        ] {
            let error = text.parse::<HubName>().unwrap_err().to_string();
            let start =
                format!("{text}: expected hf:ORGANISATION/NAME or hf:ORGANISATION/NAME@REVISION, ");
            assert!(error.starts_with(&start), "{error}");
        }
    }
}

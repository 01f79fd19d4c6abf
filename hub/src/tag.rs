//! The tag of a file, and what it says of the bytes.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use sha1::Sha1;
use sha2::{Digest, Sha256};

/// The tag of a file: the SHA-256 of large files, git's hash of small ones, or whatever another hub makes of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tag(String);

impl Tag {
    /// The tag in a header; none if it is none, or could not name a file.
    pub(crate) fn parse(header: &str) -> Option<Self> {
        let tag = header.trim();
        let tag = tag.strip_prefix("W/").unwrap_or(tag).trim_matches('"');
        let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        let valid = (1..=128).contains(&tag.len())
            && tag.chars().all(is_plain)
            && !tag.starts_with('.')
            && !tag.ends_with(".incomplete");
        valid.then(|| Self(tag.into()))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// The hash that the tag is, by its name; none if it is no hash that is known.
    pub(crate) fn algorithm(&self) -> Option<&'static str> {
        let is_hash = self.0.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        match self.0.len() {
            64 if is_hash => Some("SHA-256"),
            40 if is_hash => Some("git hash"),
            _ => None,
        }
    }

    /// The hash of a file that should be the tag; none if the tag is no hash.
    pub(crate) fn hash_of(&self, path: &Path) -> io::Result<Option<String>> {
        let file = File::open(path)?;
        Ok(match self.algorithm() {
            Some("SHA-256") => Some(hashed(Sha256::new(), file)?),
            Some(_) => {
                let start = format!("blob {}\0", file.metadata()?.len());
                Some(hashed(Sha1::new().chain_update(start), file)?)
            }
            None => None,
        })
    }
}

/// The hash of all that is left to read, as hexadecimal digits.
fn hashed(mut hasher: impl Digest, mut reader: impl Read) -> io::Result<String> {
    let mut block = vec![0; 1 << 20];
    loop {
        match reader.read(&mut block)? {
            0 => return Ok(hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect()),
            count => hasher.update(&block[..count]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_hashes_of_large_and_of_small_files() {
        let path = std::env::temp_dir().join(format!("vit22b-tag-{}", std::process::id()));
        std::fs::write(&path, "hello\n").unwrap();
        for (tag, algorithm) in [
            // `git hash-object` and `sha256sum` of this file.
            ("ce013625030ba8dba906f756967f9e9ca394464a", "git hash"),
            ("5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03", "SHA-256"),
        ] {
            let read = Tag::parse(&format!("W/\"{tag}\"")).unwrap();
            assert_eq!(read.as_str(), tag);
            assert_eq!(read.algorithm(), Some(algorithm));
            assert_eq!(read.hash_of(&path).unwrap().as_deref(), Some(tag));
        }
        assert_eq!(Tag::parse("\"5f-2\"").unwrap().hash_of(&path).unwrap(), None);
        std::fs::remove_file(path).unwrap();
    }

    #[test]
    fn a_tag_that_could_not_name_a_file_is_none() {
        for header in ["", "\"\"", "..", "a/b", "../x", "a\\b", "a b", "x.incomplete"] {
            assert_eq!(Tag::parse(header), None, "{header}");
        }
    }
}

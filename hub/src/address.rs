//! Addresses of what a hub has.

use crate::name::HubName;

/// The address of a file.
pub(crate) fn file_url(endpoint: &str, name: &HubName, revision: &str, file: &str) -> String {
    let (revision, file) =
        (encoded(revision), file.split('/').map(encoded).collect::<Vec<_>>().join("/"));
    format!("{endpoint}/{}/resolve/{revision}/{file}", name.repository())
}

/// A text as one part of an address.
pub(crate) fn encoded(text: &str) -> String {
    let byte = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
            (byte as char).to_string()
        }
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(byte).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_revision_is_one_part_of_an_address() {
        let name: HubName = "a/b@refs/pr/1".parse().unwrap();
        assert_eq!(
            file_url("http://hub", &name, name.revision(), "x/y z.json"),
            "http://hub/a/b/resolve/refs%2Fpr%2F1/x/y%20z.json"
        );
    }
}

//! Names of files as text.

use std::ffi::OsStr;

/// A name as text. Bytes that are no UTF-8 stand as `\xff`, so that two names with different bytes are two texts.
pub(crate) fn shown(name: &OsStr) -> String {
    shown_bytes(name.as_encoded_bytes())
}

/// A name that is bytes, as those in tar files are, as text.
pub(super) fn shown_bytes(name: &[u8]) -> String {
    let mut text = String::with_capacity(name.len());
    for chunk in name.utf8_chunks() {
        text += chunk.valid();
        chunk.invalid().iter().for_each(|byte| text += &format!("\\x{byte:02x}"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_that_are_no_text_stay_apart() {
        assert_eq!(shown_bytes("Käse.png".as_bytes()), "Käse.png");
        assert_eq!(shown_bytes(b"K\xe4se.png"), r"K\xe4se.png");
        assert_eq!(shown_bytes(b"\xe4\xf6.png"), r"\xe4\xf6.png");
        assert_ne!(shown_bytes(b"a\xff.png"), shown_bytes(b"a\xfe.png"));
    }
}

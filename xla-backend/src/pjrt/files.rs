//! Files that several processes read and write.

use std::fs;
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// The extension of files that are being written.
pub(crate) const PART: &str = "part";

/// Writes a file beside its place and renames it, so that nobody reads half of it.
pub(crate) fn write_whole(path: &Path, content: &[u8]) -> io::Result<()> {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    // Processes of several machines or containers may have the same id.
    let time = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
    let name = format!("{}-{number}-{time}.{PART}", std::process::id());
    let beside = path.with_file_name(name);
    let written = fs::write(&beside, content).and_then(|()| fs::rename(&beside, path));
    if written.is_err() {
        let _ = fs::remove_file(&beside);
    }
    written
}

/// Bytes as hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_not_written_leaves_nothing() {
        let folder = std::env::temp_dir().join(format!("burn-xla-files-{}", std::process::id()));
        let place = folder.join("place");
        fs::create_dir_all(&place).unwrap();
        // A folder cannot be replaced by a file.
        fs::write(place.join("inside"), "").unwrap();
        write_whole(&place, b"new").unwrap_err();
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 1);
        let file = folder.join("file");
        for content in ["old", "new"] {
            write_whole(&file, content.as_bytes()).unwrap();
            assert_eq!(fs::read_to_string(&file).unwrap(), content);
        }
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 2);
        fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn digits_are_two_a_byte() {
        assert_eq!(hex(&[0, 1, 0xab]), "0001ab");
    }
}

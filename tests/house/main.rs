//! The walls of the house: what may know what, as the section "Rooms" of docs/architecture.md says.
//!
//! Imports are read from the text of the four source folders, without comments and tests. A path that
//! names a re-export counts as one to the file that it leads to.

mod made_up;
mod plan;
mod rules;
mod source;

use std::path::Path;

/// All Rust files below a folder, by path from the root, with their texts.
fn read(root: &Path, folder: &Path, files: &mut Vec<(String, String)>) {
    for entry in std::fs::read_dir(folder).expect("the folder can be read") {
        let path = entry.expect("the folder can be read").path();
        if path.is_dir() {
            read(root, &path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let name = path
                .strip_prefix(root)
                .expect("it is below the root")
                .to_string_lossy()
                .replace('\\', "/");
            files.push((name, std::fs::read_to_string(&path).expect("the file can be read")));
        }
    }
}

#[test]
fn every_import_is_one_that_the_table_of_rooms_allows() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = vec![];
    for (_, folder) in rules::CRATES {
        read(root, &root.join(folder), &mut files);
    }
    let house = rules::House::new(files.iter().map(|(file, text)| (file.as_str(), text.as_str())));
    assert!(house.sources.len() > 100, "the source folders are not where they were");
    let document =
        std::fs::read_to_string(root.join("docs/architecture.md")).expect("the document is there");
    let plan = plan::Plan::read(&document);
    let complaints = house.complaints(&plan);
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

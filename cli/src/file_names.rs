//! Names of the files that are written for images, and the folders that they are written to.

use std::collections::HashSet;
use std::path::Path;

use anyhow::ensure;

/// A name for the files of each image: its path without its ending, with the ending where another image has the
/// same, and a number where that is taken too.
pub(crate) fn file_names(images: impl Iterator<Item = String>) -> Vec<String> {
    let flat = |name: &str| name.replace(['/', '\\'], "_");
    let images: Vec<String> = images.collect();
    let mut taken = HashSet::new();
    let names = images.iter().enumerate().map(|(index, name)| {
        let stem = flat(&Path::new(name).with_extension("").display().to_string());
        let whole = flat(name).replace('.', "_");
        let numbered = format!("{whole}_{index}");
        let free = [stem, whole, numbered].into_iter().find(|name| taken.insert(name.clone()));
        free.unwrap_or_else(|| format!("image_{index}"))
    });
    names.collect()
}

/// Refuses a folder with files, among which new ones would be lost.
pub(crate) fn ensure_new_folder(out: &Path) -> anyhow::Result<()> {
    let has_files = std::fs::read_dir(out).is_ok_and(|mut entries| entries.next().is_some());
    ensure!(
        !has_files,
        "--out {}: expected a new or an empty folder, got one with files, among which the drawings \
         would be; name another, or delete it",
        out.display()
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_image_has_a_name_of_its_own() {
        let images = ["a/b.jpg", "a/b.png", "a_b.jpg", "c.d.png", "a/b.png"];
        let names = file_names(images.iter().map(|name| name.to_string()));
        assert_eq!(names, ["a_b", "a_b_png", "a_b_jpg", "c.d", "a_b_png_4"]);
    }
}

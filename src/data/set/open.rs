//! Sets of images by the path that a user gives.

use std::path::{Path, PathBuf};

use super::{ImageSet, Item, Location};
use crate::data::error::DataError;

/// The most shards that a pattern may name.
const MOST_SHARDS: usize = 100_000;

const EXPECTED: &str = "a folder, a list (.csv, .tsv, .jsonl, .ndjson) or shards (.tar)";

/// Where one folder, list or shard holds all images, each fifth one is held out.
const HELD_OUT_EVERY: usize = 5;

impl ImageSet {
    /// Opens what a path names: a folder ([`ImageSet::folder`]), a list ([`ImageSet::list`]), shards
    /// ([`ImageSet::shards`]), of which a pattern as `a-{000..099}.tar` names several, or one image.
    ///
    /// # Errors
    ///
    /// As these, and [`DataError::Format`] for a path that is none of them.
    pub fn open(path: &Path) -> Result<Self, DataError> {
        if path.is_dir() {
            return Self::folder(path);
        }
        let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
        if path.exists() && crate::data::image::is_image(ending) {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into();
            let (location, labels) = (Location::File(path.into()), vec![]);
            return Self::new(vec![], [Item { name, location, labels }]);
        }
        Self::file(path)
    }

    /// Opens labelled images as two sets with the same classes, to train with and held out. A folder with such
    /// [parts](ImageSet::parts) says which are which. Of class folders, a list or shards, the images without
    /// labels are left out, and each fifth of the others, in an order that the seed gives, is held out.
    ///
    /// Classes without images to train with or without images that are held out are told in the first set's
    /// [`ImageSet::remarks`].
    ///
    /// # Errors
    ///
    /// As [`ImageSet::open`] and [`ImageSet::class_folders`]; [`DataError::Few`] for less than two classes, or where
    /// no class has images in both sets.
    pub fn open_labelled(path: &Path, seed: u64) -> Result<[Self; 2], DataError> {
        let parts = if path.is_dir() { Self::parts(path)? } else { None };
        let is_classes = path.is_dir() && parts.is_none();
        let [mut train, held_out] = match parts {
            Some(parts) => parts,
            None if path.is_dir() => Self::class_folders(path)?.held_out(seed),
            None => Self::file(path)?.held_out(seed),
        };
        let part = is_classes.then(|| Self::part_without_another(path, &train.classes)).flatten();
        let few = |why: String| DataError::Few { path: path.into(), why };
        let classes = train.classes.len();
        if classes < 2 {
            let got = train.classes.first().map_or("none".into(), |class| format!("one, {class}"));
            let got = [got].into_iter().chain(part).collect::<Vec<_>>().join("; ");
            return Err(few(format!("expected images of at least two classes, got {got}")));
        }
        train.remarks.extend(part);
        let [in_train, in_held_out] = [train.per_class(), held_out.per_class()];
        let (mut both, mut lonely) = (0, vec![]);
        for (class, name) in train.classes.iter().enumerate() {
            match (in_train[class] > 0, in_held_out[class] > 0) {
                (true, true) => both += 1,
                _ => lonely.push(name.as_str()),
            }
        }
        if both == 0 {
            let why = "too few images: no class has some to train with and some that are held out";
            return Err(few(why.into()));
        }
        if !lonely.is_empty() {
            let (count, shown) = (lonely.len(), lonely.len().min(10));
            let more = if count > shown { ", …" } else { "" };
            let names = lonely[..shown].join(", ");
            train.remarks.push(format!(
                "{count} of {classes} classes lack images to train with or held out: {names}{more}"
            ));
        }
        Ok([train, held_out])
    }

    /// A list or shards.
    fn file(path: &Path) -> Result<Self, DataError> {
        let format = |expected| Err(DataError::Format { path: path.into(), expected });
        let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
        match ending.to_ascii_lowercase().as_str() {
            "csv" | "tsv" | "jsonl" | "ndjson" => Self::list(path),
            "tar" => Self::shards(&shards_of(path)?),
            "gz" | "tgz" | "zip" | "bz2" | "xz" | "zst" => {
                format("a folder, list or shard that is not compressed; unpack it")
            }
            _ if !path.exists() => Err(missing(path)),
            ending if crate::data::image::is_image(ending) => {
                format("a folder, list or shard with labels, and not an image")
            }
            _ => format(EXPECTED),
        }
    }

    /// Takes the labelled images apart.
    fn held_out(&self, seed: u64) -> [Self; 2] {
        let mut order: Vec<usize> = (0..self.len()).collect();
        fastrand::Rng::with_seed(seed).shuffle(&mut order);
        order.retain(|index| !self.items.labels(self.held(*index)).is_empty());
        let unlabelled = self.len() - order.len();
        let part = |held_out: bool| {
            let order = order.iter().enumerate();
            let chosen = order.filter(|(at, _)| (at % HELD_OUT_EVERY == 0) == held_out);
            self.select(chosen.map(|(_, index)| *index))
        };
        let [mut train, mut held_out] = [part(false), part(true)];
        held_out.remarks.clear();
        if unlabelled > 0 {
            let all = self.len();
            train
                .remarks
                .push(format!("{unlabelled} of {all} images are left out: they have no label"));
        }
        [train, held_out]
    }

    /// The number of images of each class.
    fn per_class(&self) -> Vec<usize> {
        let mut counts = vec![0; self.classes.len()];
        for index in 0..self.len() {
            for label in self.items.labels(self.held(index)) {
                counts[*label as usize] += 1;
            }
        }
        counts
    }
}

fn missing(path: &Path) -> DataError {
    let reason = match path.to_string_lossy().contains(['*', '?', '[']) {
        true => {
            "there is no such file or folder, and *, ? and [ ] stand for themselves; name shards as a-{000..099}.tar, or \
             make a list of the images"
        }
        false => "there is no such file or folder",
    };
    let reason = std::io::Error::new(std::io::ErrorKind::NotFound, reason);
    DataError::Io { path: path.into(), reason }
}

/// The shards that a path or a pattern names.
pub(super) fn shards_of(path: &Path) -> Result<Vec<PathBuf>, DataError> {
    if path.exists() { Ok(vec![path.into()]) } else { expand(path) }
}

/// The paths that a pattern with numbers or words in braces names: `a-{000..099}.tar`, `{train,val}.tar`.
fn expand(path: &Path) -> Result<Vec<PathBuf>, DataError> {
    let bad = |expected| DataError::Format { path: path.into(), expected };
    let text = path.to_str().ok_or_else(|| bad("a path in UTF-8"))?;
    let mut paths = vec![String::new()];
    let mut rest = text;
    while let Some((before, inside)) = rest.split_once('{') {
        let (inside, after) =
            inside.split_once('}').ok_or_else(|| bad("a closing brace in the pattern"))?;
        let choices = choices(inside)
            .ok_or_else(|| bad("numbers as {000..099} or words as {a,b} between braces"))?;
        if choices.len().saturating_mul(paths.len()) > MOST_SHARDS {
            return Err(bad("a pattern of at most 100,000 shards"));
        }
        let next = |path: &String| {
            choices.iter().map(|choice| format!("{path}{before}{choice}")).collect::<Vec<_>>()
        };
        paths = paths.iter().flat_map(next).collect();
        rest = after;
    }
    let paths: Vec<PathBuf> = paths.into_iter().map(|path| PathBuf::from(path + rest)).collect();
    match paths.iter().find(|path| !path.exists()) {
        Some(path) => Err(missing(path)),
        None => Ok(paths),
    }
}

fn choices(inside: &str) -> Option<Vec<String>> {
    let Some((first, last)) = inside.split_once("..") else {
        return inside.contains(',').then(|| inside.split(',').map(String::from).collect());
    };
    let number = |text: &str| {
        let digits = !text.is_empty() && text.bytes().all(|digit| digit.is_ascii_digit());
        text.parse::<usize>().ok().filter(|_| digits)
    };
    let (from, to) = (number(first)?, number(last)?);
    let width = if first.starts_with('0') { first.len() } else { 1 };
    (from <= to && to - from < MOST_SHARDS)
        .then(|| (from..=to).map(|number| format!("{number:0width$}")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn braces_name_numbers_and_words() {
        let list = |inside: &str| choices(inside).map(|choices| choices.join(" "));
        assert_eq!(list("008..011").as_deref(), Some("008 009 010 011"));
        assert_eq!(list("8..11").as_deref(), Some("8 9 10 11"));
        assert_eq!(list("a,b").as_deref(), Some("a b"));
        for wrong in ["", "a", "3..1", "-1..2", "0..9999999999", "1..", "+1..2"] {
            assert_eq!(list(wrong), None, "{wrong}");
        }
    }
}

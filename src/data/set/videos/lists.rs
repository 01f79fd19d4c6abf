//! Videos in lists: one's own, and those of Kinetics and of Moments in Time as published.

use std::path::{Path, PathBuf};

use super::folders;
use super::found::{Found, is_video};
use super::video::{FrameSource, VideoSet};
use crate::data::error::DataError;
use crate::data::frames::{ENDINGS, UNREAD};
use crate::data::set::item::Location;
use crate::data::set::labels::{LABEL, LABELS};
use crate::data::set::table::{Row, Table, lines};

const PATHS: [&str; 8] =
    ["path", "video", "video_path", "file", "file_name", "filename", "filepath", "folder"];
const EXPECTED: &str = "a line for each video, and videos where they say";
const MISSING: &str = "videos of the list that are not there are left out";

pub(super) fn open(path: &Path, root: &Path) -> Result<VideoSet, DataError> {
    let known = [&PATHS[..], &LABEL, &[LABELS, "youtube_id", "time_start", "time_end"]].concat();
    let table = Table::read(path, &known)?;
    let mut found = Found::default();
    let (ids, paths) = (table.columns(&["youtube_id"]), table.columns(&PATHS));
    if let Some(id) = ids.first() {
        kinetics(&table, *id, root, &mut found)?;
    } else if let Some(path) = paths.first() {
        own(&table, *path, root, &mut found)?;
    } else if is_of_moments(&table) {
        moments(path, root, &mut found)?;
    } else {
        return Err(table.without_column("path, video, file or youtube_id"));
    }
    found.finish(path, EXPECTED)
}

impl Found {
    /// Adds the first of some places at which there is a video. A folder without images is none.
    fn first_of(
        &mut self,
        name: &str,
        places: impl IntoIterator<Item = PathBuf>,
        labels: Vec<String>,
    ) -> Result<(), DataError> {
        for place in places {
            let ending = place.extension().unwrap_or_default().to_string_lossy().to_lowercase();
            let frames = match () {
                () if place.is_dir() => folders::frames(&place)?,
                () if !place.exists() => continue,
                () if is_video(&ending, &Location::File(place.clone())) => {
                    Some(FrameSource::File(Location::File(place.clone()).into()))
                }
                () => None,
            };
            match frames {
                Some(frames) => self.push(name.into(), frames, labels),
                None if UNREAD.contains(&&*ending) => {
                    let what =
                        format!(".{ending} files are not read; make frames of them with ffmpeg");
                    self.missing += 1;
                    self.remarks.add(&what, name);
                }
                None => {
                    self.missing += 1;
                    self.remarks.add("what is no video that is read is left out", name);
                }
            }
            return Ok(());
        }
        self.missing += 1;
        self.remarks.add(MISSING, name);
        Ok(())
    }
}

fn own(table: &Table, path: usize, root: &Path, found: &mut Found) -> Result<(), DataError> {
    let (label, labels) = (table.columns(&LABEL), table.columns(&[LABELS]));
    table.rows(|row: Row<'_>| {
        let name = row.field(path);
        if name.is_empty() {
            return Err(row.error("the path of a video", "an empty field"));
        }
        let one = label.first().map(|column| row.field(*column));
        let many = labels.iter().flat_map(|column| row.field(*column).split(';'));
        let labels = one.into_iter().chain(many).map(str::trim).filter(|label| !label.is_empty());
        found.first_of(name, [root.join(name)], labels.map(String::from).collect())
    })
}

/// Files are named by the identifier and the seconds of the cut, as both usual ways of fetching them do, and lie in the
/// root or in folders of classes or parts.
fn kinetics(table: &Table, id: usize, root: &Path, found: &mut Found) -> Result<(), DataError> {
    let [start, end] = [table.column("time_start")?, table.column("time_end")?];
    let [label, split] = [table.columns(&["label"]), table.columns(&["split"])];
    table.rows(|row: Row<'_>| {
        let id = row.field(id);
        let seconds = |column: usize| {
            let text = row.field(column);
            let seconds = text.parse::<f64>().ok().filter(|number| (0.0..1e6).contains(number));
            let expected = format!("seconds in {}", table.name(column));
            seconds
                .map(|seconds| seconds as u64)
                .ok_or_else(|| row.error(expected, format!("\"{text}\"")))
        };
        if id.is_empty() {
            return Err(row.error("a youtube_id", "an empty field"));
        }
        let cut = format!("{id}_{:06}_{:06}", seconds(start)?, seconds(end)?);
        let field = |columns: &[usize]| columns.first().map(|column| row.field(*column));
        let labels: Vec<String> =
            field(&label).filter(|label| !label.is_empty()).map(String::from).into_iter().collect();
        let mut below = vec![PathBuf::new()];
        if let Some(label) = labels.first() {
            below.extend([label.into(), label.replace(' ', "_").into()]);
        }
        if let Some(split) = field(&split).filter(|split| !split.is_empty()) {
            let short = if split == "validate" { "val" } else { split };
            let parts: Vec<_> = [split, short]
                .into_iter()
                .flat_map(|part| below.iter().map(move |folder| Path::new(part).join(folder)))
                .collect();
            below.extend(parts);
        }
        let endings = [""].into_iter().chain(ENDINGS).chain(UNREAD);
        let names = endings.flat_map(|ending| {
            let dot = if ending.is_empty() { "" } else { "." };
            [&cut, id].map(|stem| format!("{stem}{dot}{ending}"))
        });
        let names: Vec<String> = names.collect();
        let places =
            below.iter().flat_map(|folder| names.iter().map(move |name| folder.join(name)));
        found.first_of(&cut, places.map(|place| root.join(place)), labels)
    })
}

/// Whether the first line is a path, a label and two counts.
fn is_of_moments(table: &Table) -> bool {
    let header = table.header();
    let fields: Vec<&str> = header.split(',').collect();
    let is_count = |text: &&str| text.trim().parse::<u32>().is_ok();
    fields.len() == 4 && fields[0].contains('/') && fields[2..].iter().all(is_count)
}

fn moments(path: &Path, root: &Path, found: &mut Found) -> Result<(), DataError> {
    found.classes = categories(&path.with_file_name("moments_categories.txt"))?;
    lines(path, |line, text| {
        let fields: Vec<&str> = text.split(',').map(str::trim).collect();
        let [name, label, ..] = fields[..] else {
            return Err(DataError::Line {
                path: path.into(),
                line,
                expected: "path, label and two counts of annotators".into(),
                got: format!("\"{text}\""),
            });
        };
        let parts =
            ["", "training", "validation", "videos", "videos/training", "videos/validation"];
        let stem = Path::new(name).with_extension("");
        let places = parts
            .iter()
            .flat_map(|part| [Path::new(name), &stem].map(|name| root.join(part).join(name)));
        found.first_of(name, places.collect::<Vec<_>>(), vec![label.into()])
    })
}

/// The classes in the order of their numbers, where the file is there.
fn categories(path: &Path) -> Result<Option<Vec<String>>, DataError> {
    if !path.exists() {
        return Ok(None);
    }
    let mut classes: Vec<(usize, String)> = Vec::new();
    lines(path, |line, text| {
        let class = text.rsplit_once(',').and_then(|(name, number)| {
            Some((number.trim().parse().ok()?, name.trim().to_string()))
        });
        classes.push(class.ok_or_else(|| DataError::Line {
            path: path.into(),
            line,
            expected: "a class and its number".into(),
            got: format!("\"{text}\""),
        })?);
        Ok(())
    })?;
    classes.sort();
    Ok(Some(classes.into_iter().map(|(_, name)| name).collect()))
}

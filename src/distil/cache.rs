//! What a teacher said, kept on disk.

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::data::{BatchError, BatchSource, ImageBatch, Prefetch, Views};
use crate::files::hashed;

use super::error::DistilError;
use super::teacher::Teacher;
use super::top_k::{TopK, entry_bytes};

const FORMAT: &str = "vit22b-teacher-1";
const HEADER: &str = "teacher.json";

/// How much of each answer is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kept {
    /// The logits of all classes in f32: what is read is what the teacher said, bit for bit, at any temperature.
    All,
    /// The probabilities at temperature 1 of so many classes, in f16 with their numbers; the rest is spread evenly over the
    /// other classes.
    Best(usize),
}

/// What a teacher said of all views of a set of images, in a folder: `teacher.json`, and for each view a file of rows of one
/// length, one for each image, with its SHA-256 beside it in the form of `sha256sum`.
///
/// With [`Kept::All`] a row is the logits of all classes, 4 bytes each; with [`Kept::Best`] a class takes 4 bytes, or 6 where there are
/// more than 65,536 classes. 500 views of ImageNet's training images with the ten best classes are 25.6 GB.
pub struct TeacherCache {
    folder: PathBuf,
    about: About,
    /// The view that was read last, and its file: an epoch reads one view after the other.
    opened: Mutex<Option<(u64, File)>>,
}

/// The header: all that the answers follow from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct About {
    format: String,
    teacher: String,
    kept: Kept,
    classes: usize,
    count: usize,
    /// As the teacher's views describe themselves.
    views: Value,
}

/// What [`TeacherCache::verify`] found.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Verified {
    /// Answers that were computed again.
    pub rows: usize,
    /// The largest difference of a probability.
    pub largest_difference: f64,
}

impl core::fmt::Debug for TeacherCache {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("TeacherCache")
            .field("folder", &self.folder)
            .field("about", &self.about)
            .finish()
    }
}

impl About {
    fn read(path: &Path) -> Result<Self, DistilError> {
        let text = fs::read(path).map_err(DistilError::io("read", path))?;
        serde_json::from_slice(&text)
            .map_err(|error| DistilError::damaged(path, "the header of a teacher's answers", error))
    }

    fn wide(&self) -> bool {
        self.classes > 1 << 16
    }

    fn row_bytes(&self) -> usize {
        match self.kept {
            Kept::All => 4 * self.classes,
            Kept::Best(k) => k * entry_bytes(self.wide()),
        }
    }

    fn views(&self) -> u64 {
        self.views["views"].as_u64().unwrap_or(0)
    }

    /// An answer as it is kept.
    fn encode(&self, logits: &[f32]) -> Vec<u8> {
        match self.kept {
            Kept::All => logits.iter().flat_map(|x| x.to_le_bytes()).collect(),
            Kept::Best(k) => TopK::of(logits, k).to_bytes(self.wide()),
        }
    }

    /// The logits of an answer.
    fn decode(&self, bytes: &[u8]) -> Vec<f32> {
        match self.kept {
            Kept::All => bytes.as_chunks().0.iter().map(|x| f32::from_le_bytes(*x)).collect(),
            Kept::Best(_) => TopK::from_bytes(bytes, self.wide()).logits(self.classes),
        }
    }
}

impl TeacherCache {
    fn new(folder: &Path, about: About) -> Self {
        Self { folder: folder.into(), about, opened: Mutex::new(None) }
    }

    /// Asks a teacher about all views, and keeps what it says in a folder. Answers that are there already are kept: a process that
    /// was ended at any moment is continued by the same call. `threads` threads make the images. `observe` is given the number of
    /// answers that are there. If `stop` is set, it ends after the batch at hand, and returns none.
    ///
    /// # Errors
    ///
    /// [`DistilError`]: views whose preprocessing is not the teacher's, a folder with other answers, images that cannot be read, files that
    /// cannot be written.
    pub fn build(
        folder: &Path,
        (teacher, views): (&Teacher, &Views),
        kept: Kept,
        threads: usize,
        stop: &AtomicBool,
        mut observe: impl FnMut(usize),
    ) -> Result<Option<Self>, DistilError> {
        let cache = Self::new(folder, about(teacher, views, kept)?);
        cache.begin()?;
        let (count, row_bytes) = (cache.about.count, cache.about.row_bytes());
        let mut done = 0;
        for view in 0..views.views() {
            let (path, part) = (cache.path(view, "bin"), cache.path(view, "part"));
            if path.exists() {
                cache.check_length(view)?;
                done += count;
                observe(done);
                continue;
            }
            let options =
                OpenOptions::new().read(true).write(true).create(true).truncate(false).clone();
            let mut file = options.open(&part).map_err(DistilError::io("open", &part))?;
            let bytes = file.metadata().map_err(DistilError::io("read", &part))?.len() as usize;
            // Half a row, or more rows than there are, are of a process that was ended, or of nobody.
            let first = (bytes / row_bytes).min(count);
            let end = (first * row_bytes) as u64;
            file.set_len(end)
                .and_then(|()| file.seek(SeekFrom::Start(end)))
                .map_err(DistilError::io("cut", &part))?;
            let batches = (count - first).div_ceil(teacher.batch());
            let source = Arc::new(OfView { views: views.clone(), view });
            let size = teacher.batch();
            for batch in Prefetch::new(source, first as u64, size, batches as u64, threads) {
                let logits = teacher.logits(batch?.images)?;
                let rows = logits.chunks_exact(cache.about.classes);
                let bytes: Vec<u8> = rows.flat_map(|row| cache.about.encode(row)).collect();
                file.write_all(&bytes).map_err(DistilError::io("write", &part))?;
                let written = file.stream_position().map_err(DistilError::io("write", &part))?;
                observe(done + written as usize / row_bytes);
                if stop.load(Ordering::Relaxed) {
                    return Ok(None);
                }
            }
            file.sync_all().map_err(DistilError::io("synchronise", &part))?;
            let (sum, name) = (sha256(&part)?, file_name(&path));
            let sums = cache.path(view, "sha256");
            fs::write(&sums, format!("{sum}  {name}\n"))
                .map_err(DistilError::io("write", &sums))?;
            fs::rename(&part, &path).map_err(DistilError::io("rename", &part))?;
            done += count;
        }
        Ok(Some(cache))
    }

    /// The answers of a folder, all of which are there.
    ///
    /// # Errors
    ///
    /// [`DistilError::Unfinished`]; [`DistilError::Damaged`] for files of another length.
    pub fn open(folder: &Path) -> Result<Self, DistilError> {
        let path = folder.join(HEADER);
        let about = About::read(&path)?;
        if about.format != FORMAT {
            return Err(DistilError::damaged(&path, format!("format {FORMAT}"), about.format));
        }
        let cache = Self::new(folder, about);
        let views = cache.about.views();
        let done = (0..views).filter(|view| cache.path(*view, "bin").exists()).count() as u64;
        if done < views {
            return Err(DistilError::Unfinished { folder: folder.into(), done, views });
        }
        (0..views).try_for_each(|view| cache.check_length(view))?;
        Ok(cache)
    }

    /// How much of each answer is kept.
    pub fn kept(&self) -> Kept {
        self.about.kept
    }

    /// The number of classes.
    pub fn classes(&self) -> usize {
        self.about.classes
    }

    /// The number of answers.
    pub fn rows(&self) -> usize {
        self.about.count * self.about.views() as usize
    }

    /// The teacher's views, as [`BatchSource::describe`] tells them.
    pub fn views(&self) -> &Value {
        &self.about.views
    }

    /// The hash of the teacher.
    pub fn teacher(&self) -> &str {
        &self.about.teacher
    }

    /// What the teacher said of a view of an image: logits of all classes. Where the best are kept, they are the logarithms of the
    /// restored probabilities.
    ///
    /// # Errors
    ///
    /// [`DistilError::Fit`] for a view that is not there, [`DistilError::Io`].
    pub fn logits(&self, image: usize, view: u64) -> Result<Vec<f32>, DistilError> {
        let (count, views) = (self.about.count, self.about.views());
        if image >= count || view >= views {
            let expected = format!("one of {views} views of {count} images");
            return Err(DistilError::fit(
                "a teacher's answer",
                expected,
                format!("view {view} of image {image}"),
            ));
        }
        let path = self.path(view, "bin");
        let mut bytes = vec![0; self.about.row_bytes()];
        let start = SeekFrom::Start((image * bytes.len()) as u64);
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        if opened.as_ref().is_none_or(|(of, _)| *of != view) {
            let file = File::open(&path).map_err(DistilError::io("open", &path))?;
            *opened = Some((view, file));
        }
        if let Some((_, file)) = opened.as_mut() {
            file.seek(start)
                .and_then(|_| file.read_exact(&mut bytes))
                .map_err(DistilError::io("read", &path))?;
        }
        drop(opened);
        Ok(self.about.decode(&bytes))
    }

    /// Checks the hashes of all files, and asks the teacher again about so many views, evenly apart.
    ///
    /// # Errors
    ///
    /// [`DistilError::Other`] for another teacher or other views, [`DistilError::Damaged`] for a file whose hash is not as it was;
    /// else as [`build`](Self::build). Answers that differ are no error.
    pub fn verify(
        &self,
        teacher: &Teacher,
        views: &Views,
        rows: usize,
    ) -> Result<Verified, DistilError> {
        self.compare(&about(teacher, views, self.about.kept)?)?;
        for view in 0..self.about.views() {
            let (path, sums) = (self.path(view, "bin"), self.path(view, "sha256"));
            let written = fs::read_to_string(&sums).map_err(DistilError::io("read", &sums))?;
            let expected = written.split(' ').next().unwrap_or_default();
            let got = sha256(&path)?;
            if got != expected {
                let short =
                    |sum: &str| format!("SHA-256 {}…", sum.chars().take(12).collect::<String>());
                return Err(DistilError::damaged(&path, short(expected), short(&got)));
            }
        }
        let (all, rows) = (self.rows(), rows.clamp(1, self.rows()));
        let place = |row: usize| {
            let at = row * all / rows;
            (at % self.about.count, (at / self.about.count) as u64)
        };
        let places: Vec<_> = (0..rows).map(place).collect();
        let mut largest_difference = 0f64;
        for places in places.chunks(teacher.batch()) {
            let again = teacher.of_views(views, places)?;
            for ((image, view), again) in places.iter().zip(again.chunks_exact(self.about.classes))
            {
                let kept = TopK::of(&self.logits(*image, *view)?, self.about.classes);
                let again =
                    TopK::of(&self.about.decode(&self.about.encode(again)), self.about.classes);
                let [kept, again] = [kept, again].map(|answer| answer.restore(self.about.classes));
                for (kept, again) in kept.iter().zip(again) {
                    let difference = f64::from((kept - again).abs());
                    if difference > largest_difference || difference.is_nan() {
                        largest_difference = difference;
                    }
                }
            }
        }
        Ok(Verified { rows, largest_difference })
    }

    /// Writes the header, or compares with the one that is there.
    fn begin(&self) -> Result<(), DistilError> {
        fs::create_dir_all(&self.folder).map_err(DistilError::io("make", &self.folder))?;
        let path = self.folder.join(HEADER);
        if path.exists() {
            let there = Self::new(&self.folder, About::read(&path)?);
            return there.compare(&self.about);
        }
        let part = self.folder.join(format!(".{HEADER}"));
        let text = serde_json::to_string_pretty(&self.about).map_err(std::io::Error::from);
        text.and_then(|text| fs::write(&part, text + "\n"))
            .and_then(|()| fs::rename(&part, &path))
            .map_err(DistilError::io("write", &path))
    }

    /// An error for other answers than these, with the first field that differs.
    fn compare(&self, here: &About) -> Result<(), DistilError> {
        let fields = |about: &About| {
            let mut fields = serde_json::to_value(about).unwrap_or_default();
            let views = fields["views"].take();
            for (name, value) in views.as_object().into_iter().flatten() {
                fields[name] = value.clone();
            }
            fields
        };
        let (there, here) = (fields(&self.about), fields(here));
        for (name, value) in there.as_object().into_iter().flatten() {
            if here[name] != *value {
                return Err(DistilError::Other {
                    folder: self.folder.clone(),
                    field: name.clone(),
                    there: value.to_string(),
                    here: here[name].to_string(),
                });
            }
        }
        Ok(())
    }

    fn check_length(&self, view: u64) -> Result<(), DistilError> {
        let path = self.path(view, "bin");
        let expected = (self.about.count * self.about.row_bytes()) as u64;
        let got = fs::metadata(&path).map_err(DistilError::io("read", &path))?.len();
        match got == expected {
            true => Ok(()),
            false => Err(DistilError::damaged(&path, format!("{expected} bytes"), got)),
        }
    }

    fn path(&self, view: u64, ending: &str) -> PathBuf {
        self.folder.join(format!("view-{view:05}.{ending}"))
    }
}

fn about(teacher: &Teacher, views: &Views, kept: Kept) -> Result<About, DistilError> {
    let classes = teacher.classes();
    if let Kept::Best(k) = kept
        && !(1..=classes).contains(&k)
    {
        return Err(DistilError::fit("classes that are kept", format!("1 to {classes}"), k));
    }
    let (ours, its) = (views.preprocess().to_string(), teacher.preprocess().to_string());
    if views.preprocess().size() != teacher.preprocess().size() {
        return Err(DistilError::fit("preprocessing of the teacher's views", its, ours));
    }
    Ok(About {
        format: FORMAT.into(),
        teacher: teacher.digest().into(),
        kept,
        classes,
        count: views.set().len(),
        views: views.describe(),
    })
}

/// One view of each image, in the order of the set.
struct OfView {
    views: Views,
    view: u64,
}

impl BatchSource<ImageBatch> for OfView {
    fn batch(&self, position: u64, size: usize) -> Result<ImageBatch, BatchError> {
        let end = self.views.set().len().min(position as usize + size);
        let rows: Vec<_> = (position as usize..end).map(|image| (image, self.view)).collect();
        self.views.batch_of(&rows).map_err(|error| BatchError::new(position, error))
    }
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn sha256(path: &Path) -> Result<String, DistilError> {
    let hash = File::open(path).and_then(|file| hashed(Sha256::new(), file));
    hash.map_err(DistilError::io("read", path))
}

//! Features of the frames of videos, kept on disk.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::clips::ClipConfig;
use super::crops::steps;
use super::error::VideoError;
use super::listing::{FILE, ListedVideo, Listing, frame_name};
use crate::data::{DataError, Preprocess, VideoSet};
use crate::probe::{
    EmbedError, Embedder, FeatureFolder, FeatureRows, MadeBy, MappedFeatures, PartsConfig,
    PartsError, PartsProgress, PartsReport,
};

/// Where [`VideoFeatures::write`] writes, and of which clips.
#[derive(Debug, Clone, PartialEq)]
pub struct VideoFeaturesConfig {
    /// The folder.
    pub folder: PathBuf,
    /// Which frames and crops of each video are seen.
    pub clips: ClipConfig,
    /// Whether a folder of other videos is brought to these.
    pub update: bool,
}

/// Features of the frames of a set of videos, which a frozen model has made once, and the clips that they form.
///
/// They stay on disk: the system reads the vectors of frames when they are used.
#[derive(Debug, Clone)]
pub struct VideoFeatures {
    clips: ClipConfig,
    classes: Vec<String>,
    videos: Vec<Rows>,
    /// The features of each crop.
    crops: Arc<[MappedFeatures]>,
    made_by: MadeBy,
    left_out: usize,
}

/// A video, and where the features of its frames are.
#[derive(Debug, Clone)]
struct Rows {
    name: String,
    labels: Vec<usize>,
    /// For each crop the rows of the frames of all clips, one clip after the other.
    crops: Vec<Vec<u32>>,
}

/// The folder of a crop.
fn crop_folder(folder: &Path, crop: usize) -> PathBuf {
    folder.join(format!("crop-{crop}"))
}

impl VideoFeatures {
    /// Computes the features of all frames that the clips need, each once, and keeps them. The folder has `clips.json`, which
    /// says which videos and clips they are of, and for each crop a folder that
    /// [`Embedder::embed_in_parts`] writes: a run that was ended at any point goes on when it is called again, and
    /// features of another model or of other frames are not mixed with these.
    ///
    /// A single crop has the model's own preprocessing `own`; several are squares along the longer side of each frame.
    /// Frames are preprocessed one by one, so that those of a video may have several sizes. `embedder` makes
    /// an embedder for the steps of each crop, `parameters` is the digest of the model's parameters. Videos that cannot be
    /// read are left out, and told to `skipped`; `progress` gets the crop and how far it is.
    ///
    /// # Errors
    ///
    /// [`VideoError`]: no video that can be read, a folder of other clips, videos or models, preprocessing that makes no
    /// crops, or features that cannot be computed or written.
    pub fn write(
        set: &VideoSet,
        config: &VideoFeaturesConfig,
        (own, parameters): (&Preprocess, &str),
        mut embedder: impl FnMut(Preprocess) -> Result<Embedder, EmbedError>,
        skipped: impl FnMut(&DataError),
        mut progress: impl FnMut(usize, PartsProgress),
    ) -> Result<Vec<PartsReport>, VideoError> {
        let VideoFeaturesConfig { folder, clips, update } = config;
        let (mut listing, kept) = Listing::new(set, *clips, skipped)?;
        let crops: Vec<Preprocess> =
            (0..clips.crops).map(|crop| steps(own, crop, clips.crops)).collect::<Result<_, _>>()?;
        match Listing::read(folder)? {
            Some(known) if known.clips != *clips => {
                let (folder, was, is) = (folder.clone(), said(known.clips), said(*clips));
                return Err(VideoError::OtherClips { folder, was, is });
            }
            Some(known)
                if !update
                    && (&known.videos, &known.classes) != (&listing.videos, &listing.classes) =>
            {
                let (was, is) = (known.videos.len(), listing.videos.len());
                return Err(VideoError::OtherVideos { folder: folder.clone(), was, is });
            }
            Some(_) => {}
            None if std::fs::read_dir(folder).is_ok_and(|mut files| files.next().is_some()) => {
                return Err(PartsError::OtherFolder { folder: folder.clone() }.into());
            }
            None => {}
        }
        std::fs::create_dir_all(folder).map_err(VideoError::io(folder))?;
        let images = listing.images(set, &kept)?;
        listing.write(folder)?;
        let mut reports = Vec::new();
        for (crop, steps) in crops.into_iter().enumerate() {
            let mut parts = PartsConfig::new(crop_folder(folder, crop));
            parts.update = *update;
            let embedder = embedder(steps)?;
            let report = embedder.embed_in_parts(&images, parameters, &parts, |now| {
                progress(crop, now);
            })?;
            reports.push(report);
        }
        listing.complete = true;
        listing.write(folder)?;
        Ok(reports)
    }

    /// Maps the files of a folder that [`write`](Self::write) has written to its end. They must not be shortened or rewritten while they are
    /// mapped. A video one of whose frames could not be read is left out.
    ///
    /// # Errors
    ///
    /// [`VideoError`] for another folder, one that is not complete, and one whose files are damaged.
    pub fn open(folder: &Path) -> Result<Self, VideoError> {
        let none = || VideoError::NoFeatures { folder: folder.into(), file: FILE };
        let listing = Listing::read(folder)?.ok_or_else(none)?;
        if !listing.complete {
            return Err(VideoError::NotComplete { folder: folder.into() });
        }
        let Listing { clips, classes, videos, mut left_out, .. } = listing;
        let (mut crops, mut rows, mut made_by) = (Vec::new(), Vec::new(), None);
        for crop in 0..clips.crops {
            let folder = crop_folder(folder, crop);
            let parts = FeatureFolder::open(&folder)?;
            made_by.get_or_insert_with(|| parts.made_by().clone());
            // The first of equal names: a list may name a video twice.
            let names = parts.names()?.into_iter().enumerate().rev();
            let names = names.map(|(row, name)| (name, row as u32));
            rows.push(names.collect::<HashMap<String, u32>>());
            crops.push(MappedFeatures::open(&folder)?);
        }
        let mut found = Vec::with_capacity(videos.len());
        for ListedVideo { name, frames, labels } in videos {
            let frames = clips.frames_of(frames)?.concat();
            let crop = |rows: &HashMap<String, u32>| {
                let row = |frame: &usize| rows.get(&frame_name(&name, *frame)).copied();
                frames.iter().map(row).collect::<Option<Vec<u32>>>()
            };
            match rows.iter().map(crop).collect() {
                Some(crops) => found.push(Rows { name, labels, crops }),
                None => left_out += 1,
            }
        }
        let made_by = made_by.ok_or_else(none)?;
        if found.is_empty() {
            let last = "a video whose frames cannot all be read".into();
            return Err(VideoError::NoVideos { of: left_out, last });
        }
        Ok(Self { clips, classes, videos: found, crops: crops.into(), made_by, left_out })
    }

    /// Which frames and crops of each video there are.
    pub fn clips(&self) -> ClipConfig {
        self.clips
    }

    /// The names of the classes.
    pub fn classes(&self) -> &[String] {
        &self.classes
    }

    /// What made the features; its preprocessing is that of the first crop.
    pub fn made_by(&self) -> &MadeBy {
        &self.made_by
    }

    /// The number of videos.
    pub fn len(&self) -> usize {
        self.videos.len()
    }

    /// Whether there are no videos, which does not happen.
    pub fn is_empty(&self) -> bool {
        self.videos.is_empty()
    }

    /// How many videos of the set are not among them: not there, or not to be read.
    pub fn left_out(&self) -> usize {
        self.left_out
    }

    /// The length of the vector of a frame.
    pub fn width(&self) -> usize {
        self.crops[0].columns()
    }

    /// The name of a video.
    ///
    /// # Panics
    ///
    /// If there is no such video.
    pub fn name(&self, video: usize) -> &str {
        &self.videos[video].name
    }

    /// The classes of a video, by their indices.
    ///
    /// # Panics
    ///
    /// If there is no such video.
    pub fn labels(&self, video: usize) -> &[usize] {
        &self.videos[video].labels
    }

    /// Writes the features `[frames, width]` of a view of a video: its clips with the first crop, then with the second.
    ///
    /// # Panics
    ///
    /// If there is no such video or view, or `out` has another length.
    pub fn view(&self, video: usize, view: usize, out: &mut [f32]) {
        let (clip, crop) = (view % self.clips.clips, view / self.clips.clips);
        let frames = self.clips.frames;
        let rows = &self.videos[video].crops[crop][clip * frames..][..frames];
        let (features, width) = (&self.crops[crop], self.width());
        assert_eq!(out.len(), frames * width, "frames * width values");
        for (row, out) in rows.iter().zip(out.chunks_exact_mut(width)) {
            features.read(*row as usize, out);
        }
    }

    /// Some of the videos, in this order.
    ///
    /// # Panics
    ///
    /// If one of them is not there.
    pub fn select(&self, videos: impl IntoIterator<Item = usize>) -> Self {
        let videos = videos.into_iter().map(|video| self.videos[video].clone()).collect();
        Self { videos, ..self.clone() }
    }

    /// The same videos with the classes of others, usually those that a head was trained on.
    ///
    /// # Errors
    ///
    /// [`VideoError::Data`] for a label that is not among them.
    pub fn with_classes(mut self, classes: &[String]) -> Result<Self, VideoError> {
        let place: HashMap<&String, usize> = classes.iter().zip(0..).collect();
        for video in &mut self.videos {
            for label in &mut video.labels {
                let name = &self.classes[*label];
                *label = *place.get(name).ok_or_else(|| DataError::Class {
                    name: video.name.clone(),
                    label: name.clone(),
                    known: classes.len(),
                })?;
            }
        }
        self.classes = classes.to_vec();
        Ok(self)
    }

    /// Whether both were made by one model of images of one kind; crops may differ.
    pub fn is_made_as(&self, other: &MadeBy) -> bool {
        let preprocess = other.preprocess.clone();
        MadeBy { preprocess, ..self.made_by.clone() } == *other
    }
}

fn said(clips: ClipConfig) -> String {
    let ClipConfig { frames, stride, clips, crops } = clips;
    format!("{clips} × {crops} views of {frames} frames, {stride} apart")
}

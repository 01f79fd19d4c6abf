//! How often a head is right about videos.

use std::fmt;

use burn::tensor::{DType, Tensor, TensorData};

use super::clips::ClipConfig;
use super::error::VideoError;
use super::features::VideoFeatures;
use super::head_file::TrainedHead;
use super::temporal_head::TemporalHead;
use super::views::{ViewMean, mean_of_views};
use crate::runtime::Runtime;

/// The share of videos about which a head is right, and how it was measured. As text it says all of that.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct VideoAccuracy {
    /// The share of videos whose most likely class is one of theirs. Classes that are equally likely count against it.
    pub top_1: f64,
    /// The share with one of their classes among the five most likely ones.
    pub top_5: f64,
    /// The number of videos that were measured.
    pub videos: usize,
    /// Videos that were not: not there, not to be read, or without a label.
    pub left_out: usize,
    /// The views of each video.
    pub clips: ClipConfig,
    /// Of what the mean over the views was taken.
    pub mean_of: ViewMean,
}

impl fmt::Display for VideoAccuracy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { top_1, top_5, videos, left_out, clips, mean_of } = self;
        let ClipConfig { frames, stride, clips, crops } = clips;
        write!(f, "top-1 {:.1} %, top-5 {:.1} % of {videos} videos", 100.0 * top_1, 100.0 * top_5)?;
        write!(f, ", {clips} × {crops} views (clips × crops) of {frames} frames, {stride} apart")?;
        let mean_of = match mean_of {
            ViewMean::Logits => "logits",
            ViewMean::Probabilities => "probabilities",
        };
        if clips * crops > 1 {
            write!(f, ", mean of their {mean_of}")?;
        }
        match left_out {
            0 => Ok(()),
            left_out => write!(f, "; {left_out} videos are left out"),
        }
    }
}

/// The logits `[videos, views, classes]` of all views of all videos, row by row.
///
/// # Errors
///
/// [`VideoError::Fit`] for features of other frames or of another width than the head takes, [`VideoError::Runtime`].
pub fn logits_of_views(
    runtime: &Runtime,
    head: &TemporalHead,
    features: &VideoFeatures,
    batch: usize,
) -> Result<Vec<f32>, VideoError> {
    let (frames, width) = (features.clips().frames, features.width());
    let fit = |what: &str, expected: usize, got: usize| match expected == got {
        true => Ok(()),
        false => Err(VideoError::Fit {
            what: what.into(),
            expected: format!("{expected}, as the head takes"),
            got: got.to_string(),
        }),
    };
    fit("frames of a clip", head.frames(), frames)?;
    fit("features of a frame", head.projection.weight.dims()[0], width)?;
    let (batch, views) = (batch.max(1), features.clips().views());
    let all: Vec<(usize, usize)> =
        (0..features.len()).flat_map(|video| (0..views).map(move |view| (video, view))).collect();
    let classes = head.head.weight.dims()[1];
    let bound =
        runtime.bind(head.clone(), |head: &TemporalHead, clips: Tensor<3>| head.forward(clips))?;
    let mut logits = Vec::with_capacity(all.len() * classes);
    for views in all.chunks(batch) {
        // All batches have one size, so that one program serves them all.
        let mut values = vec![0.0; batch * frames * width];
        for ((video, view), values) in views.iter().zip(values.chunks_exact_mut(frames * width)) {
            features.view(*video, *view, values);
        }
        let values = TensorData::new(values, [batch, frames, width]);
        let out = bound.call(Tensor::from_data(values, &runtime.device()))?;
        let out = out.cast(DType::F32).into_data();
        logits.extend(out.iter::<f32>().take(views.len() * classes));
    }
    Ok(logits)
}

/// Counts about how many videos with labels a head is right, by the mean over the views of each.
///
/// # Errors
///
/// [`VideoError::Fit`] for a head of other frames, classes or features, and where no video has a label;
/// [`VideoError::Data`] for a label that the head does not know.
pub fn evaluate(
    runtime: &Runtime,
    trained: &TrainedHead,
    features: &VideoFeatures,
    mean_of: ViewMean,
) -> Result<VideoAccuracy, VideoError> {
    const BATCH: usize = 64;
    if !features.is_made_as(&trained.made_by) {
        return Err(VideoError::Fit {
            what: "features".into(),
            expected: "those of the model that the head was trained on".into(),
            got: "others: another model, precision or way of decoding".into(),
        });
    }
    let labelled = (0..features.len()).filter(|video| !features.labels(*video).is_empty());
    let labelled: Vec<usize> = labelled.collect();
    if labelled.is_empty() {
        return Err(VideoError::Fit {
            what: "features".into(),
            expected: "videos with labels".into(),
            got: format!("{} without one", features.len()),
        });
    }
    let left_out = features.left_out() + features.len() - labelled.len();
    let features = features.select(labelled).with_classes(&trained.classes)?;
    let logits = logits_of_views(runtime, &trained.head, &features, BATCH)?;
    let (views, classes) = (features.clips().views(), trained.classes.len());
    let means = mean_of_views(&logits, [views, classes], mean_of)?;
    let (mut first, mut fifth) = (0, 0);
    for (video, row) in means.chunks_exact(classes).enumerate() {
        let labels = features.labels(video);
        let own = labels.iter().map(|label| row[*label]).fold(f64::NEG_INFINITY, f64::max);
        let is_before = |(class, value): (usize, &f64)| !labels.contains(&class) && *value >= own;
        let before = row.iter().enumerate().filter(|at| is_before(*at)).count();
        first += usize::from(before < 1);
        fifth += usize::from(before < 5);
    }
    let videos = features.len();
    let share = |count: usize| count as f64 / videos as f64;
    let (top_1, top_5) = (share(first), share(fifth));
    Ok(VideoAccuracy { top_1, top_5, videos, left_out, clips: features.clips(), mean_of })
}

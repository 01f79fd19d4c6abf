//! Classes of pixels.

use std::sync::Arc;

use burn::tensor::activation::softmax;
use burn::tensor::{Tensor, TensorData};

use super::views::{Input, PredictError, Steps, in_batches};
use crate::data::{Image, Preprocess, Transform};
use crate::dense::segmentation::SegmentationModel;
use crate::eval::{WindowMean, window_starts};
use crate::heads::{Corners, Resample2d};
use crate::runtime::{Bound, Runtime};

/// Square windows in which large images are seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Windows {
    /// The side of a window in pixels.
    pub side: usize,
    /// Pixels from a window to the next one, at most `side`.
    pub stride: usize,
}

/// A model of segmentation at work: images of any size to the class of each pixel.
///
/// An image is seen whole, or in windows whose logits are averaged where they overlap; once, or in several sizes and mirrored,
/// whose probabilities are averaged.
///
/// ```
/// use vit22b::Runtime;
/// use vit22b::data::{Preprocess, Scenes};
/// use vit22b::dense::{BlockChoice, SegmentationConfig, Segmenter};
/// use vit22b::heads::LinearDecoderConfig;
/// use vit22b::vit::Variant;
///
/// let runtime = Runtime::flex();
/// let tower = Variant::parse("mu/16")?.config(0).with_image([32, 32]).with_depth(2);
/// let head = LinearDecoderConfig::new(32, 5).into();
/// let model = SegmentationConfig::new(tower, BlockChoice::new(vec![1]), head).init(&runtime.device())?;
/// let steps: Preprocess = "resize(32, 32, bilinear)|value_range(-1, 1)".parse()?;
/// let segmenter = Segmenter::new(&runtime, model, move |_| steps.clone())?
///     .with_scales(vec![1.0, 1.5])?
///     .with_mirrored(true);
/// let classes = segmenter.classes(&[Scenes::new(50, 0).scene(0).image])?;
/// assert_eq!(classes[0].len(), 50 * 50);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Segmenter {
    model: Bound<SegmentationModel, Tensor<4>, Tensor<4>>,
    classes: usize,
    patch: usize,
    steps: Steps,
    scales: Vec<f64>,
    mirrored: bool,
    windows: Option<Windows>,
    batch: usize,
}

impl std::fmt::Debug for Segmenter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Segmenter")
            .field("classes", &self.classes)
            .field("scales", &self.scales)
            .field("mirrored", &self.mirrored)
            .field("windows", &self.windows)
            .finish_non_exhaustive()
    }
}

impl Segmenter {
    /// The model on a runtime, with whole images seen once. `steps` make its input of an image of a height and a width.
    ///
    /// # Errors
    ///
    /// [`PredictError::Runtime`].
    pub fn new(
        runtime: &Runtime,
        model: SegmentationModel,
        steps: impl Fn([usize; 2]) -> Preprocess + Send + Sync + 'static,
    ) -> Result<Self, PredictError> {
        let (classes, patch) = (model.config().head.classes(), model.config().tower.patch);
        let model =
            runtime.bind(model, |model: &SegmentationModel, images| model.forward(images))?;
        let (steps, scales) = (Arc::new(steps), vec![1.0]);
        Ok(Self { model, classes, patch, steps, scales, mirrored: false, windows: None, batch: 8 })
    }

    /// Sees images in these sizes, relative to the model's own.
    ///
    /// # Errors
    ///
    /// [`PredictError::Setting`] for none, or one that is not from 0.1 to 10.
    pub fn with_scales(self, scales: Vec<f64>) -> Result<Self, PredictError> {
        let valid = |scale: &f64| (0.1..=10.0).contains(scale);
        match scales.iter().find(|scale| !valid(scale)) {
            Some(scale) => Err(PredictError::setting("scales", scale, "factors from 0.1 to 10")),
            None if scales.is_empty() => {
                Err(PredictError::setting("scales", "none", "at least one factor"))
            }
            None => Ok(Self { scales, ..self }),
        }
    }

    /// Whether each image is also seen mirrored left to right.
    #[must_use]
    pub fn with_mirrored(self, mirrored: bool) -> Self {
        Self { mirrored, ..self }
    }

    /// Sees images in windows, or whole.
    ///
    /// # Errors
    ///
    /// [`PredictError::Setting`] for a side that is no multiple of the patch, or a stride that leaves gaps.
    pub fn with_windows(self, windows: Option<Windows>) -> Result<Self, PredictError> {
        if let Some(Windows { side, stride }) = windows {
            if side == 0 || !side.is_multiple_of(self.patch) {
                let expected = format!("a positive multiple of the patch, {}", self.patch);
                return Err(PredictError::setting("window", side, expected));
            }
            if !(1..=side).contains(&stride) {
                return Err(PredictError::setting(
                    "stride",
                    stride,
                    format!("1 to {side}, the window"),
                ));
            }
        }
        Ok(Self { windows, ..self })
    }

    /// How many inputs of one size are computed at once, at least 1; 8 without it.
    #[must_use]
    pub fn with_batch(self, batch: usize) -> Self {
        Self { batch, ..self }
    }

    /// The number of classes.
    pub fn class_count(&self) -> usize {
        self.classes
    }

    /// The class of each pixel of each image, row by row.
    ///
    /// # Errors
    ///
    /// [`PredictError`]: of the runtime, steps that are more than a resize where images are seen in several sizes, logits that
    /// are not finite, and more classes than a byte has.
    pub fn classes(&self, images: &[Image]) -> Result<Vec<Vec<u8>>, PredictError> {
        if self.classes > 256 {
            return Err(PredictError::setting("classes", self.classes, "at most 256"));
        }
        let maps = self.maps(images)?;
        let own = images.iter().zip(maps);
        own.map(|(image, map)| largest(map, [image.height(), image.width()])).collect()
    }

    /// For each image a map of `[1, c, h, w]`: logits in the size in which they are computed, or probabilities in that of the input
    /// where several are averaged.
    fn maps(&self, images: &[Image]) -> Result<Vec<Tensor<4>>, PredictError> {
        let mut inputs = Vec::new();
        let mut views = Vec::new();
        for (index, image) in images.iter().enumerate() {
            let base = (self.steps)([image.height(), image.width()]);
            let base_size = base.size_for([image.height(), image.width()]);
            for scale in &self.scales {
                let input = Input::of(image, &self.scaled(&base, base_size, *scale)?);
                let flips: &[bool] = if self.mirrored { &[false, true] } else { &[false] };
                for flip in flips {
                    let input = if *flip { input.clone().mirrored() } else { input.clone() };
                    let view = View { index, base: base_size, flip: *flip, size: input.size };
                    for (part, start) in self.parts(input) {
                        views.push((view, start));
                        inputs.push(part);
                    }
                }
            }
        }
        let mut joined: Vec<Option<Tensor<4>>> = vec![None; images.len()];
        let alone = self.scales.len() == 1 && !self.mirrored;
        let mut outputs: Vec<Option<Tensor<4>>> = vec![None; inputs.len()];
        in_batches(
            inputs,
            self.batch,
            |images| self.model.call(images),
            |place, logits| {
                outputs[place] = Some(logits);
                Ok(())
            },
        )?;
        let mut place = 0;
        while place < views.len() {
            let (view, _) = views[place];
            let end = (place..views.len()).find(|at| views[*at].0 != view).unwrap_or(views.len());
            let parts = (place..end).filter_map(|at| Some((views[at].1, outputs[at].take()?)));
            let logits = self.whole(&view, parts.collect())?;
            let logits = if view.flip { logits.flip([3]) } else { logits };
            let map = match alone {
                true => logits,
                false => softmax(EDGES.forward(logits, view.base), 1),
            };
            let sum = joined[view.index].take();
            joined[view.index] = Some(match sum {
                Some(sum) => sum + map,
                None => map,
            });
            place = end;
        }
        Ok(joined.into_iter().flatten().collect())
    }

    /// The steps for an image in another size, whose sides are multiples of the patch.
    fn scaled(
        &self,
        steps: &Preprocess,
        size: [usize; 2],
        scale: f64,
    ) -> Result<Preprocess, PredictError> {
        if scale == 1.0 {
            return Ok(steps.clone());
        }
        let patch = self.patch as f64;
        let side = |side: usize| ((side as f64 * scale / patch).round().max(1.0) * patch) as usize;
        let new = size.map(side);
        let mut resizes = 0;
        let scaled = steps.steps().iter().map(|step| match *step {
            Transform::Resize { filter, .. } => {
                resizes += 1;
                Transform::Resize { size: new, filter }
            }
            step => step,
        });
        let scaled = Preprocess::new(scaled.collect());
        match scaled {
            Ok(scaled) if resizes == 1 && scaled.size() == new => Ok(scaled),
            _ => Err(PredictError::setting(
                "scales",
                scale,
                format!(
                    "1 with the steps {steps}: other sizes need one resize to height and width"
                ),
            )),
        }
    }

    /// The windows of an input and where they begin; the input itself where there are none, or where it is no larger than one.
    fn parts(&self, input: Input) -> Vec<(Input, [usize; 2])> {
        let Some(Windows { side, stride }) = self.windows else { return vec![(input, [0, 0])] };
        let [rows, columns] = input.size.map(|length| window_starts(length, side, stride));
        let window = input.size.map(|length| length.min(side));
        let starts = rows.iter().flat_map(|top| columns.iter().map(move |left| [*top, *left]));
        starts.map(|start| (input.part(start, window), start)).collect()
    }

    /// The logits of a whole input.
    fn whole(
        &self,
        view: &View,
        mut parts: Vec<([usize; 2], Tensor<4>)>,
    ) -> Result<Tensor<4>, PredictError> {
        if self.windows.is_none() || parts.len() == 1 {
            return Ok(parts.remove(0).1);
        }
        let mut mean = WindowMean::new(self.classes, view.size);
        let host = parts[0].1.device();
        for (start, logits) in parts {
            let [_, _, height, width] = logits.dims();
            let values: Vec<f32> = logits.into_data().iter().collect();
            mean.add(start, [height, width], &values)?;
        }
        let values: Vec<f32> = mean.finish()?.into_iter().map(|value| value as f32).collect();
        let shape = [1, self.classes, view.size[0], view.size[1]];
        Ok(Tensor::from_data(TensorData::new(values, shape), &host))
    }
}

const EDGES: Resample2d = Resample2d::new(Corners::Edges);

/// An image in one size, as it is or mirrored.
#[derive(Debug, Clone, Copy, PartialEq)]
struct View {
    index: usize,
    base: [usize; 2],
    flip: bool,
    size: [usize; 2],
}

/// The class whose value is largest at each pixel of an image of this size.
fn largest(map: Tensor<4>, size: [usize; 2]) -> Result<Vec<u8>, PredictError> {
    // One class after the other: all classes in the size of a large photograph would take gigabytes.
    let count = size[0] * size[1];
    let (mut best, mut classes) = (vec![f32::NEG_INFINITY; count], vec![0u8; count]);
    for class in 0..map.dims()[1] {
        let map = EDGES.forward(map.clone().narrow(1, class, 1), size).into_data();
        for ((best, of_pixel), value) in best.iter_mut().zip(&mut classes).zip(map.iter::<f32>()) {
            if value.is_nan() {
                let text = "the model's logits are not numbers (NaN); its weights or the image's values are not valid";
                return Err(PredictError::Values(text.into()));
            }
            if value > *best {
                (*best, *of_pixel) = (value, class as u8);
            }
        }
    }
    Ok(classes)
}

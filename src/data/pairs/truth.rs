//! What is known of pixels, in files.

use std::path::Path;

use burn_trace::TensorTree;
use serde_json::{Value, json};

use crate::data::batch::{DepthBatch, MaskBatch};
use crate::data::class_list::{ClassList, IGNORED};
use crate::data::depth_map::DepthMap;
use crate::data::error::DataError;
use crate::data::label_mask::LabelMask;

/// A kind of truth that pixels have: a class, or a depth.
pub trait Truth: Clone + Send + Sync + 'static {
    /// The value of a pixel.
    type Pixel: Copy + PartialEq + Send + 'static;
    /// Images with such values.
    type Batch: TensorTree + Send + 'static;
    /// What a file of it is called.
    const NAME: &'static str;
    /// Endings of its files in lower case, in the order in which they are looked for.
    const ENDINGS: &'static [&'static str];
    /// The value of a pixel of which nothing is known.
    const UNKNOWN: Self::Pixel;

    /// Height and width, and a value for each pixel, of a file.
    ///
    /// # Errors
    ///
    /// [`DataError::Truth`] for a file that cannot be read, or values that are not valid.
    fn read(&self, path: &Path) -> Result<([usize; 2], Vec<Self::Pixel>), DataError>;

    /// The value of a pixel in an image that was enlarged by this factor.
    fn enlarged(&self, pixel: Self::Pixel, _factor: f64) -> Self::Pixel {
        pixel
    }

    /// The largest share that one value has among the known pixels of a crop; 0 where no crop is preferred.
    fn share_of_one(&self, _crop: &[Self::Pixel]) -> f64 {
        0.0
    }

    /// A batch of `[b, height, width]` on the host.
    fn batch(values: Vec<f32>, pixels: Vec<Self::Pixel>, shape: [usize; 3]) -> Self::Batch;

    /// What the values follow from besides the files.
    fn describe(&self) -> Value;
}

/// Classes of pixels in masks: PNG with a palette, or grey.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MaskTruth {
    classes: ClassList,
}

impl MaskTruth {
    /// Masks with the numbers of these classes.
    pub fn new(classes: ClassList) -> Self {
        Self { classes }
    }

    /// The classes.
    pub fn classes(&self) -> &ClassList {
        &self.classes
    }
}

impl Truth for MaskTruth {
    type Pixel = u8;
    type Batch = MaskBatch;
    const NAME: &'static str = "mask";
    const ENDINGS: &'static [&'static str] = &["png"];
    const UNKNOWN: u8 = IGNORED;

    fn read(&self, path: &Path) -> Result<([usize; 2], Vec<u8>), DataError> {
        let name = path.display().to_string();
        let mask = LabelMask::read(path).map_err(|error| of_file(&name, error.to_string()))?;
        Ok(([mask.height(), mask.width()], self.classes.classes_of(&name, &mask)?))
    }

    fn share_of_one(&self, crop: &[u8]) -> f64 {
        let mut counts = [0usize; 256];
        crop.iter().for_each(|class| counts[usize::from(*class)] += 1);
        let known = &counts[..usize::from(IGNORED)];
        let all: usize = known.iter().sum();
        // A crop of unknown pixels teaches nothing, and is as bad as one of a single class.
        let most = known.iter().copied().max().unwrap_or(0);
        if all == 0 { 1.0 } else { most as f64 / all as f64 }
    }

    fn batch(values: Vec<f32>, pixels: Vec<u8>, shape: [usize; 3]) -> MaskBatch {
        MaskBatch::new(values, pixels, shape)
    }

    fn describe(&self) -> Value {
        json!({ "masks": self.classes.names(), "first": self.classes.first() })
    }
}

/// Depths of pixels: `.npy`, `.pfm`, or PNG of 16 bits with a scale. A depth that is not above 0, or not finite, is not
/// known.
#[derive(Debug, Clone, PartialEq)]
pub struct DepthTruth {
    steps: f64,
}

impl DepthTruth {
    /// Depths whose PNG files have this many steps for one unit of depth, above 0: 256 in KITTI's, 1000 in NYU's.
    ///
    /// # Errors
    ///
    /// [`DataError::Setting`] for another number.
    pub fn new(steps: f64) -> Result<Self, DataError> {
        match steps > 0.0 && steps.is_finite() {
            true => Ok(Self { steps }),
            false => Err(DataError::Setting {
                field: "steps",
                value: steps.to_string(),
                expected: "a finite number above 0, the steps of a PNG for one unit of depth",
            }),
        }
    }
}

impl Truth for DepthTruth {
    type Pixel = f32;
    type Batch = DepthBatch;
    const NAME: &'static str = "map of depths";
    const ENDINGS: &'static [&'static str] = &["png", "npy", "pfm"];
    const UNKNOWN: f32 = 0.0;

    fn read(&self, path: &Path) -> Result<([usize; 2], Vec<f32>), DataError> {
        let name = path.display().to_string();
        let map = DepthMap::read(path, self.steps);
        let map = map.map_err(|error| of_file(&name, error.to_string()))?;
        let known = |depth: &f32| if *depth > 0.0 && depth.is_finite() { *depth } else { 0.0 };
        Ok(([map.height(), map.width()], map.values().iter().map(known).collect()))
    }

    /// What is enlarged seems as much nearer.
    fn enlarged(&self, depth: f32, factor: f64) -> f32 {
        (f64::from(depth) / factor) as f32
    }

    fn batch(values: Vec<f32>, pixels: Vec<f32>, shape: [usize; 3]) -> DepthBatch {
        DepthBatch::new(values, pixels, shape)
    }

    fn describe(&self) -> Value {
        json!({ "depths": self.steps })
    }
}

/// The error of a file, which its reader may have named already.
fn of_file(name: &str, problem: String) -> DataError {
    let problem = problem.strip_prefix(&format!("{name}: ")).unwrap_or(&problem).to_string();
    DataError::Truth { name: name.into(), problem }
}

//! What a teacher says of views of drawings, and students that learn from it.

use std::fmt;
use std::sync::Arc;

use burn::tensor::TensorData;

use super::head_training::train;
use super::pictures::Pictures;
use super::result::ExperimentError;
use super::scenes::steps;
use super::shapes::{BATCH, FIRST_TESTED, classes, crops, drawn};
use crate::data::{BatchError, BatchSource, ExampleKey};
use crate::distil::{Distil, DistilBatch, DistilError, Fidelity, Teacher};
use crate::eval::{Matrix, accuracy};
use crate::params;
use crate::runtime::Runtime;
use crate::train::{Duration, Recipe, Start};
use crate::vit::{ViT22B, ViT22BConfig};

/// Images for the test.
const TESTED: u64 = 600;
/// Peak learning rate of students.
const RATE: f64 = 0.003;
/// What another view is drawn from; the numbers below are of the steps of preprocessing.
const OTHER: u64 = 1 << 32;

/// What a student is told of a view of an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told {
    /// What the teacher says of the same view.
    SameView,
    /// What the teacher says of another view of the same image.
    OtherView,
    /// The label.
    Label,
}

impl Told {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::SameView, Self::OtherView, Self::Label];
}

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::SameView => "told of the same view",
            Self::OtherView => "told of another view",
            Self::Label => "told the label",
        })
    }
}

/// What a student reaches on images that neither it nor the teacher learned from.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Distilled {
    /// The share of images that it classifies rightly.
    pub right: f64,
    /// How like its teacher it is.
    pub fidelity: Fidelity,
}

/// A teacher of the ten shapes of [`ColouredShapes`](crate::data::ColouredShapes), drawings for students, which are the
/// first of the teacher's, and what the teacher says of random views of each. The student's views are these.
///
/// ```
/// use vit22b::experiments::{Lessons, Told, shape_teacher};
/// use vit22b::{Runtime, params};
/// use vit22b::vit::ViT22BConfig;
///
/// let runtime = Runtime::flex();
/// let config = ViT22BConfig::new(10).with_image([8, 8]).with_patch(4);
/// let config = config.with_width(32).with_depth(2).with_mlp_dim(64).with_num_heads(2);
/// let model = params::initialize(config.init(&runtime.device())?);
///
/// let teacher = shape_teacher(&runtime, model, 2, 0)?;
/// let lessons = Lessons::new(&runtime, &teacher, (20, 4), 0)?;
/// let student = lessons.student(&runtime, Told::SameView, 2)?;
/// assert!(student.fidelity.divergence > 0.0 && student.right < 1.0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Lessons {
    student: ViT22BConfig,
    images: Pictures,
    test: Pictures,
    views: u64,
    /// The logits of each view of each image, and of each image of the test.
    of_views: Arc<[f32]>,
    of_test: Vec<f32>,
    seed: u64,
}

impl Lessons {
    /// Asks a teacher, such as [`shape_teacher`](super::shape_teacher) makes, about so many drawings, at least 1, and so many views of each, at
    /// least 2.
    ///
    /// # Errors
    ///
    /// [`ExperimentError::Distil`] for a teacher of other classes than the ten shapes, or of images that are not square.
    pub fn new(
        runtime: &Runtime,
        teacher: &ViT22B,
        (drawings, views): (u64, u64),
        seed: u64,
    ) -> Result<Self, ExperimentError> {
        let ViT22BConfig { image, patch, num_classes, .. } = *teacher.config();
        let (side, drawings, views) = (image[0], drawings.max(1), views.max(2));
        if (num_classes, image) != (classes(), [side; 2]) {
            let told = |classes: usize, [height, width]: [usize; 2]| {
                format!("{classes} classes of images of {height} × {width} pixels")
            };
            return Err(ExperimentError::Distil(DistilError::Fit {
                what: "the teacher".into(),
                expected: told(classes(), [side; 2]),
                got: told(num_classes, image),
            }));
        }
        let images = drawn(side, (0, drawings), crops(side), seed);
        let test = drawn(side, (FIRST_TESTED, TESTED), steps(side), seed);
        let said = |pictures: &Pictures, views: u64| -> Result<Vec<f32>, ExperimentError> {
            said_by(runtime, teacher.clone(), pictures, views)
        };
        let student = ViT22BConfig::new(classes()).with_image(image).with_patch(patch);
        Ok(Self {
            student: student
                .with_width(48)
                .with_depth(1)
                .with_mlp_dim(192)
                .with_num_heads(4)
                .with_head_bias(0.0),
            of_views: said(&images, views)?.into(),
            of_test: said(&test, 1)?,
            images,
            views,
            test,
            seed,
        })
    }

    /// The share of test images that the teacher classifies rightly.
    ///
    /// # Errors
    ///
    /// [`ExperimentError::Eval`] for a teacher that says what is not finite.
    pub fn teacher_right(&self) -> Result<f64, ExperimentError> {
        right(&self.of_test, &self.test.labels())
    }

    /// A student of one block, after so many steps with what it is told. All students of a seed begin with the same
    /// parameters and see the same views.
    ///
    /// # Errors
    ///
    /// [`ExperimentError`] for what training fails with.
    pub fn student(
        &self,
        runtime: &Runtime,
        told: Told,
        steps: u64,
    ) -> Result<Distilled, ExperimentError> {
        let device = runtime.device();
        let draw = || self.student.init(&device).map(params::initialize);
        let student = params::with_seed(&device, self.seed, draw)?;
        let task = Distil::new(self.student.clone(), 1.0)?;
        let recipe = Recipe::distil(BATCH, Duration::Steps(steps), RATE);
        let start = Start::From(student, self.seed);
        let student = train(runtime, (task, recipe, start), Arc::new(self.telling(told)))?;
        let logits = said_by(runtime, student, &self.test, 1)?;
        let [one, other] = [&logits, &self.of_test].map(|of| Matrix::new(of, classes()));
        Ok(Distilled {
            right: right(&logits, &self.test.labels())?,
            fidelity: Fidelity::new(one?, other?)?,
        })
    }

    fn telling(&self, told: Told) -> Telling {
        let (images, of_views) = (self.images.clone(), Arc::clone(&self.of_views));
        Telling { images, views: self.views, of_views, told, seed: self.seed }
    }
}

/// The logits of views of pictures, view after view.
fn said_by(
    runtime: &Runtime,
    model: ViT22B,
    pictures: &Pictures,
    views: u64,
) -> Result<Vec<f32>, ExperimentError> {
    let side = model.config().image[0];
    let who = Teacher::new(runtime, model, crops(side), 60)?;
    let mut logits = vec![];
    for view in 0..views {
        let which: Vec<_> = (0..pictures.len()).map(|image| (image, view)).collect();
        logits.extend(who.logits(pictures.views(&which).images)?);
    }
    Ok(logits)
}

fn right(logits: &[f32], labels: &[usize]) -> Result<f64, ExperimentError> {
    let said = Matrix::new(logits, classes())?.argmax()?;
    Ok(accuracy(&said, labels))
}

/// Views with what a student is told of them.
struct Telling {
    images: Pictures,
    views: u64,
    of_views: Arc<[f32]>,
    told: Told,
    seed: u64,
}

impl BatchSource<DistilBatch> for Telling {
    fn batch(&self, position: u64, size: usize) -> Result<DistilBatch, BatchError> {
        let places = (position..position + size as u64).map(|at| {
            let (image, pass) = self.images.at(at);
            (image, pass % self.views)
        });
        let places: Vec<_> = places.collect();
        let (batch, classes) = (self.images.views(&places), classes());
        let mut logits = Vec::with_capacity(size * classes);
        for (at, (image, view)) in (position..).zip(&places) {
            let view = match self.told {
                Told::SameView => *view,
                // Any of the others, and in each pass another one.
                _ => {
                    let mut rng = ExampleKey::new(self.seed, at, *image as u64).rng(OTHER);
                    (view + rng.u64(1..self.views)) % self.views
                }
            };
            let row = view as usize * self.images.len() + image;
            logits.extend(&self.of_views[row * classes..][..classes]);
        }
        if self.told == Told::Label {
            // Their softmax is the label, but for one part in fifty million.
            logits = batch.targets.to_data().iter::<f32>().map(|target| 20.0 * target).collect();
        }
        Ok(DistilBatch::new(batch, TensorData::new(logits, [size, classes])))
    }

    fn examples_per_epoch(&self) -> Option<u64> {
        self.images.examples_per_epoch()
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::activation::softmax;

    use super::*;
    use crate::experiments::shape_teacher;

    fn model(num_classes: usize) -> ViT22B {
        let runtime = Runtime::flex();
        let config = ViT22BConfig::new(num_classes).with_image([8, 8]).with_patch(4);
        let config = config.with_width(32).with_depth(1).with_mlp_dim(64).with_num_heads(2);
        let device = runtime.device();
        params::with_seed(&device, 1, || config.init(&device).map(params::initialize)).unwrap()
    }

    #[test]
    fn students_are_told_what_their_names_say() {
        let runtime = Runtime::flex();
        // A few steps, so that it says something.
        let teacher = shape_teacher(&runtime, model(0), 3, 0).unwrap();
        let lessons = Lessons::new(&runtime, &teacher, (240, 3), 0).unwrap();
        let batch = |told: Told| lessons.telling(told).batch(230, 20).unwrap();
        let said: Vec<f32> =
            teacher.forward(batch(Told::SameView).images).into_data().try_to_vec().unwrap();
        let of = |told: Told| -> Vec<f32> { batch(told).teacher.into_data().try_to_vec().unwrap() };
        // In batches of another size, sums have other orders.
        let largest = |a: &[f32], b: &[f32]| -> f32 {
            a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
        };
        assert!(largest(&said, &of(Told::SameView)) < 1e-5);
        assert!(said.iter().any(|logit| logit.abs() > 1e-3), "{said:?}");
        // Of each image another of its three views.
        let (same, other) = (of(Told::SameView), of(Told::OtherView));
        let count = lessons.images.len();
        for (row, position) in (230..250).enumerate() {
            let (image, pass) = lessons.images.at(position);
            let [same, other] = [&same, &other].map(|of| &of[10 * row..][..10]);
            let kept = |view: u64| {
                let row = (view % 3) as usize * count + image;
                &lessons.of_views[10 * row..][..10]
            };
            assert_eq!(same, kept(pass));
            assert!(other == kept(pass + 1) || other == kept(pass + 2), "row {row}");
        }
        let DistilBatch { targets, teacher, .. } = batch(Told::Label);
        let gap: f32 = (softmax(teacher, 1) - targets).abs().max().into_scalar();
        assert!(gap < 1e-7, "{gap}");
    }

    #[test]
    fn teachers_that_do_not_fit_are_told() {
        let error = |model: &ViT22B| {
            Lessons::new(&Runtime::flex(), model, (9, 2), 0).unwrap_err().to_string()
        };
        assert_eq!(
            error(&model(7)),
            "the teacher: expected 10 classes of images of 8 × 8 pixels, got 7 classes of images of 8 × 8 pixels"
        );
        let wide = model(10).with_image([8, 12]).unwrap();
        assert!(error(&wide).ends_with("got 10 classes of images of 8 × 12 pixels"));
    }
}

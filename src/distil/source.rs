//! Views with what a teacher says of them.

use burn::tensor::TensorData;
use serde_json::{Value, json};

use crate::data::{BatchError, BatchSource, BigVisionResize, Preprocess, Transform, Views};

use super::cache::TeacherCache;
use super::error::DistilError;
use super::task::DistilBatch;
use super::teacher::Teacher;

/// The views of a student with what a teacher says of the same views, as batches for [`Distil`](super::Distil).
#[derive(Debug)]
pub struct Answers {
    student: Views,
    teacher: From,
}

#[derive(Debug)]
enum From {
    Cache(TeacherCache),
    Teacher(Box<Teacher>, Views),
}

impl Answers {
    /// What the teacher said when the cache was made.
    ///
    /// # Errors
    ///
    /// [`DistilError::Fit`] for views that are not those of the cache: other images, another seed or number of views, or
    /// preprocessing that draws other numbers.
    pub fn kept(student: Views, cache: TeacherCache) -> Result<Self, DistilError> {
        let preprocess = cache.views()["preprocess"].as_str().unwrap_or_default().to_owned();
        let teachers: Result<Preprocess, _> = preprocess.parse();
        let teachers = teachers
            .map_err(|error| DistilError::fit("preprocessing of the cache", "steps", error))?;
        let classes = cache.classes();
        check(&student, cache.views(), &teachers, classes)?;
        Ok(Self { student, teacher: From::Cache(cache) })
    }

    /// What the teacher says now: it is asked about each batch. Nothing is kept, and each epoch costs what the cache costs for
    /// a view.
    ///
    /// # Errors
    ///
    /// As [`kept`](Self::kept).
    pub fn online(student: Views, teacher: Teacher) -> Result<Self, DistilError> {
        let preprocess = teacher.preprocess().clone();
        let views = student.clone().with_preprocess(preprocess)?;
        check(&student, &views.describe(), teacher.preprocess(), teacher.classes())?;
        Ok(Self { student, teacher: From::Teacher(Box::new(teacher), views) })
    }

    fn logits(&self, views: &[(usize, u64)]) -> Result<(Vec<f32>, usize), DistilError> {
        Ok(match &self.teacher {
            From::Cache(cache) => {
                let mut logits = Vec::with_capacity(views.len() * cache.classes());
                for (image, view) in views {
                    logits.extend(cache.logits(*image, *view)?);
                }
                (logits, cache.classes())
            }
            From::Teacher(teacher, of_teacher) => {
                (teacher.of_views(of_teacher, views)?, teacher.classes())
            }
        })
    }
}

impl BatchSource<DistilBatch> for Answers {
    fn batch(&self, position: u64, size: usize) -> Result<DistilBatch, BatchError> {
        let views: Vec<_> =
            (position..position + size as u64).map(|at| self.student.at(at)).collect();
        let error = |error: DistilError| BatchError::new(position, error);
        let batch = self.student.batch_of(&views).map_err(|e| error(e.into()))?;
        let (logits, classes) = self.logits(&views).map_err(error)?;
        Ok(DistilBatch::new(batch, TensorData::new(logits, [size, classes])))
    }

    fn examples_per_epoch(&self) -> Option<u64> {
        self.student.examples_per_epoch()
    }

    fn describe(&self) -> Value {
        let (teacher, kept) = match &self.teacher {
            From::Cache(cache) => (cache.teacher(), json!(cache.kept())),
            From::Teacher(teacher, _) => (teacher.digest(), Value::Null),
        };
        json!({ "views": self.student.describe(), "teacher": teacher, "kept": kept })
    }
}

fn check(
    student: &Views,
    teacher: &Value,
    preprocess: &Preprocess,
    classes: usize,
) -> Result<(), DistilError> {
    let ours = student.describe();
    for field in ["images", "exif_orientation", "views", "mixup", "seed"] {
        if ours[field] != teacher[field] {
            let what = format!("{field} of the student's views");
            let expected = format!("{} as the teacher's", teacher[field]);
            return Err(DistilError::fit(&what, expected, &ours[field]));
        }
    }
    let of_set = student.set().classes().len();
    if of_set != classes {
        let expected = format!("{of_set} classes, as the images have");
        return Err(DistilError::fit("the teacher", expected, format!("{classes} classes")));
    }
    if draws(student.preprocess()) != draws(preprocess) {
        let expected =
            format!("the random steps of the teacher's, {preprocess}, at the same places");
        return Err(DistilError::fit(
            "preprocessing of the student",
            expected,
            student.preprocess(),
        ));
    }
    Ok(())
}

/// The steps that draw random numbers, each with its place, without the sizes of what they make.
fn draws(preprocess: &Preprocess) -> Vec<(usize, String)> {
    let name = |step: &Transform| match step {
        Transform::InceptionCrop { area: [low, high], .. }
        | Transform::BigVision {
            resize: BigVisionResize::CropTo { area: [low, high], .. }, ..
        } => Some(format!("inception_crop({low}, {high})")),
        Transform::FlipLr | Transform::RandAugment { .. } | Transform::RandomErasing { .. } => {
            Some(step.to_string())
        }
        _ => None,
    };
    let steps = preprocess.steps().iter().enumerate();
    steps.filter_map(|(place, step)| Some((place, name(step)?))).collect()
}

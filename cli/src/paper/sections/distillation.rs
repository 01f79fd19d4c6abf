use vit22b::experiments::{Distilled, Lessons, Told, shape_teacher};
use vit22b::report::ReportError;

use crate::paper::bench::Bench;
use crate::paper::claim::{Claim, Expect};
use crate::paper::figures::over_sizes;
use crate::paper::measured::Unit::{Plain, Share};
use crate::paper::measured::{Figure, Found, Measured};
use crate::paper::section::Measure::Models;
use crate::paper::section::{Metric, Said, Section, Sure};
use crate::paper::subject::Subject;

/// What a small model learns from a large one.
pub(super) const SECTION: Section = Section {
    name: "distillation",
    title: "Distillation",
    paper: &[
        Said {
            text: "Students of ViT-22B at 384 pixels on ImageNet: ViT-B/16 88.6 %, ViT-L/16 89.6 %.",
            sure: Sure::Reported,
        },
        Said {
            text: "The teacher is fine-tuned and says what it thinks of 500 random views of each image, mixed in pairs; the student sees the same views for 1,000 epochs. Without the teacher, B/16 had 84.2 to 86.7 %, L/16 87.1 to 88.5 %.",
            sure: Sure::Recalled,
        },
    ],
    here: "Each model is fine-tuned on ten shapes and teaches a student of one block of width 48, which has 240 drawings and sees 32 views of each. A student that is told of another view of the same drawing stands beside it, and one that is told the label; that one has no teacher, so it stands in the first row alone. Where models are given, this is left out: `vit22b distil` does it.",
    metrics: &[
        Metric { key: "student", title: "student", unit: Share },
        Metric { key: "teacher", title: "teacher", unit: Share },
        Metric { key: "other", title: "told of another view", unit: Share },
        Metric { key: "label", title: "told the label", unit: Share },
        Metric { key: "divergence", title: "KL(teacher ‖ student)", unit: Plain },
    ],
    claim: Some(Claim {
        text: "A large teacher makes the best small models.",
        metric: "student",
        expect: Expect::Rises,
    }),
    measure: Models { controls: &[], trains: true, run: measure },
    figures,
};

/// Drawings of the students.
const DRAWINGS: u64 = 240;
/// Random views of each drawing, about which the teacher is asked once.
const VIEWS: u64 = 32;

fn measure(subject: &mut Subject, bench: &Bench) -> anyhow::Result<Measured> {
    let Some(model) = subject.model.clone().filter(|_| !bench.settings.is_given()) else {
        return Ok(Measured::default());
    };
    let (runtime, seed) = (&bench.runtime, subject.id.seed);
    let teacher = shape_teacher(runtime, model, bench.settings.steps_of(150), seed)?;
    let lessons = Lessons::new(runtime, &teacher, (DRAWINGS, VIEWS), seed)?;
    let student = |told| -> anyhow::Result<Distilled> {
        Ok(lessons.student(runtime, told, bench.settings.steps_of(300))?)
    };
    let same = student(Told::SameView)?;
    let mut measured = Measured::default()
        .with("student", same.right)
        .with("divergence", same.fidelity.divergence)
        .with("teacher", lessons.teacher_right()?)
        .with("other", student(Told::OtherView)?.right);
    if subject.id.size == Some(0) {
        measured = measured.with("label", student(Told::Label)?.right);
    }
    Ok(measured)
}

fn figures(found: &Found) -> Result<Vec<Figure>, ReportError> {
    if !found.has("student") {
        return Ok(vec![]);
    }
    let both = [("student", "student"), ("teacher", "teacher"), ("other", "told of another view")];
    Ok(vec![over_sizes(found, "Students by size of the teacher", "right", &both, true)?])
}

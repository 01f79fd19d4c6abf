use vit22b::data::CueConflict;
use vit22b::eval::{CueDecisions, Predictions, accuracy};
use vit22b::report::{DotRows, ReportError};

use crate::evaluate::source::Images;
use crate::paper::bench::Bench;
use crate::paper::claim::{Claim, Expect};
use crate::paper::figures::over_sizes;
use crate::paper::images::{Set, Task};
use crate::paper::measured::Unit::Share;
use crate::paper::measured::{Control, Figure, Found, Measured};
use crate::paper::section::Measure::Models;
use crate::paper::section::{Metric, Said, Section, Sure};
use crate::paper::subject::Subject;

/// Whether models decide by shape, as people do.
pub(super) const SECTION: Section = Section {
    name: "human-alignment",
    title: "Human alignment",
    paper: &[
        Said {
            text: "Shape bias of ViT-22B at 384 pixels: 87 %; people have 96 %, most models 20 to 30 %. In model-vs-human, 22B-384 has observed consistency 0.783 and error consistency 0.258.",
            sure: Sure::Reported,
        },
        Said {
            text: "Shape bias is the share of shape among decisions for shape or texture, on images whose cues conflict.",
            sure: Sure::Related,
        },
    ],
    here: "Six classes of drawings have a shape and a texture each. The probe learns from drawings on which both agree, and decides for drawings on which they conflict. No people looked at these drawings, so their consistency with people is not measured.",
    metrics: &[
        Metric { key: "shape_bias", title: "shape bias", unit: Share },
        Metric { key: "agreeing", title: "accuracy, cues agree", unit: Share },
        Metric { key: "shape", title: "for the shape", unit: Share },
        Metric { key: "texture", title: "for the texture", unit: Share },
    ],
    claim: Some(Claim {
        text: "The largest model goes by shape more than smaller ones.",
        metric: "shape_bias",
        expect: Expect::Rises,
    }),
    measure: Models { controls: &[Control::Pixels], trains: false, run: measure },
    figures,
};

fn measure(subject: &mut Subject, bench: &Bench) -> anyhow::Result<Measured> {
    let all = if bench.settings.is_given() { 150 } else { 600 };
    let (train, test) = (bench.settings.count(2 * all, 60), bench.settings.count(all, 60));
    let cues = CueConflict::new(subject.side(), subject.id.seed);
    let images = |of: &dyn Fn(u64) -> vit22b::data::CueImage, range: std::ops::Range<usize>| {
        let drawn: Vec<_> = range.map(|index| of(index as u64)).collect();
        let shapes: Vec<usize> = drawn.iter().map(|image| image.shape).collect();
        let textures: Vec<usize> = drawn.iter().map(|image| image.texture).collect();
        let planes = drawn.into_iter().map(|image| image.pixels).collect();
        (Images { side: subject.side(), planes }, shapes, textures)
    };
    let agreeing = |range, name: &str| {
        let (images, labels, _) = images(&|index| cues.agreeing(index), range);
        Set { name: name.into(), images, labels }
    };
    let task = Task {
        classes: CueConflict::CLASSES,
        train: agreeing(0..train, "cues/train"),
        test: agreeing(train..train + test, "cues/test"),
    };
    let (conflicting, shapes, textures) = images(&|index| cues.conflicting(index), 0..2 * test);
    let fitted = subject.fitted(&task)?;
    let answers =
        fitted.logistic.classifier.predict(subject.features_of(&conflicting)?.matrix())?;
    let decisions = CueDecisions::new(&answers, &shapes, &textures)?;
    let agreed = accuracy(&Predictions::new(fitted.matrix()?, 1.0)?.classes, &fitted.labels);
    let share = |count: usize| count as f64 / answers.len() as f64;
    let mut measured = Measured::default()
        .with("agreeing", agreed)
        .with("shape", share(decisions.shape))
        .with("texture", share(decisions.texture));
    match decisions.shape_bias() {
        Some(bias) => measured = measured.with("shape_bias", bias),
        None => measured.remarks.push("No decision was for a shape or a texture.".into()),
    }
    Ok(measured)
}

fn figures(found: &Found) -> Result<Vec<Figure>, ReportError> {
    let rows = DotRows {
        title: "Shape bias".into(),
        label: "share of shape among decisions".into(),
        rows: found.rows.iter().map(|row| (row.name.clone(), row.mean("shape_bias"))).collect(),
        mean: None,
        band: Some(("ImageNet models".into(), 0.2..0.3)),
        reference: Some(("people 96 %".into(), 0.96)),
    };
    Ok(vec![
        (rows.title.clone(), rows.svg()?),
        over_sizes(
            found,
            "Accuracy where cues agree",
            "accuracy",
            &[("agreeing", "trained")],
            true,
        )?,
    ])
}

use vit22b::experiments::{ClipView, MovingClips};
use vit22b::report::ReportError;

use crate::paper::bench::Bench;
use crate::paper::claim::{Claim, Expect};
use crate::paper::figures::over_sizes;
use crate::paper::measured::Unit::Share;
use crate::paper::measured::{Control, Figure, Found, Measured};
use crate::paper::section::Measure::Models;
use crate::paper::section::{Metric, Said, Section, Sure};
use crate::paper::subject::Subject;

/// Whether a small transformer over the frames' features reads what moves where.
pub(super) const SECTION: Section = Section {
    name: "video",
    title: "Video",
    paper: &[
        Said {
            text: "A small transformer over the features that the frozen model has of each frame: Kinetics-400 88.0 %.",
            sure: Sure::Reported,
        },
        Said {
            text: "It has 63.7 M parameters and sees one pooled token of each frame. Moments in Time 44.9 %; ViT-e has 86.5 % and 43.6 %.",
            sure: Sure::Recalled,
        },
    ],
    here: "Clips of 8 frames in which a shape moves to one of four sides. The transformer sees a vector of each frame that says what is where, in the order of time. A head that sees one frame cannot be right about more than 25 % of clips, and one that sees their mean about 50 %. Where models are given, this is left out: `vit22b video` trains heads on them.",
    metrics: &[
        Metric { key: "order", title: "frames in order", unit: Share },
        Metric { key: "mean", title: "mean of the frames", unit: Share },
        Metric { key: "one", title: "one frame", unit: Share },
    ],
    claim: Some(Claim {
        text: "Features of larger models are better for video.",
        metric: "order",
        expect: Expect::Rises,
    }),
    measure: Models {
        controls: &[Control::Untrained, Control::Pixels],
        trains: true,
        run: measure,
    },
    figures,
};

fn measure(subject: &mut Subject, bench: &Bench) -> anyhow::Result<Measured> {
    let Some(tower) = subject.frozen(&bench.settings, &bench.runtime)? else {
        return Ok(Measured::default());
    };
    let count = bench.settings.count(1_000, 64);
    let clips = MovingClips::embed(&bench.runtime, &tower, count, subject.id.seed)?;
    let right = |view, steps| -> anyhow::Result<f64> {
        Ok(clips.scores(&bench.runtime, view, bench.settings.steps_of(steps))?.right)
    };
    let mut measured = Measured::default().with("order", right(ClipView::Order, 120)?);
    // What a head cannot know is shown once for each seed.
    if subject.id.control.is_none() {
        measured = measured
            .with("mean", right(ClipView::Mean, 60)?)
            .with("one", right(ClipView::OneFrame, 60)?);
    }
    Ok(measured)
}

fn figures(found: &Found) -> Result<Vec<Figure>, ReportError> {
    if !found.has("order") {
        return Ok(vec![]);
    }
    let views = [("order", "in order"), ("mean", "mean of frames"), ("one", "one frame")];
    Ok(vec![
        over_sizes(found, "Clips, frames in order", "right", &[("order", "trained")], true)?,
        over_sizes(found, "Clips by what is seen", "right", &views, true)?,
    ])
}

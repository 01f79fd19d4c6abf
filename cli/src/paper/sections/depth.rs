use vit22b::experiments::{DepthHead, HeadTraining, abs_rel_of_one_depth, abs_rel_of_scenes};
use vit22b::report::ReportError;

use crate::paper::bench::Bench;
use crate::paper::claim::{Claim, Expect};
use crate::paper::figures::over_sizes;
use crate::paper::measured::Unit::Plain;
use crate::paper::measured::{Control, Figure, Found, Measured};
use crate::paper::section::Measure::Models;
use crate::paper::section::{Metric, Said, Section, Sure};
use crate::paper::subject::Subject;

/// Whether heads on the frozen model tell how far away each pixel is.
pub(super) const SECTION: Section = Section {
    name: "depth",
    title: "Depth",
    paper: &[
        Said {
            text: "Waymo Open at 224 pixels, with the sparse depths of a laser scanner: DPT or a linear readout on the frozen tokens of the last layer, mean squared error of log(1 + depth), 300,000 steps of 64 images, Adam, clipping at 0.05.",
            sure: Sure::Reported,
        },
        Said {
            text: "AbsRel with DPT: ViT-L 0.121, ViT-e 0.112, ViT-22B 0.095; with a linear readout 0.222, 0.204 and 0.166.",
            sure: Sure::Recalled,
        },
    ],
    here: "Scenes of shapes on a ground, a tenth of whose depths are known: a linear readout and a narrow DPT on the frozen model, with that loss. The best single depth for all pixels stands beside them; smaller is better. Where models are given, this is left out: `vit22b depth` trains heads on them.",
    metrics: &[
        Metric { key: "dpt", title: "AbsRel, DPT", unit: Plain },
        Metric { key: "linear", title: "linear", unit: Plain },
        Metric { key: "one", title: "one depth for all", unit: Plain },
    ],
    claim: Some(Claim {
        text: "Larger models are better at depth, with both heads. DPT is judged here.",
        metric: "dpt",
        expect: Expect::Falls,
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
    let how = HeadTraining {
        examples: bench.settings.count(256, 16),
        steps: bench.settings.steps_of(150),
        seed: subject.id.seed,
    };
    let error =
        |head| -> anyhow::Result<f64> { Ok(abs_rel_of_scenes(&bench.runtime, &tower, head, how)?) };
    Ok(Measured::default()
        .with("dpt", error(DepthHead::Dpt)?)
        .with("linear", error(DepthHead::Linear)?)
        .with("one", abs_rel_of_one_depth(tower.side(), how)?))
}

fn figures(found: &Found) -> Result<Vec<Figure>, ReportError> {
    if !found.has("dpt") {
        return Ok(vec![]);
    }
    let heads = [("dpt", "DPT"), ("linear", "linear"), ("one", "one depth for all")];
    Ok(vec![
        over_sizes(found, "Depth, DPT", "AbsRel", &[("dpt", "trained")], false)?,
        over_sizes(found, "Depth by head", "AbsRel", &heads, false)?,
    ])
}

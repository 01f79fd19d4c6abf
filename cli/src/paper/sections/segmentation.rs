use vit22b::experiments::{HeadTraining, MaskHead, mean_iou_of_scenes};
use vit22b::report::ReportError;

use crate::paper::bench::Bench;
use crate::paper::claim::{Claim, Expect};
use crate::paper::figures::over_sizes;
use crate::paper::measured::Unit::Share;
use crate::paper::measured::{Control, Figure, Found, Measured};
use crate::paper::section::Measure::Models;
use crate::paper::section::{Metric, Said, Section, Sure};
use crate::paper::subject::Subject;

/// Whether heads on the frozen model tell the class of each pixel.
pub(super) const SECTION: Section = Section {
    name: "segmentation",
    title: "Semantic segmentation",
    paper: &[
        Said {
            text: "Mean IoU on ADE20k, frozen: 34.6 with a linear decoder, 52.7 with UPerNet. Fine-tuned with a linear decoder on 1/16, 1/4 and all of the images: ViT-22B 44.7, 50.6 and 54.9, ViT-G 42.4, 50.2 and 55.6, ViT-L 36.1, 45.6 and 51.9.",
            sure: Sure::Reported,
        },
        Said {
            text: "504 pixels, one scale; images resized by 0.5 to 2, mirrored, in changed colours. Pascal Context and VOC too.",
            sure: Sure::Recalled,
        },
    ],
    here: "Scenes of shapes on a ground, with the class of each pixel: a linear decoder and a narrow UPerNet on the frozen model, and the linear decoder also from a sixteenth of the scenes. Where models are given, this is left out: `vit22b segment` trains heads on them.",
    metrics: &[
        Metric { key: "linear", title: "linear", unit: Share },
        Metric { key: "few", title: "linear, 1/16 of the scenes", unit: Share },
        Metric { key: "uper_net", title: "UPerNet", unit: Share },
    ],
    claim: Some(Claim {
        text: "Larger models segment better, above all from few images.",
        metric: "linear",
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
    let (seed, examples) = (subject.id.seed, bench.settings.count(256, 16));
    let iou = |head, examples: usize| -> anyhow::Result<f64> {
        let how = HeadTraining { examples, steps: bench.settings.steps_of(150), seed };
        Ok(mean_iou_of_scenes(&bench.runtime, &tower, head, how)?)
    };
    Ok(Measured::default()
        .with("linear", iou(MaskHead::Linear, examples)?)
        .with("few", iou(MaskHead::Linear, examples.div_ceil(16))?)
        .with("uper_net", iou(MaskHead::UperNet, examples)?))
}

fn figures(found: &Found) -> Result<Vec<Figure>, ReportError> {
    if !found.has("linear") {
        return Ok(vec![]);
    }
    let heads = [("linear", "linear"), ("few", "linear, few scenes"), ("uper_net", "UPerNet")];
    Ok(vec![
        over_sizes(found, "Segmentation, linear", "mean IoU", &[("linear", "trained")], true)?,
        over_sizes(found, "Segmentation by head", "mean IoU", &heads, true)?,
    ])
}

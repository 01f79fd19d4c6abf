use vit22b::experiments::{ZeroShotArm, zero_shot_scores};
use vit22b::report::ReportError;

use crate::paper::bench::Bench;
use crate::paper::claim::{Claim, Expect};
use crate::paper::figures::over_sizes;
use crate::paper::measured::Unit::Share;
use crate::paper::measured::{Control, Figure, Found, Measured};
use crate::paper::section::Measure::Models;
use crate::paper::section::{Metric, Said, Section, Sure};
use crate::paper::subject::Subject;

/// Whether a text tower that was tuned beside the frozen model names classes that it has not seen.
pub(super) const SECTION: Section = Section {
    name: "zero-shot",
    title: "Zero-shot, by locked-image tuning",
    paper: &[
        Said {
            text: "LiT-22B, without training on ImageNet: ImageNet 85.9 %, v2 80.9 %, ImageNet-R 96.0 %, ImageNet-A 90.1 %, ObjectNet 87.6 %.",
            sure: Sure::Reported,
        },
        Said {
            text: "The image tower is frozen; a text tower of the size of ViT-g learns for 1 M steps of 32,000 pairs at 288 pixels. LiT-g has 85.2 % on ImageNet and 82.5 % on ObjectNet, LiT-e 85.4 % and 84.9 %.",
            sure: Sure::Recalled,
        },
    ],
    here: "A text tower of width 64 learns from drawings with captions such as “a red triangle”, with the sigmoid loss. Some pairs of shape and colour are kept from it; drawings of these are then named among all pairs, by prompts that no caption had. Where models are given, this is left out: `vit22b lit` tunes a tower beside them.",
    metrics: &[
        Metric { key: "unseen", title: "unseen pairs", unit: Share },
        Metric { key: "unseen_5", title: "in the first 5", unit: Share },
        Metric { key: "seen", title: "seen pairs", unit: Share },
        Metric { key: "image_to_text", title: "image to text", unit: Share },
        Metric { key: "text_to_image", title: "text to image", unit: Share },
    ],
    claim: Some(Claim {
        text: "Larger image towers are named better without training on the classes, above all on images that are out of distribution.",
        metric: "unseen",
        expect: Expect::Rises,
    }),
    measure: Models { controls: &[Control::Untrained], trains: true, run: measure },
    figures,
};

fn measure(subject: &mut Subject, bench: &Bench) -> anyhow::Result<Measured> {
    let Some(embedder) = subject.embedder().filter(|_| !bench.settings.is_given()) else {
        return Ok(Measured::default());
    };
    let how = (bench.settings.steps_of(150), subject.id.seed);
    let reached = zero_shot_scores(&bench.runtime, embedder, ZeroShotArm::Sigmoid, how)?;
    Ok(Measured::default()
        .with("unseen", reached.held_out[0])
        .with("unseen_5", reached.held_out[1])
        .with("seen", reached.seen)
        .with("image_to_text", reached.recall[0])
        .with("text_to_image", reached.recall[1]))
}

fn figures(found: &Found) -> Result<Vec<Figure>, ReportError> {
    if !found.has("unseen") {
        return Ok(vec![]);
    }
    let both = [("image_to_text", "image to text"), ("text_to_image", "text to image")];
    Ok(vec![
        over_sizes(found, "Unseen pairs, named", "named right", &[("unseen", "trained")], true)?,
        over_sizes(found, "Retrieval", "recall at 1", &both, true)?,
    ])
}

use burn::tensor::{Device, Tensor, TensorData};
use vit22b::data::Drawings;
use vit22b::explain::PathGradients;
use vit22b::report::{ReportError, picture};
use vit22b::vit::ViT22B;

use crate::paper::bench::Bench;
use crate::paper::claim::{Claim, Expect};
use crate::paper::figures::over_sizes;
use crate::paper::images::{shape_names, shapes};
use crate::paper::measured::Unit::{Plain, Share};
use crate::paper::measured::{Control, Figure, Found, Measured};
use crate::paper::section::Measure::Models;
use crate::paper::section::{Metric, Said, Section, Sure};
use crate::paper::subject::{Subject, as_tensors};

/// Whether what a model answers comes from the figure.
pub(super) const SECTION: Section = Section {
    name: "attribution",
    title: "Attribution",
    paper: &[
        Said {
            text: "Maps of integrated gradients before and after the learning rate's cooldown, as pictures.",
            sure: Sure::Reported,
        },
        Said { text: "A grey baseline and 1,024 steps.", sure: Sure::Recalled },
    ],
    here: "Integrated gradients of the linear probe's logit for the right shape of a drawing, from a grey baseline: the share of their absolute values that lies within the figure, beside the share of the image that the figure covers. The gap is how far all of them miss the difference of the logits.",
    metrics: &[
        Metric { key: "inside", title: "within the figure", unit: Share },
        Metric { key: "covered", title: "covered by it", unit: Share },
        Metric { key: "gap", title: "gap", unit: Plain },
    ],
    claim: Some(Claim {
        text: "The paper makes no claim about scale here. Asked is whether larger models look more at the figure.",
        metric: "inside",
        expect: Expect::Rises,
    }),
    measure: Models { controls: &[Control::Untrained], trains: false, run: measure },
    figures,
};

fn measure(subject: &mut Subject, bench: &Bench) -> anyhow::Result<Measured> {
    let given = bench.settings.is_given();
    let (steps, all) = match (given, bench.settings.quick) {
        (true, _) => (16, 6),
        (false, true) => (32, 24),
        (false, false) => (64, 40),
    };
    let count = bench.settings.count(all, 3);
    let side = subject.side();
    // The probe of the section on linear probes knows shapes where models are trained here; where models are
    // given it knows the user's classes, so a probe of shapes is made for them too.
    let shapes = shapes(side, &bench.settings, subject.id.seed)?;
    let fitted = subject.fitted(&shapes)?;
    let Some(model) = subject.model.clone() else { anyhow::bail!("pixels have no gradients") };
    let device = Device::flex();
    let model: ViT22B = burn::module::Module::to_device(model, &device);
    let width = model.config().width;
    let (weights, bias) = as_tensors(&fitted.logistic.classifier, width, &device)?;
    let data = Drawings::new(side, subject.id.seed ^ 0x00a7_741b);
    let names = shape_names(&data)?;
    let examples = (0..).filter_map(|index| {
        let class = names.iter().position(|name| *name == data.figure(index))?;
        let example = data.example(index);
        Some((example.pixels, example.cover, class))
    });
    let examples: Vec<_> = examples.take(count).collect();
    let pixels: Vec<f32> = examples.iter().flat_map(|(pixels, ..)| pixels).copied().collect();
    let images = Tensor::<4>::from_data(TensorData::new(pixels, [count, 3, side, side]), &device);
    // From [−1, 1] to what the model takes; grey is 0 there.
    let channels =
        |values: [f32; 3]| Tensor::<1>::from_floats(values, &device).reshape([1, 3, 1, 1]);
    let [mean, std] = subject.preprocess.normalisation().map(channels);
    let seen =
        |images: Tensor<4>| (images.mul_scalar(0.5).add_scalar(0.5) - mean.clone()) / std.clone();
    let (images, grey) = (seen(images.clone()), seen(images.zeros_like()));
    let classes: Vec<usize> = examples.iter().map(|(_, _, class)| *class).collect();
    let paths = PathGradients::new(steps);
    let parts = (model, (weights, bias));
    let found =
        paths.integrate(&parts, images, grey, &classes, |(model, (weights, bias)), images| {
            model.pooled(images).matmul(weights.clone()) + bias.clone()
        })?;
    let area = side * side;
    let values: Vec<f32> = found.attributions.abs().sum_dim(1).into_data().try_to_vec()?;
    let (mut inside, mut covered) = (0.0, 0.0);
    for (map, (_, cover, _)) in values.chunks_exact(area).zip(&examples) {
        let all: f32 = map.iter().sum();
        let within: f32 = map.iter().zip(cover).map(|(value, cover)| value * cover).sum();
        inside += f64::from(within / all.max(f32::MIN_POSITIVE));
        covered += f64::from(cover.iter().sum::<f32>()) / area as f64;
    }
    let gap = found.gaps.iter().map(|gap| gap.abs()).sum::<f64>();
    let mut measured = Measured::default()
        .with("inside", inside / count as f64)
        .with("covered", covered / count as f64)
        .with("gap", gap / count as f64);
    if subject.id.control.is_none() && subject.id.seed == bench.settings.seeds[0] {
        let title = format!(
            "Drawings, and integrated gradients of the model “{}” below them: brighter is more",
            subject.id.name
        );
        let shown = examples.iter().map(|(pixels, ..)| &pixels[..]).zip(values.chunks_exact(area));
        let shown: Vec<_> = shown.take(SHOWN).collect();
        measured.pictures.push((title, strip(&shown, side)?));
    }
    Ok(measured)
}

/// Images in the picture of each model.
const SHOWN: usize = 8;

/// Images in a row, their maps below them.
fn strip(shown: &[(&[f32], &[f32])], side: usize) -> Result<String, ReportError> {
    let gap = 1 + side / 16;
    let (width, height) = (shown.len() * (side + gap) - gap, 2 * side + gap);
    let mut canvas = vec![0.5; 3 * width * height];
    for (place, (pixels, map)) in shown.iter().enumerate() {
        let most = map.iter().copied().fold(f32::MIN_POSITIVE, f32::max);
        for (at, value) in map.iter().enumerate() {
            let (row, column) = (at / side, at % side);
            for channel in 0..3 {
                let to = |down: usize| {
                    (channel * height + down + row) * width + place * (side + gap) + column
                };
                canvas[to(0)] = 0.5 + 0.5 * pixels[channel * side * side + at];
                canvas[to(side + gap)] = (value / most).sqrt();
            }
        }
    }
    picture(&canvas, [height, width])
}

fn figures(found: &Found) -> Result<Vec<Figure>, ReportError> {
    let mut figures = vec![over_sizes(
        found,
        "Attribution within the figure",
        "share of absolute attribution",
        &[("inside", "trained")],
        true,
    )?];
    let pictures = found.rows.iter().flat_map(|row| &row.seeds).flat_map(|(_, m)| &m.pictures);
    figures.extend(pictures.cloned());
    Ok(figures)
}

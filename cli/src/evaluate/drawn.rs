//! What is measured without images of the user's own: real digits and procedural drawings.

use burn::tensor::Device;
use vit22b::data::{CueConflict, Digits, Drawings, Hierarchy};
use vit22b::eval::Matrix;

use super::classifiers::classifiers;
use super::conflict::conflict;
use super::corruptions::corruptions;
use super::detection::detection;
use super::fitted::{Fitted, Labelled};
use super::groups::{GroupTask, groups};
use super::part::Part;
use super::source::{Images, Source};

/// Classifiers of digits, of drawings and of groups, on features of images of `side` pixels. `share` is the
/// part of the usual number of drawings.
pub(crate) fn drawn(
    sources: &[Source],
    side: usize,
    share: f64,
    seed: u64,
    device: &Device,
) -> anyhow::Result<Vec<Part>> {
    let count = |all: usize| ((all as f64 * share).ceil() as usize).max(30);
    let digits = Digits::handwritten();
    let images = Images::from_tensor(digits.resized(side, device))?;
    let labelled = sources.iter().map(|source| {
        let features = source.features(&images)?;
        let all = Labelled { features, labels: digits.classes.clone() };
        let (train, test) = all.split(Digits::TRAIN)?;
        Ok((source.name().to_string(), train, test))
    });
    let labelled = labelled.collect::<anyhow::Result<Vec<_>>>()?;
    let (mut parts, fitted) = classifiers("Digits", &labelled, 10, seed)?;

    let data = Drawings::new(side, seed.wrapping_add(1));
    let drawings = draw(&data, 0..count(597) as u64);
    let unknown = sources[0].features(&drawings)?;
    let unknown = fitted[0].logistic.classifier.scores(unknown.matrix())?;
    let text = "A classifier of digits is shown the test digits, and drawings that are none.";
    let unknown = Matrix::new(&unknown, 10)?;
    parts.push(detection(text, fitted[0].matrix()?, unknown)?);

    let cues = CueConflict::new(side, seed);
    let train = count(1_200);
    let (part, fitted) = conflict(sources, &cues, side, [train, count(600)], seed)?;
    parts.push(part);
    // Drawings that neither trained nor tested the classifiers yet.
    let fresh = (100_000..100_000 + count(300) as u64).map(|index| cues.agreeing(index));
    let (planes, labels): (Vec<_>, Vec<_>) = fresh.map(|image| (image.pixels, image.shape)).unzip();
    let images = Images { side, planes };
    let text = "The classifiers of drawings whose cues agree, on drawings that are harmed: each of ImageNet-C's \
        corruptions at its five strengths, scaled to the size of the images.";
    parts.push(corruptions(text, sources, &fitted, &images, &labels, seed)?);
    parts.push(groups(&signs(&data, &sources[0], count(3_000), seed)?)?);
    Ok(parts)
}

fn draw(data: &Drawings, indices: std::ops::Range<u64>) -> Images {
    Images { side: data.side(), planes: indices.map(|index| data.example(index).pixels).collect() }
}

/// Whether a drawing is a sign of the script or a shape, for groups by colour. Signs are more often
/// warm than grey here, which a classifier may learn.
pub(crate) fn signs(
    data: &Drawings,
    source: &Source,
    count: usize,
    seed: u64,
) -> anyhow::Result<GroupTask> {
    const GROUPS: [(&str, f64); 3] = [("warm", 0.7), ("cold", 0.5), ("grey", 0.3)];
    let has = |hierarchy: &Hierarchy, label: &str, ancestor: &str| -> anyhow::Result<bool> {
        let at = hierarchy.names().iter().position(|name| name == ancestor);
        Ok(at.is_some_and(|at| hierarchy.multi_hot([label]).is_ok_and(|hot| hot[at] > 0.0)))
    };
    let rng = &mut fastrand::Rng::with_seed(seed);
    let (mut planes, mut labels, mut group) = (Vec::new(), Vec::new(), Vec::new());
    for index in 1_000_000.. {
        if planes.len() == count {
            break;
        }
        let example = data.example(index);
        let is_sign = has(data.hierarchy(), example.labels[0], "sign")?;
        for (k, (name, share)) in GROUPS.iter().enumerate() {
            let kept = if is_sign { *share } else { 1.0 - share };
            if has(data.hierarchy(), example.labels[2], name)? && rng.f64() < kept {
                planes.push(example.pixels.clone());
                labels.push(usize::from(is_sign));
                group.push(k);
            }
        }
    }
    let features = source.features(&Images { side: data.side(), planes })?;
    let train = count * 3 / 5;
    let (train_part, test) = Labelled { features, labels }.split(train)?;
    let fitted = Fitted::new(source.name(), &train_part, &test, 2, seed)?;
    let scores = fitted.matrix()?.iter().map(|row| ((row[1] - row[0]) / 2.0).tanh());
    Ok(GroupTask {
        text: format!(
            "A logistic regression ({}) says whether a drawing is a sign of the invented script or a shape. Groups \
             are colours, and signs are more often warm here and shapes more often grey. The randomised threshold \
             optimiser then bounds how far rates of “sign” may differ.",
            source.name()
        ),
        names: GROUPS.map(|(name, _)| name.to_string()).to_vec(),
        scores: scores.collect(),
        group: group[train..].to_vec(),
        truth: test.labels.iter().map(|label| *label == 1).collect(),
    })
}

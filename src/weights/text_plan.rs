//! Plans of text towers, alone and beside an image model. No data is read.

use std::collections::BTreeSet;

use burn::tensor::Shape;

use crate::params;
use crate::text::TextTower;

use super::names::Recognised;
use super::names::tensors::ANOTHER_PART;
use super::names::term::Planned;
use super::names::text::RecognisedText;
use super::plan::{name_the_nearest, plan_parameters};
use super::report::{LoadReport, Unused};

/// The tensors of a text tower by its own paths.
pub(super) fn plan_alone(
    tower: &TextTower,
    text: &RecognisedText<'_>,
) -> (Vec<Planned>, LoadReport) {
    plan_parameters(params::shapes(tower), &text.tensors, |path, shape| {
        Some(text.terms(path, shape))
    })
}

/// The tensors of a text tower, and of the scale and the bias behind it, by their paths in the model of two towers.
pub(super) fn plan_text(
    tower: &TextTower,
    text: &RecognisedText<'_>,
) -> (Vec<Planned>, LoadReport) {
    let of_tower = params::shapes(tower).into_iter();
    let of_tower = of_tower.map(|(path, shape)| (format!("text.{path}"), shape));
    let numbers = ["log_scale", "bias"].into_iter().take(1 + usize::from(text.bias().is_some()));
    let numbers = numbers.map(|path| (path.to_string(), Shape::new([1])));
    plan_parameters(of_tower.chain(numbers).collect::<Vec<_>>(), &text.tensors, |path, shape| {
        Some(match path.strip_prefix("text.") {
            Some(path) => text.terms(path, shape),
            None if path == "bias" => text.bias().unwrap_or_default(),
            None => text.scale(),
        })
    })
}

/// The report of both towers. A tensor that one of them leaves to the other is none that is left over; one that both leave
/// is unused.
pub(super) fn joined(
    image: LoadReport,
    text: LoadReport,
    of_image: &Recognised<'_>,
    of_text: &RecognisedText<'_>,
) -> LoadReport {
    let mut report = image;
    let of_image_path = |path: &mut String| *path = format!("image.{path}");
    report.loaded.iter_mut().for_each(|loaded| of_image_path(&mut loaded.path));
    report.missing.iter_mut().for_each(|missing| of_image_path(&mut missing.path));
    report.mismatched.iter_mut().for_each(|other| of_image_path(&mut other.path));
    report.new.iter_mut().for_each(of_image_path);
    report.loaded.extend(text.loaded);
    report.missing.extend(text.missing);
    report.mismatched.extend(text.mismatched);
    let known: [BTreeSet<&str>; 2] = [&of_image.tensors, &of_text.tensors]
        .map(|tensors| tensors.names().filter_map(|name| tensors.actual(name)).collect());
    report.unused.extend(text.unused);
    // Two towers without prefixes of their own may each know the other's tensors.
    let taken: BTreeSet<&String> = report.loaded.iter().flat_map(|loaded| &loaded.from).collect();
    report.unused.retain(|unused| !taken.contains(&unused.tensor));
    let mut aside = std::mem::take(&mut report.set_aside);
    aside.extend(text.set_aside);
    let mut seen = BTreeSet::new();
    for aside in aside.iter().filter(|aside| aside.reason != ANOTHER_PART) {
        if seen.insert(aside.name.clone()) {
            report.set_aside.push(aside.clone());
        }
    }
    let left = aside.into_iter().filter(|aside| aside.reason == ANOTHER_PART);
    for aside in left.filter(|aside| known.iter().all(|known| !known.contains(&*aside.name))) {
        if seen.insert(aside.name.clone()) {
            let shape = of_text.shape_in_file(&aside.name);
            report.unused.push(Unused { tensor: aside.name, shape, nearest: None });
        }
    }
    name_the_nearest(&mut report);
    report
}

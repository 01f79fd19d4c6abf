//! Plans a load: which parameter is made of which tensors. No data is read.

use std::collections::BTreeSet;

use burn::tensor::Shape;

use crate::layers::relative_bias_rows;
use crate::params;
use crate::vit::{ViT22B, ViT22BConfig};

use super::names::Recognised;
use super::names::tensors::Tensors;
use super::names::term::{Planned, Term};
use super::nearest::nearest;
use super::options::{HeadChoice, LoadOptions};
use super::positions::{POSITIONS, RELATIVE_BIAS};
use super::report::{LoadReport, Loaded, Mismatched, Missing, Unused};

/// The config of the model that is asked for.
pub(super) fn target(file: &ViT22BConfig, options: &LoadOptions) -> ViT22BConfig {
    let mut target = file.clone();
    target.image = options.image.unwrap_or(file.image);
    match options.head {
        HeadChoice::Keep => {}
        HeadChoice::Drop => target.num_classes = 0,
        HeadChoice::Replace(classes) => target.num_classes = classes,
    }
    target
}

/// Finds the tensors of each parameter, and reports parameters and tensors that are left over.
pub(super) fn plan(
    model: &ViT22B,
    file: &Recognised,
    options: &LoadOptions,
) -> (Vec<Planned>, LoadReport) {
    let Recognised { tensors, names, description } = file;
    let config = &description.config;
    plan_parameters(params::shapes(model), tensors, |path, shape| {
        let of_head = path.starts_with("head.") || path.starts_with("distillation_head.");
        if of_head && options.head != HeadChoice::Keep {
            return None;
        }
        let shape = shape_in_file(path, shape, config);
        Some(names.terms(path, &shape, config))
    })
}

/// The shape of a parameter of a tower in the file: positions have the file's grid, and are resampled once
/// they are read.
pub(super) fn shape_in_file(path: &str, shape: &[usize], config: &ViT22BConfig) -> Vec<usize> {
    let mut shape = shape.to_vec();
    if path == POSITIONS {
        shape[0] = config.patches();
    } else if path.ends_with(RELATIVE_BIAS) {
        shape[0] = relative_bias_rows(config.grid());
    }
    shape
}

/// The same for the parameters of any module: `terms` says of which pieces of which tensors each is made,
/// and nothing for one that keeps its initial values.
pub(super) fn plan_parameters(
    parameters: Vec<(String, Shape)>,
    tensors: &Tensors,
    terms: impl Fn(&str, &[usize]) -> Option<Vec<Term>>,
) -> (Vec<Planned>, LoadReport) {
    let mut report = LoadReport::default();
    let (mut planned, mut used) = (Vec::new(), BTreeSet::new());
    for (path, shape) in parameters {
        let Some(terms) = terms(&path, shape.as_slice()) else {
            report.new.push(path);
            continue;
        };
        let mut fits = !terms.is_empty();
        if !fits {
            // The file's origin has no name for it, such as attention pooling that an option asks for.
            let tensor = path.clone();
            let shape = shape.to_vec();
            report.missing.push(Missing { path: path.clone(), tensor, shape, nearest: None });
        }
        for Term { name, shape, .. } in &terms {
            used.insert(name.clone());
            let (tensor, expected) = (tensors.actual(name), shape.clone());
            match (tensor, tensors.shape(name)) {
                (Some(_), Some(got)) if got == expected => continue,
                (Some(tensor), Some(got)) => report.mismatched.push(Mismatched {
                    path: path.clone(),
                    tensor: tensor.into(),
                    expected,
                    got: got.to_vec(),
                }),
                _ => report.missing.push(Missing {
                    path: path.clone(),
                    tensor: name.clone(),
                    shape: expected,
                    nearest: None,
                }),
            }
            fits = false;
        }
        if fits {
            let from = terms.iter().filter_map(|term| tensors.actual(&term.name));
            let from = from.map(str::to_string).collect();
            report.loaded.push(Loaded { path: path.clone(), from });
            planned.push(Planned { path, terms });
        }
    }
    for name in tensors.names().filter(|name| !used.contains(*name)) {
        report.unused.push(Unused {
            tensor: tensors.actual(name).unwrap_or(name).into(),
            shape: tensors.shape(name).unwrap_or_default().to_vec(),
            nearest: None,
        });
    }
    report.set_aside = tensors.set_aside.clone();
    name_the_nearest(&mut report);
    (planned, report)
}

/// Puts the nearest unused name beside each missing one, and the other way round.
pub(super) fn name_the_nearest(report: &mut LoadReport) {
    let missing: Vec<_> = report.missing.iter().map(|missing| missing.tensor.clone()).collect();
    let unused: Vec<_> = report.unused.iter().map(|unused| unused.tensor.clone()).collect();
    // Only those that are shown: each comparison is a product of two lengths.
    for missing in report.missing.iter_mut().take(LoadReport::SHOWN) {
        missing.nearest =
            nearest(&missing.tensor, unused.iter().map(String::as_str)).map(Into::into);
    }
    for unused in report.unused.iter_mut().take(LoadReport::SHOWN) {
        unused.nearest =
            nearest(&unused.tensor, missing.iter().map(String::as_str)).map(Into::into);
    }
}

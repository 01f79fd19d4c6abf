//! Tables of tensors, part by part.
//!
//! What is done to every parameter alike is done to one block of a model after the other: as a
//! [`scan`] it is one loop of a compiled program, whose size does not grow with the depth.

use std::collections::{BTreeMap, BTreeSet};

use burn::tensor::Tensor;
use burn_xla::capture::scan;

use crate::params::{AnyTensor, NamedTensors, TensorFn};

/// The name in the first of the repeated parts, and the number of the part that it is in:
/// `blocks.0.norm.gamma` and 3 for `blocks.3.norm.gamma`.
pub(crate) fn first_of_kind(name: &str) -> Option<(String, usize)> {
    let mut parts: Vec<_> = name.split('.').collect();
    let numbered = parts.iter().enumerate();
    let (at, number) =
        numbered.filter_map(|(at, part)| Some((at, part.parse::<usize>().ok()?))).next()?;
    parts[at] = "0";
    Some((parts.join("."), number))
}

/// Applies `f` to what is in no repeated part, then to each of these. There tables have the names
/// of the first part, and those that `f` returns must too.
pub(crate) fn by_part<const N: usize, const M: usize>(
    tables: [NamedTensors; N],
    mut f: impl FnMut([NamedTensors; N]) -> [NamedTensors; M],
) -> [NamedTensors; M] {
    let (rest, lanes) = split(tables);
    let rest = f(rest);
    let (_, lanes) = scan((), lanes, |(), lane| ((), f(lane)));
    let mut all = rest.map(|table| table.into_iter().collect::<BTreeMap<_, _>>());
    for (number, lane) in lanes.into_iter().enumerate() {
        for (all, lane) in all.iter_mut().zip(lane) {
            all.extend(lane.into_iter().map(|(name, any)| (at_part(&name, number), any)));
        }
    }
    all.map(|table| table.into_iter().collect())
}

/// Applies a function to each tensor, part by part.
pub(crate) fn map(table: NamedTensors, f: &mut impl TensorFn) -> NamedTensors {
    let [table] = by_part([table], |[part]| [part.map(f)]);
    table
}

/// The sum of squares of all elements, beginning with `start`, a tensor of one element.
pub(crate) fn square_sum(tensors: NamedTensors, start: Tensor<1>) -> Tensor<1> {
    let sum = |start: Tensor<1>, tensors: &NamedTensors| {
        tensors.iter().fold(start, |sum, (_, any)| sum + any.square_sum())
    };
    let ([rest], lanes) = split([tensors]);
    scan(sum(start, &rest), lanes, |so_far, [lane]| (sum(so_far, &lane), ())).0
}

fn at_part(name: &str, number: usize) -> String {
    let mut done = false;
    let parts = name.split('.').map(|part| match part.parse::<usize>() {
        Ok(_) if !std::mem::replace(&mut done, true) => number.to_string(),
        _ => part.to_owned(),
    });
    parts.collect::<Vec<_>>().join(".")
}

type Table = Vec<(String, AnyTensor)>;

/// What is in no repeated part, and the parts. If these have not the same names, there are none.
fn split<const N: usize>(tables: [NamedTensors; N]) -> ([NamedTensors; N], Vec<[NamedTensors; N]>) {
    let count = tables.iter().flat_map(NamedTensors::iter);
    let count = count.filter_map(|(name, _)| Some(first_of_kind(name)?.1 + 1)).max().unwrap_or(0);
    let names = |table: &NamedTensors| {
        let mut names = vec![BTreeSet::new(); count];
        for (name, number) in table.iter().filter_map(|(name, _)| first_of_kind(name)) {
            names[number].insert(name);
        }
        names
    };
    if !tables.iter().map(names).all(|names| names.iter().all(|lane| *lane == names[0])) {
        return (tables, vec![]);
    }
    let mut lanes: Vec<[Table; N]> = (0..count).map(|_| std::array::from_fn(|_| vec![])).collect();
    let mut at = 0;
    let rest = tables.map(|table| {
        let mut rest = Table::new();
        for (name, any) in table {
            match first_of_kind(&name) {
                Some((name, number)) => lanes[number][at].push((name, any)),
                None => rest.push((name, any)),
            }
        }
        at += 1;
        rest.into_iter().collect()
    });
    let lane = |lane: [Table; N]| lane.map(|table| table.into_iter().collect());
    (rest, lanes.into_iter().map(lane).collect())
}

#[cfg(test)]
mod tests {
    use burn::tensor::Device;

    use super::*;

    fn table(names: &[&str]) -> NamedTensors {
        let mut table = NamedTensors::default();
        for (index, name) in names.iter().enumerate() {
            table.insert(*name, Tensor::<1>::from_floats([index as f32], &Device::flex()));
        }
        table
    }

    #[test]
    fn parts_come_with_the_names_of_the_first_and_go_with_their_own() {
        let tables = || [table(&["m/blocks.0.a", "m/blocks.1.a", "head"]), table(&["blocks.0.b"])];
        // The second table lacks a part, so there are none.
        let mut seen = vec![];
        by_part(tables(), |[a, b]| {
            seen.push(a.iter().map(|(name, _)| name.to_owned()).collect::<Vec<_>>());
            [a, b]
        });
        assert_eq!(seen, [["head", "m/blocks.0.a", "m/blocks.1.a"]]);

        let names = ["blocks.10.a", "head", "m/blocks.2.a"];
        assert_eq!(at_part("m/blocks.0.a.1", 12), "m/blocks.12.a.1");
        let whole: Vec<String> = (0..11).map(|i| format!("blocks.{i}.a")).collect();
        let whole = table(&whole.iter().map(String::as_str).chain(["head"]).collect::<Vec<_>>());
        let before: Vec<_> =
            whole.iter().map(|(name, any)| (name.to_owned(), any.to_data())).collect();
        let mut seen = BTreeSet::new();
        let [same] = by_part([whole], |[part]| {
            seen.extend(part.iter().map(|(name, _)| name.to_owned()));
            [part]
        });
        assert_eq!(seen.into_iter().collect::<Vec<_>>(), ["blocks.0.a", "head"]);
        let after: Vec<_> =
            same.iter().map(|(name, any)| (name.to_owned(), any.to_data())).collect();
        assert_eq!(before, after);
        assert_eq!(names.map(|name| first_of_kind(name).map(|n| n.1)), [Some(10), None, Some(2)]);
    }
}

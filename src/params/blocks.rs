//! The same work for every block of a model, as one loop.
//!
//! An optimizer, an average or a cast does to each block what it does to the first one. Written as a
//! [`scan`] over the blocks, that is one loop of a compiled program, and the program does not grow
//! with the depth of the model.
//!
//! A tensor is of a block if a segment of its name is a number: `blocks.3.norm.scale` is of block 3.

use std::collections::{BTreeMap, BTreeSet};

use burn::tensor::Tensor;
use burn_trace::scan;

use super::tensors::{AnyTensor, NamedTensors, TensorFn};

/// The name that a block's tensor has in block 0, and the number of its block: `blocks.0.norm.scale`
/// and 3 for `blocks.3.norm.scale`. None for a tensor outside the blocks.
pub(crate) fn in_first_block(name: &str) -> Option<(String, usize)> {
    let number = name.split('.').find_map(|segment| segment.parse().ok())?;
    Some((in_block(name, 0), number))
}

/// Calls `f` once on the tensors outside the blocks, then once for each block.
///
/// In a call for a block, names are those of block 0 (`blocks.0.norm.scale`), and `f` must return
/// such names; the block's own number is put back afterwards. Where the blocks do not all have the
/// same names, `f` is called once, on everything.
pub(crate) fn by_block<const N: usize, const M: usize>(
    tables: [NamedTensors; N],
    mut f: impl FnMut([NamedTensors; N]) -> [NamedTensors; M],
) -> [NamedTensors; M] {
    let (outside, blocks) = split(tables);
    let outside = f(outside);
    let (_, blocks) = scan((), blocks, |(), block| ((), f(block)));
    let mut all = outside.map(|table| table.into_iter().collect::<BTreeMap<_, _>>());
    for (number, block) in blocks.into_iter().enumerate() {
        for (all, block) in all.iter_mut().zip(block) {
            all.extend(block.into_iter().map(|(name, any)| (in_block(&name, number), any)));
        }
    }
    all.map(|table| table.into_iter().collect())
}

/// Applies a function to each tensor, block by block.
pub(crate) fn map(table: NamedTensors, f: &mut impl TensorFn) -> NamedTensors {
    let [table] = by_block([table], |[block]| [block.map(f)]);
    table
}

/// `start` plus the sum of squares of all elements, a tensor of one element.
pub(crate) fn square_sum(tensors: NamedTensors, start: Tensor<1>) -> Tensor<1> {
    let add = |start: Tensor<1>, tensors: &NamedTensors| {
        tensors.iter().fold(start, |sum, (_, any)| sum + any.square_sum())
    };
    let ([outside], blocks) = split([tensors]);
    scan(add(start, &outside), blocks, |sum, [block]| (add(sum, &block), ())).0
}

/// The name with its first number replaced.
fn in_block(name: &str, number: usize) -> String {
    let mut done = false;
    let segments = name.split('.').map(|segment| match segment.parse::<usize>() {
        Ok(_) if !std::mem::replace(&mut done, true) => number.to_string(),
        _ => segment.to_owned(),
    });
    segments.collect::<Vec<_>>().join(".")
}

type Table = Vec<(String, AnyTensor)>;

/// The tensors outside the blocks, and those of each block under the names of block 0. If the blocks
/// do not all have the same names, everything counts as outside.
fn split<const N: usize>(tables: [NamedTensors; N]) -> ([NamedTensors; N], Vec<[NamedTensors; N]>) {
    let numbers = tables.iter().flat_map(NamedTensors::iter);
    let numbers = numbers.filter_map(|(name, _)| Some(in_first_block(name)?.1));
    let count = numbers.max().map_or(0, |last| last + 1);
    let names = |table: &NamedTensors| {
        let mut names = vec![BTreeSet::new(); count];
        for (name, number) in table.iter().filter_map(|(name, _)| in_first_block(name)) {
            names[number].insert(name);
        }
        names
    };
    if !tables.iter().map(names).all(|names| names.iter().all(|block| *block == names[0])) {
        return (tables, vec![]);
    }
    let mut blocks: Vec<[Table; N]> = (0..count).map(|_| std::array::from_fn(|_| vec![])).collect();
    let mut at = 0;
    let outside = tables.map(|table| {
        let mut outside = Table::new();
        for (name, any) in table {
            match in_first_block(&name) {
                Some((name, number)) => blocks[number][at].push((name, any)),
                None => outside.push((name, any)),
            }
        }
        at += 1;
        outside.into_iter().collect()
    });
    let collected = |block: [Table; N]| block.map(|table| table.into_iter().collect());
    (outside, blocks.into_iter().map(collected).collect())
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
    fn a_block_comes_with_the_names_of_the_first_and_goes_with_its_own() {
        let tables = || [table(&["m/blocks.0.a", "m/blocks.1.a", "head"]), table(&["blocks.0.b"])];
        // The second table lacks a block, so everything is outside.
        let mut seen = vec![];
        by_block(tables(), |[a, b]| {
            seen.push(a.iter().map(|(name, _)| name.to_owned()).collect::<Vec<_>>());
            [a, b]
        });
        assert_eq!(seen, [["head", "m/blocks.0.a", "m/blocks.1.a"]]);

        let names = ["blocks.10.a", "head", "m/blocks.2.a"];
        assert_eq!(in_block("m/blocks.0.a.1", 12), "m/blocks.12.a.1");
        let whole: Vec<String> = (0..11).map(|i| format!("blocks.{i}.a")).collect();
        let whole = table(&whole.iter().map(String::as_str).chain(["head"]).collect::<Vec<_>>());
        let before: Vec<_> =
            whole.iter().map(|(name, any)| (name.to_owned(), any.to_data())).collect();
        let mut seen = BTreeSet::new();
        let [same] = by_block([whole], |[block]| {
            seen.extend(block.iter().map(|(name, _)| name.to_owned()));
            [block]
        });
        assert_eq!(seen.into_iter().collect::<Vec<_>>(), ["blocks.0.a", "head"]);
        let after: Vec<_> =
            same.iter().map(|(name, any)| (name.to_owned(), any.to_data())).collect();
        assert_eq!(before, after);
        assert_eq!(names.map(|name| in_first_block(name).map(|n| n.1)), [Some(10), None, Some(2)]);
    }
}

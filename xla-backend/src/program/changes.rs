//! Why a function is compiled again.

use burn_trace::LeafSpec;
use burn_trace::compile::{Fixed, Structure, What};

use super::graph::Graph;
use super::words::difference;

/// What differs between two calls, in words: between the arguments, or else between what the function did with
/// them.
pub(super) fn changes(
    (before, graph): (&Structure, &Graph),
    (now, graph_now): (&Structure, &Graph),
) -> String {
    let mut words = of_leaves(&before.leaves, &now.leaves);
    // Where leaves come and go, so do the lengths of lists.
    let with_numbers = words.is_empty();
    words.extend(of_fixed(&before.fixed, &now.fixed, with_numbers));
    if words.is_empty() {
        return graph.changes(graph_now);
    }
    let rest = if words.len() > MOST { ", and more" } else { "" };
    words.truncate(MOST);
    format!("{}{rest}", words.join(", "))
}

fn of_leaves(before: &[LeafSpec], now: &[LeafSpec]) -> Vec<String> {
    let mut words = Vec::new();
    for new in now {
        match before.iter().find(|old| old.path == new.path) {
            Some(old) if old.ty == new.ty => {}
            Some(old) => words.push(format!("{} was {} and is {}", at(&new.path), old.ty, new.ty)),
            None => words.push(format!("{} is new: {}", at(&new.path), new.ty)),
        }
        if words.len() > MOST {
            break;
        }
    }
    let gone = before.iter().filter(|old| now.iter().all(|new| new.path != old.path));
    words.extend(gone.take(MOST).map(|old| format!("{} is gone", at(&old.path))));
    words
}

fn of_fixed(before: &[Fixed], now: &[Fixed], with_numbers: bool) -> Vec<String> {
    if before.len() != now.len() {
        return vec![];
    }
    let pairs = before.iter().zip(now).filter(|(a, b)| a.path == b.path && a.what != b.what);
    let words = pairs.filter_map(|(a, b)| {
        let (old, new) = match (&a.what, &b.what) {
            (What::Number(a), What::Number(b)) if with_numbers => (a.to_string(), b.to_string()),
            (What::Flag(a), What::Flag(b)) => (on_or_off(*a), on_or_off(*b)),
            (What::Value(a), What::Value(b)) => (format!("{a:?}"), format!("{b:?}")),
            (What::Module(a), What::Module(b)) => {
                difference(a.text_without_ids(), b.text_without_ids())?
            }
            _ => return None,
        };
        Some(format!("{} was {old} and is {new}", at(&b.path)))
    });
    words.take(MOST + 1).collect()
}

fn on_or_off(flag: bool) -> String {
    if flag { "on".into() } else { "off".into() }
}

fn at(path: &str) -> String {
    if path.is_empty() { "the argument".into() } else { format!("`{path}`") }
}

/// How many changes are listed.
const MOST: usize = 4;

#[cfg(test)]
mod tests {
    use burn::nn::conv::Conv2dConfig;
    use burn::tensor::{Device, Tensor};
    use burn_trace::{Params, Static, TensorTree, record};

    use super::*;

    fn said<A: TensorTree>(before: &A, now: &A, function: impl Fn(A) -> Tensor<1>) -> String {
        let of = |tree: &A| {
            let recorded = record(tree, &function).expect("a function");
            (Structure::with_texts(tree).expect("a tree"), Graph::new(recorded.recording))
        };
        let (before, now) = (of(before), of(now));
        changes((&before.0, &before.1), (&now.0, &now.1))
    }

    #[test]
    fn shapes_and_parts_are_told() {
        let device = Device::default();
        let tensor = |rows| Tensor::<2>::zeros([rows, 3], &device);
        let sum = |(x, _): (Tensor<2>, Option<Tensor<2>>)| x.sum();
        assert_eq!(
            said(&(tensor(2), Some(tensor(4))), &(tensor(5), None), sum),
            "`0` was F32[2, 3] and is F32[5, 3], `1` is gone"
        );
    }

    #[test]
    fn values_and_fields_are_told() {
        let device = Device::default();
        let x = Tensor::<1>::zeros([4], &device);
        let times = |(x, Static(by)): (Tensor<1>, Static<f64>)| x * by;
        let said_of = said(&(x.clone(), Static(2.0)), &(x.clone(), Static(3.0)), times);
        assert_eq!(said_of, "`1` was 2.0 and is 3.0");
        let conv = |stride| {
            Params(Conv2dConfig::new([1, 1], [1, 1]).with_stride([stride; 2]).init(&device))
        };
        let run = |Params(conv): Params<burn::nn::conv::Conv2d>| {
            conv.forward(Tensor::ones([1, 1, 4, 4], &conv.weight.device())).sum()
        };
        let said_of = said(&conv(1), &conv(2), run);
        assert_eq!(said_of, "the argument was `stride: [1, 1]` and is `stride: [2, 2]`");
        // What no text shows is told as the function saw it.
        let hidden = std::cell::Cell::new(0.0);
        let add = |x: Tensor<1>| {
            hidden.set(hidden.get() + 1.5);
            x + hidden.get()
        };
        let said_of = said(&x, &x, add);
        assert!(said_of.contains("1.5") && said_of.contains("3.0"), "{said_of}");
    }
}

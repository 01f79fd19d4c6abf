//! Rolled loops, compared with the same function unrolled on Burn's CPU backend.

mod harness;
mod seeded;

use std::sync::OnceLock;

use burn::module::{Module, Param};
use burn::nn::{Linear, LinearConfig};
use burn::tensor::{Bool, Device, Int, Tensor, activation};
use burn_ir::{OperationIr, TensorId};
use burn_std::Tolerance;
use burn_trace::compile::{Mark, rolling};
use burn_trace::{
    Params, Save, Stacked, TensorTree, checkpoint_name, record, scan, scan_as_loop, value_and_grad,
};
use burn_xla::lower::{LowerError, LowerOptions, lower};
use burn_xla::program::{Jit, ProgramError, Xla};
use harness::Runner;
use seeded::seeded;

const DEPTH: usize = 5;

fn xla() -> Xla {
    static XLA: OnceLock<Xla> = OnceLock::new();
    XLA.get_or_init(|| Xla::cpu().expect("the CPU plugin")).clone()
}

fn device() -> Device {
    Device::flex()
}

#[derive(Module, Debug)]
struct Layer {
    up: Linear,
    down: Linear,
}
burn_xla::impl_tensor_tree!(Layer);

impl Layer {
    fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        let hidden = checkpoint_name(self.up.forward(x.clone()), "hidden");
        x + self.down.forward(activation::gelu(hidden))
    }
}

fn layers(depth: usize) -> Vec<Layer> {
    let layer = || Layer {
        up: LinearConfig::new(3, 8).init(&device()),
        down: LinearConfig::new(8, 3).init(&device()),
    };
    seeded(1, || (0..depth).map(|_| layer().materialize()).collect())
}

fn input() -> Tensor<2> {
    Tensor::<1, Int>::arange(0..12, &device()).float().reshape([4, 3]) / 7 - 0.8
}

fn all_saves() -> Vec<Save> {
    let named = Save::Named(vec!["hidden".into()]);
    vec![Save::Everything, Save::Products, named, Save::Nothing]
}

/// The leaves of two trees are alike: the operations are the same, in another order of sums.
fn close<T: TensorTree>(got: &T, expected: &T) {
    let leaves = |tree: &T| {
        let there = xla().upload(tree).unwrap();
        let values = there.buffers().map(|buffer| buffer.to_data().unwrap());
        there.leaves().into_iter().zip(values).collect::<Vec<_>>()
    };
    let (got, expected) = (leaves(got), leaves(expected));
    assert_eq!(got.len(), expected.len());
    for ((leaf, got), (_, expected)) in got.iter().zip(&expected) {
        println!("{}", leaf.path);
        got.assert_approx_eq::<f32>(expected, Tolerance::default());
    }
}

fn whiles<A: TensorTree, R: TensorTree>(jit: &Jit<A, R>, arguments: &A) -> usize {
    jit.lower(arguments).unwrap().program.text.matches("stablehlo.while").count()
}

type In = (Vec<Layer>, Tensor<2>);

fn forward((layers, x): In) -> (Tensor<2>, Vec<Tensor<1>>) {
    scan(x, layers, |x, layer: Layer| {
        let y = layer.forward(x);
        (y.clone(), y.sum())
    })
}

#[test]
fn a_loop_of_layers_is_one_loop_of_the_program() {
    let arguments = (layers(DEPTH), input());
    let unrolled = xla().jit(forward);
    assert_eq!(whiles(&unrolled, &arguments), 0);
    let rolled = xla().jit(forward).roll(Save::Everything);
    assert_eq!(whiles(&rolled, &arguments), 1);
    let size = |depth| {
        let arguments = (layers(depth), input());
        let text = rolled.lower(&arguments).unwrap().program.text;
        text.lines().filter(|line| line.contains("dot_general")).count()
    };
    assert_eq!(size(2), size(9));
    close(&rolled.call(arguments.clone()).unwrap(), &forward(arguments));
}

fn gradients((layers, x): In) -> (Tensor<1>, (Vec<Layer>, Tensor<2>)) {
    value_and_grad(&(layers, x), &(), |(layers, x), ()| {
        let (y, sums) = forward((layers, x));
        let sums = sums.into_iter().enumerate().map(|(i, sum)| sum * (i as f32 + 1.0));
        y.square().sum() + sums.reduce(|a, b| a + b).unwrap()
    })
    .unwrap()
}

#[test]
fn gradients_are_those_of_the_layers_one_by_one() {
    let arguments = (layers(DEPTH), input());
    let expected = gradients(arguments.clone());
    for save in all_saves() {
        let rolled = xla().jit(gradients).roll(save.clone());
        assert_eq!(whiles(&rolled, &arguments), 2, "{save:?}");
        close(&rolled.call(arguments.clone()).unwrap(), &expected);
    }
}

/// The gradient of a loop twice, the second time of what the first lane is passed alone: it reads less of the
/// loop forward.
#[test]
fn a_loop_keeps_what_any_of_its_gradients_reads() {
    let arguments = (layers(DEPTH), input());
    let recorded = record(&arguments, |arguments| rolling(true, || gradients(arguments))).unwrap();
    let recording = recorded.recording;
    let mut graph = recording.graph;
    let is_backward = |op: &&OperationIr| matches!(Mark::of(op), Some(Mark::ScanBackward(_)));
    let backward = graph.operations.iter().find(is_backward).expect("a gradient").clone();
    let OperationIr::Custom(mut again) = backward.clone() else { panic!("{backward:?}") };
    for (number, output) in again.outputs.iter_mut().enumerate() {
        output.id = TensorId::new((1 << 40) + number as u64);
    }
    let pair = [backward.outputs().next().expect("what is passed on").id, again.outputs[0].id];
    graph.operations.push(OperationIr::Custom(again));
    let given: Vec<_> = recording.arguments.iter().map(|(_, t)| t.id).collect();
    let results: Vec<_> = recording.results.iter().map(|(_, t)| t.id).chain(pair).collect();
    let options = LowerOptions {
        constants: recording.constants,
        save: Save::Everything,
        ..LowerOptions::default()
    };
    let program = lower(&graph, &given, &results, &options).unwrap();
    assert_eq!(program.text.matches("stablehlo.while").count(), 3);
    let there = xla().upload(&arguments).unwrap();
    let values = there.buffers().map(|buffer| buffer.to_data().unwrap());
    let values = given.iter().copied().zip(values).collect();
    let got = Runner::new().unwrap().run(&program, &values, 0).unwrap();
    let [.., once, twice] = &got[..] else { panic!("{} results", got.len()) };
    once.assert_approx_eq::<f32>(twice, Tolerance::default());
}

#[test]
fn what_is_kept_and_what_is_computed_again() {
    let arguments = (layers(DEPTH), input());
    let products = |save| {
        let text = xla().jit(gradients).roll(save).lower(&arguments).unwrap().program.text;
        text.matches("dot_general").count()
    };
    // Two forward, and two for each of them backward.
    let least = products(Save::Everything);
    assert_eq!(products(Save::Products), least);
    // The first product is kept, and the second is not read backward.
    assert_eq!(products(Save::Named(vec!["hidden".into()])), least);
    assert_eq!(products(Save::Nothing), least + 1);
}

#[test]
fn whole_numbers_are_passed_on_and_a_lane_has_no_gradient() {
    type Lane = (Tensor<1>, Tensor<1, Int>);
    fn f((x, lanes): (Tensor<1>, Vec<Lane>)) -> (Tensor<1>, (Tensor<1>, Tensor<1, Int>)) {
        let count = Tensor::<1, Int>::from_ints([3], &x.device());
        let mut counted = None;
        let factors: Vec<_> = lanes.iter().map(|(factor, _)| factor.clone()).collect();
        let numbers: Vec<_> = lanes.iter().map(|(_, number)| number.clone()).collect();
        let (value, (by_x, _)) =
            value_and_grad(&(x, factors), &(count, numbers), |(x, factors), (count, numbers)| {
                let lanes = factors.into_iter().zip(numbers).collect();
                let ((x, count), _) =
                    scan((x, count), lanes, |(x, count), (factor, number): Lane| {
                        let count = count * number;
                        ((x * factor * count.clone().float(), count), ())
                    });
                counted = Some(count);
                x.sum()
            })
            .unwrap();
        let _ = counted;
        (value, (by_x, Tensor::from_ints([1], &lanes[0].1.device())))
    }
    let lane = |i: i32| {
        (
            Tensor::<1>::from_floats([0.5 + i as f32], &device()),
            Tensor::<1, Int>::from_ints([i + 1], &device()),
        )
    };
    let arguments = (Tensor::from_floats([1.0, 2.0], &device()), (0..4).map(lane).collect());
    for save in all_saves() {
        let rolled = xla().jit(f).roll(save);
        close(&rolled.call(arguments.clone()).unwrap(), &f(arguments.clone()));
    }
}

#[test]
fn loops_in_loops() {
    type In = (Tensor<2>, Vec<Vec<Layer>>);
    fn f((x, groups): In) -> (Tensor<1>, In) {
        let (value, grads) = value_and_grad(&(x, groups), &(), |(x, groups), ()| {
            let (y, _) = scan(x, groups, |x, group: Vec<Layer>| {
                let (y, _) = scan(x, group, |x, layer: Layer| (layer.forward(x), ()));
                (y * 0.5, ())
            });
            y.square().sum()
        })
        .unwrap();
        (value, grads)
    }
    let all = layers(6);
    let arguments = (input(), all.chunks(2).map(<[_]>::to_vec).collect());
    for save in all_saves() {
        let rolled = xla().jit(f).roll(save);
        close(&rolled.call(arguments.clone()).unwrap(), &f(arguments.clone()));
    }
}

#[test]
fn an_update_of_stacked_lanes_is_in_place() {
    type Lane = (Tensor<2>, Tensor<2>);
    fn step(lanes: Vec<Lane>) -> Vec<Lane> {
        let (_, lanes) = scan((), lanes, |(), (weight, moment): Lane| {
            let moment = moment * 0.9 + weight.clone() * 0.1;
            ((), (weight - moment.clone() * 0.5, moment))
        });
        lanes
    }
    let lanes: Vec<_> = (0..3).map(|i| (input() + i as f32, input() * i as f32)).collect();
    let rolled = xla().jit(step).roll(Save::default());
    close(&rolled.call(lanes.clone()).unwrap(), &step(lanes.clone()));
    // Nothing but the stacks themselves is passed on.
    let text = rolled.lower(&lanes).unwrap().program.text;
    assert!(!text.contains("dense<0.000000e+00> : tensor<3x4x3xf32>"), "{text}");
}

#[test]
fn stacked_arguments_are_used_where_they_are() {
    type In = (Stacked<Vec<Layer>>, Tensor<2>);
    fn f((layers, x): In) -> (Tensor<1>, (Stacked<Vec<Layer>>, Tensor<2>)) {
        let (value, (layers, x)) = gradients((layers.tree, x));
        (value, (Stacked::new(layers), x))
    }
    let arguments = (Stacked::new(layers(DEPTH)), input());
    let rolled = xla().jit(f).roll(Save::default());
    let lowered = rolled.lower(&arguments).unwrap();
    let paths: Vec<_> = lowered.arguments.iter().map(|leaf| leaf.path.as_str()).collect();
    assert_eq!(paths, ["0.*.up.weight", "0.*.up.bias", "0.*.down.weight", "0.*.down.bias", "1"]);
    let text = &lowered.program.text;
    for (line, is_loop) in text.lines().map(|line| (line, line.contains("dynamic"))) {
        let moves = line.contains("stablehlo.concatenate") || line.contains("stablehlo.slice");
        // What is taken apart here are the results of single lanes, of no axis.
        assert!(!moves || is_loop || line.contains("tensor<5x1xf32>"), "{line}");
    }
    let (value, (layers, x)) = rolled.call(arguments.clone()).unwrap();
    close(&(value, (layers.tree, x)), &gradients((arguments.0.tree, arguments.1)));
}

#[test]
fn lanes_of_several_shapes_are_unrolled() {
    fn f(lanes: Vec<Params<Linear>>) -> Vec<Tensor<1>> {
        let start = Tensor::<1>::zeros([1], &lanes[0].weight.device());
        scan(start, lanes, |x, lane: Params<Linear>| (x.clone() + lane.weight.val().sum(), x)).1
    }
    let lanes = |sizes: [usize; 3]| {
        let lane = |size| {
            let lane = LinearConfig::new(size, 2).init(&device());
            assert_eq!(lane.weight.val().dims(), [size, 2]); // Drawn now, not by each use.
            Params(lane)
        };
        sizes.map(lane).to_vec()
    };
    let rolled = xla().jit(f).roll(Save::default());
    assert_eq!(whiles(&rolled, &lanes([3, 3, 3])), 1);
    assert_eq!(whiles(&rolled, &lanes([3, 4, 3])), 0);
    let lanes = lanes([3, 4, 3]);
    close(&rolled.call(lanes.clone()).unwrap(), &f(lanes));
}

/// A lane with fields that are no tensors.
#[derive(Module, Debug)]
struct Scaled {
    weight: Param<Tensor<2>>,
    factor: f64,
    heads: usize,
    offset: [f32; 1],
}

impl Scaled {
    fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        let [n, d] = x.dims();
        let heads = (x * self.weight.val()).reshape([n, self.heads, d / self.heads]);
        let y = activation::softmax(heads, 2).reshape([n, d]).mul_scalar(self.factor);
        y.clone() + Tensor::<1>::from_floats(self.offset, &y.device()).unsqueeze()
    }
}

#[test]
fn lanes_that_are_not_computed_alike_are_refused() {
    type In = (Vec<Params<Scaled>>, Tensor<2>);
    fn f((lanes, x): In) -> Tensor<2> {
        // Around it a loop that is alike in all lanes.
        let groups = vec![lanes.clone(), lanes];
        scan(x, groups, |x, lanes: Vec<Params<Scaled>>| {
            scan(x, lanes, |x, lane: Params<Scaled>| (lane.forward(x), ()))
        })
        .0
    }
    let lanes = |change: fn(&mut Scaled)| {
        let weight = Param::from_tensor(Tensor::ones([2, 8], &device()));
        let lane = Scaled { weight, factor: 0.5, heads: 2, offset: [1.0] };
        let mut lanes = vec![Params(lane); 4];
        change(&mut lanes[2].0);
        (lanes, Tensor::ones([2, 8], &device()))
    };
    let rolled = || xla().jit(f).roll(Save::default());
    let refused = |change| match rolled().lower(&lanes(change)).unwrap_err() {
        ProgramError::Lower { source, .. }
            if matches!(*source, LowerError::Lane { lane: 2, .. }) =>
        {
            source.to_string()
        }
        error => panic!("{error}"),
    };
    assert_eq!(whiles(&rolled(), &lanes(|_| ())), 2);
    let texts = [
        refused(|lane| lane.factor = 0.25),
        refused(|lane| lane.heads = 4),
        refused(|lane| lane.offset = [2.0]),
    ];
    let told = ["MulScalar of", "F32[2, 4, 2]", "a constant of other values"];
    assert!(texts.iter().zip(told).all(|(text, part)| text.contains(part)), "{texts:#?}");
    assert!(texts[0].contains("0.25") && texts[0].contains("0.5"), "{texts:#?}");
}

#[test]
fn random_operations_in_a_loop_are_refused() {
    fn f(lanes: Vec<Tensor<1>>) -> Tensor<1> {
        let start = lanes[0].zeros_like();
        scan(start, lanes, |x, lane: Tensor<1>| {
            (x + lane.random_like(burn::tensor::Distribution::Default), ())
        })
        .0
    }
    let lanes = vec![Tensor::<1>::ones([2], &device()); 3];
    let error = xla().jit(f).roll(Save::default()).call(lanes).unwrap_err();
    let text = std::iter::successors(Some(&error as &dyn std::error::Error), |e| e.source());
    let text: Vec<_> = text.map(ToString::to_string).collect();
    assert!(text.join(": ").contains("draw the same numbers in each lane"), "{text:?}");
}

/// Of as many lanes as there are rows, each with the layers of a model.
#[test]
fn a_loop_that_is_always_one_has_a_program_of_one_size() {
    fn f((layers, x): In) -> Tensor<2> {
        let rows: Vec<_> = (0..x.dims()[0]).map(|row| x.clone().narrow(0, row, 1)).collect();
        let start = Tensor::zeros([1, 3], &x.device());
        let (sum, _) = scan_as_loop(start, rows, |sum, row: Tensor<2>| {
            let (row, _) = scan(row, layers.clone(), |x, layer: Layer| (layer.forward(x), ()));
            (sum + row, ())
        });
        sum
    }
    let arguments = |rows| (layers(2), input().repeat_dim(0, rows));
    let two = arguments(2);
    let expected = f(two.clone());
    close(&xla().jit(f).call(two.clone()).unwrap(), &expected);
    close(&xla().jit(f).roll(Save::Nothing).call(two).unwrap(), &expected);
    let products = |rows| {
        let text = xla().jit(f).lower(&arguments(rows)).unwrap().program.text;
        assert_eq!(text.matches("stablehlo.while").count(), 1, "the loop over layers is unrolled");
        text.matches("stablehlo.dot_general").count()
    };
    // Two layers of two products, whatever the number of rows.
    assert_eq!([products(1), products(5)], [4, 4]);
}

/// Rows of a batch are floats, numbers and flags.
#[test]
fn a_loop_that_is_always_one_takes_lanes_of_every_kind() {
    type Row = (Tensor<2>, Tensor<1, Int>, Tensor<1, Bool>);
    fn f((x, numbers, flags): Row) -> Tensor<1> {
        let row = |at: usize| {
            let flag = flags.clone().narrow(0, at, 1);
            (x.clone().narrow(0, at, 1), numbers.clone().narrow(0, at, 1), flag)
        };
        let rows = (0..x.dims()[0]).map(row).collect();
        let start = Tensor::zeros([1], &x.device());
        let (sum, _) = scan_as_loop(start, rows, |sum, (x, number, flag): Row| {
            let term = x.sum() * number.float();
            (sum + term.mask_fill(flag, 0.5), ())
        });
        sum
    }
    let numbers = Tensor::<1, Int>::from_ints([3, -1, 2, 5], &device());
    let flags = Tensor::<1, Int>::from_ints([0, 1, 0, 0], &device()).equal_elem(1);
    let arguments = (input(), numbers, flags);
    close(&xla().jit(f).call(arguments.clone()).unwrap(), &f(arguments));
}

/// Constants, loops and what they keep are in maps by tensor; no text may follow the order of a map.
#[test]
fn a_function_has_one_text() {
    fn f((layers, x): In) -> (Tensor<1>, (Vec<Layer>, Tensor<2>)) {
        let device = x.device();
        let factors = (1..6).map(|i| Tensor::<1>::from_floats([i as f32, 2.0, 3.0], &device));
        let x = factors.fold(x, |x, factor| x * factor.unsqueeze());
        gradients((layers, x))
    }
    let arguments = (layers(DEPTH), input());
    for save in all_saves() {
        let text = || {
            let rolled = xla().jit(f).roll(save.clone());
            rolled.lower(&arguments).unwrap().program.text
        };
        let first = text();
        assert!((1..8).all(|_| text() == first), "{save:?}");
    }
}

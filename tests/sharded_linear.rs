//! Linear layers over meshes of eight CPU devices, beside Burn's own on one.

mod eight_cpus;
mod tpu;

use burn::module::Module;
use burn::nn::{Linear, LinearConfig};
use burn::tensor::{Device, Tensor};
use burn_trace::mesh::{Layout, Mesh};
use burn_trace::{Params, value_and_grad};
use burn_xla::Xla;
use burn_xla::pjrt::{CompileOptions, Instruction};
use burn_xla::program::{Lowered, Lowering};
use vit22b::params::{self, NamedTensors};
use vit22b::shard::{Communication, Cut, ShardedLinear, ShardedLinearConfig};

const MESHES: [&str; 4] = ["data=8,model=1", "data=4,model=2", "data=2,model=4", "data=1,model=8"];
const WAYS: [Communication; 2] = [Communication::Annotated, Communication::Ring];

/// Weights are cut over all devices between calls, and so gathered over `data`; inputs and results
/// lie as the layers take them.
fn layout() -> Layout {
    Layout::new(|leaf| {
        let spec = match (leaf.path.as_str(), leaf.ty.shape.len()) {
            (path, _) if path.ends_with("weight") => "data,model",
            (_, 3) => "data,-,model",
            _ => "-",
        };
        spec.parse()
    })
}

fn over(mesh: &str) -> Xla {
    Xla::over(&eight_cpus::client(), mesh.parse().unwrap()).unwrap().with_layout(layout())
}

/// Two layers, so that a gradient by the input of a layer is part of another one.
#[derive(Module, Debug)]
struct Mlp<L: Module> {
    fc1: L,
    fc2: L,
}

fn sharded(communication: Communication, cuts: [Cut; 2]) -> Mlp<ShardedLinear> {
    let layer = |input, output, cut| {
        let config = ShardedLinearConfig::new(input, output).with_cut(Some(cut));
        config.with_communication(communication).init(&Device::flex()).unwrap()
    };
    Mlp { fc1: layer(16, 48, cuts[0]), fc2: layer(48, 16, cuts[1]) }
}

fn plain() -> Mlp<Linear> {
    let layer = |input, output| LinearConfig::new(input, output).init(&Device::flex());
    Mlp { fc1: layer(16, 48), fc2: layer(48, 16) }
}

fn waves<const D: usize>(shape: [usize; D]) -> Tensor<D> {
    let count = shape.iter().product::<usize>() as i64;
    let numbers = Tensor::<1, burn::tensor::Int>::arange(0..count, &Device::flex());
    numbers.float().mul_scalar(1.7).sin().reshape(shape)
}

fn weights() -> NamedTensors {
    let mut weights = NamedTensors::default();
    weights.insert("fc1.weight", waves([16, 48]));
    weights.insert("fc1.bias", waves([48]));
    weights.insert("fc2.weight", waves([48, 16]));
    weights.insert("fc2.bias", waves([16]));
    weights
}

/// Output, loss and gradients.
type Found = (Tensor<3>, Tensor<1>, NamedTensors);

macro_rules! found {
    ($layer:ty) => {
        |(model, x): (Params<Mlp<$layer>>, Tensor<3>)| -> (Tensor<3>, Tensor<1>, Params<Mlp<$layer>>) {
            let run = |model: &Mlp<$layer>, x: Tensor<3>| {
                model.fc2.forward(model.fc1.forward(x).tanh())
            };
            let output = run(&model.0, x.clone());
            let (loss, gradients) =
                value_and_grad(&model, &x, |model, x| run(&model.0, x).square().sum()).unwrap();
            (output, loss, gradients)
        }
    };
}

fn expected() -> Found {
    let model = Params(params::replace(plain(), weights()).unwrap());
    let (output, loss, gradients) = found!(Linear)((model, waves([8, 5, 16])));
    (output, loss, params::collect(&gradients.0))
}

fn assert_close(what: &str, got: &[f64], expected: &[f64]) {
    let norm = |values: &mut dyn Iterator<Item = f64>| values.map(|v| v * v).sum::<f64>().sqrt();
    let error = norm(&mut got.iter().zip(expected).map(|(a, b)| a - b));
    let scale = norm(&mut expected.iter().copied());
    // f32, over sums of at most 48 terms in another order.
    assert!(error <= 1e-5 * scale, "{what}: {error} of {scale}");
}

fn values<const D: usize>(tensor: &Tensor<D>) -> Vec<f64> {
    tensor.to_data().iter::<f64>().collect()
}

fn assert_found(what: &str, got: &Found, expected: &Found) {
    assert_close(what, &values(&got.0), &values(&expected.0));
    assert_close(what, &values(&got.1), &values(&expected.1));
    for ((path, got), (_, expected)) in got.2.iter().zip(expected.2.iter()) {
        let numbers = |any: &params::AnyTensor| any.to_data().iter::<f64>().collect::<Vec<_>>();
        assert_close(&format!("{what}, {path}"), &numbers(got), &numbers(expected));
    }
}

#[test]
fn both_ways_and_both_cuts_agree_with_a_linear_layer_on_every_mesh() {
    let expected = expected();
    for mesh in MESHES {
        for communication in WAYS {
            for cuts in [[Cut::Row, Cut::Column], [Cut::Column, Cut::Row]] {
                let model = params::replace(sharded(communication, cuts), weights()).unwrap();
                let jit = over(mesh).jit(found!(ShardedLinear));
                let (output, loss, gradients) =
                    jit.call((Params(model), waves([8, 5, 16]))).unwrap();
                let got = (output, loss, params::collect(&gradients.0));
                assert_found(&format!("{mesh} {communication:?} {cuts:?}"), &got, &expected);
            }
        }
    }
}

#[test]
fn without_a_mesh_it_is_a_linear_layer() {
    let expected = expected();
    for communication in WAYS {
        let cuts = [Cut::Row, Cut::Column];
        let model = Params(params::replace(sharded(communication, cuts), weights()).unwrap());
        let arguments = (model, waves([8, 5, 16]));
        let alone = Xla::new(&eight_cpus::client()).unwrap().jit(found!(ShardedLinear));
        let text = alone.lower(&arguments).unwrap().program.text;
        assert!(!text.contains("sdy.") && !text.contains("collective"), "{text}");
        for (output, loss, gradients) in
            [alone.call(arguments.clone()).unwrap(), found!(ShardedLinear)(arguments)]
        {
            let got = (output, loss, params::collect(&gradients.0));
            assert_found(&format!("{communication:?}"), &got, &expected);
        }
    }
}

/// One layer over a ring of four, on eight images of five tokens.
fn program(cut: Cut, communication: Communication) -> (Lowered, Vec<Instruction>) {
    let layer = ShardedLinearConfig::new(32, 48).with_cut(Some(cut)).with_bias(false);
    let layer = layer.with_communication(communication).init(&Device::flex()).unwrap();
    let arguments = (Params(layer), waves([8, 5, 32]));
    let jit = over("data=2,model=4")
        .jit(|(layer, x): (Params<ShardedLinear>, Tensor<3>)| layer.0.forward(x));
    let lowered = jit.lower(&arguments).unwrap();
    let arguments = over("data=2,model=4").upload(&arguments).unwrap();
    let look = |executable: &burn_xla::pjrt::Executable| {
        executable.program().optimized_program().unwrap().instructions().unwrap()
    };
    (lowered, jit.with_executable(arguments, look).unwrap())
}

/// Elements that instructions of this kind give.
fn elements(instructions: &[Instruction], opcode: &str) -> usize {
    let chosen = instructions.iter().filter(|instruction| instruction.opcode == opcode);
    chosen.flat_map(|i| &i.results).map(|spec| spec.dims.iter().product::<usize>()).sum()
}

/// The paper's formulas, in the compiled programs.
#[test]
fn a_device_receives_what_the_formulas_say() {
    let tokens = 4 * 5;
    let floats = |cut: Cut| tokens * cut.floats_per_token(32, 48, 4);
    for cut in [Cut::Row, Cut::Column] {
        let (_, ring) = program(cut, Communication::Ring);
        assert_eq!(elements(&ring, "collective-permute"), floats(cut), "{cut:?}");
    }
    // By annotation the input is gathered: all of it, less what the device has of it.
    let (_, annotated) = program(Cut::Row, Communication::Annotated);
    let gathers = annotated.iter().filter(|i| i.opcode == "all-gather");
    let inputs = gathers.filter(|i| i.results[0].dims.iter().product::<usize>() == tokens * 32);
    assert_eq!(inputs.count(), 1);
    assert_eq!(tokens * 32 - tokens * 8, floats(Cut::Row));
}

/// Each hop is started before the product of its step.
#[test]
fn hops_come_before_products() {
    for cut in [Cut::Row, Cut::Column] {
        let text = program(cut, Communication::Ring).0.program.text;
        let steps: String = text
            .lines()
            .filter_map(|line| match line {
                _ if line.contains("collective_permute") => Some('h'),
                _ if line.contains("dot_general") => Some('p'),
                _ => None,
            })
            .collect();
        let expected = match cut {
            Cut::Row => "hphphpp",
            // The first sum has not travelled yet.
            Cut::Column => "phphphp",
        };
        assert_eq!(steps, expected, "{text}");
    }
}

/// On a TPU the hops run while the products do: each is started before a product and awaited behind
/// it. Compiled where libtpu is installed (`vit22b install tpu`); no TPU is needed.
#[test]
fn on_a_tpu_hops_and_products_overlap() {
    let Some(topology) = tpu::eight_chips() else { return };
    for cut in [Cut::Row, Cut::Column] {
        let config = ShardedLinearConfig::new(2048, 2048).with_cut(Some(cut)).with_bias(false);
        let layer = config.with_communication(Communication::Ring).init(&Device::flex()).unwrap();
        let x = Tensor::<3>::zeros([8, 256, 2048], &Device::flex());
        let mesh: Mesh = "data=2,model=4".parse().unwrap();
        let function = |(layer, x): (Params<ShardedLinear>, Tensor<3>)| layer.0.forward(x);
        let lowering = Lowering::new().named("ring").over(&mesh, &layout()).on("tpu");
        let lowered = lowering.lower(function, &(Params(layer), x));
        let options = CompileOptions::new().with_partitions(8);
        let program = topology.compile(&lowered.unwrap().program.text, &options).unwrap();
        let instructions = program.optimized_program().unwrap().instructions().unwrap();
        let mut flying = 0;
        let mut overlapping = 0;
        for instruction in &instructions {
            match instruction.opcode.as_str() {
                "collective-permute-start" => flying += 1,
                "collective-permute-done" => flying -= 1,
                "fusion" if instruction.op_name.contains("/dot") => overlapping += flying,
                _ => {}
            }
        }
        // Of the three hops the first or the last may lie beside something else.
        assert!(overlapping >= 2, "{cut:?}: {overlapping} of 3");
    }
}

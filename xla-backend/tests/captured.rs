//! A function written in Burn: captured, lowered with its constants, and compared with itself on
//! Burn's CPU backend.

mod harness;

use burn::tensor::{Device, Tensor, activation};
use burn_ir::OperationIr;
use burn_trace::{softmax, value_and_grad};
use burn_xla::lower::{LowerOptions, lower};
use burn_xla::program::Lowering;
use harness::{Runner, compare};

fn attend(device: &Device) -> Tensor<3> {
    let x = Tensor::<2>::from_floats([[0.1, -0.4, 0.7], [1.2, 0.3, -0.9]], device);
    let w = Tensor::<2>::from_floats([[0.5, -0.2, 0.3], [0.1, 0.8, -0.6], [0.4, 0.2, 0.9]], device);
    let q = x.clone().matmul(w.clone()).unsqueeze::<3>();
    let k = activation::gelu(x).unsqueeze::<3>().repeat_dim(0, 2);
    let scores = activation::softmax(q.matmul(k.clone().swap_dims(1, 2)) * 0.5, 2);
    let y = scores.matmul(k).slice([0..2, 0..2, 1..3]);
    (y.clone() - y.mean_dim(2)).powi_scalar(2) + 1.0
}

#[test]
fn a_burn_function_gives_the_same_on_xla() {
    let device = Device::capture();
    let captured = device
        .capture_scope(|scope| {
            let y = attend(&device);
            let done = scope.complete([], []);
            drop(y);
            done
        })
        .unwrap();
    let made = captured
        .graph
        .operations
        .iter()
        .rev()
        .find(|op| !matches!(op, OperationIr::Drop(_) | OperationIr::Init(_)));
    let result = made.and_then(|op| op.outputs().next()).expect("an operation").id;
    let options = LowerOptions {
        constants: captured.values.into_iter().collect(),
        ..LowerOptions::default()
    };
    let program = lower(&captured.graph, &[], &[result], &options).unwrap();
    let got = Runner::new().unwrap().run(&program, &Default::default(), 0).unwrap();
    compare(&attend(&Device::default()).into_data(), &got[0]).unwrap();
}

/// libtpu alone replaces a softmax between two products by a kernel of its own; other compilers would only lose the
/// fusions that a barrier forbids.
#[test]
fn the_barrier_behind_softmax_is_for_tpus_alone() {
    type Heads = [Tensor<3>; 3];
    fn attend([q, k, v]: Heads) -> Tensor<3> {
        softmax(q.matmul(k.transpose())).matmul(v)
    }
    fn gradients(heads: Heads) -> (Tensor<1>, Heads) {
        value_and_grad(&heads, &(), |heads, ()| attend(heads).sum()).unwrap()
    }
    let heads: Heads = [(); 3].map(|()| Tensor::ones([2, 4, 8], &Device::default()));
    for platform in ["", "cpu", "cuda", "rocm", "oneapi", "metal", "tt", "tpu"] {
        let lowering = || Lowering::new().on(platform);
        let forward = lowering().lower(attend, &heads).unwrap();
        let backward = lowering().lower(gradients, &heads).unwrap();
        let expected = usize::from(platform == "tpu");
        for text in [forward.program.text, backward.program.text] {
            let barriers = text.matches("optimization_barrier").count();
            assert_eq!(barriers, expected, "for {platform:?}: {text}");
        }
    }
}

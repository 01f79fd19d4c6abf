//! Random graphs of 5 to 50 operations, shrunk on failure, against Burn's CPU backend.

mod flex;
mod harness;

use std::cell::RefCell;
use std::collections::HashMap;

use burn_backend::{DType, TensorData};
use burn_ir::*;
use burn_xla::lower::{LowerOptions, lower};
use flex::{Calls, Fill};
use harness::{Runner, compare};
use proptest::prelude::*;

const F32: DType = DType::F32;

/// Picks the next operation and its operands among square matrices.
fn step(c: &mut Calls, known: &[TensorIr], choice: (u8, u8, u8)) -> OperationIr {
    use ActivationOperationIr as A;
    use BaseOperationIr as B;
    use FloatOperationIr as F;
    use NumericOperationIr as N;
    let x = known[choice.1 as usize % known.len()].clone();
    let y = known[choice.2 as usize % known.len()].clone();
    let axis = usize::from(choice.2 & 1);
    let number = |op| OperationIr::NumericFloat(F32, op);
    match choice.0 % 16 {
        0 => number(N::Add(BinaryOpIr::create(x, y, || c.id()))),
        1 => number(N::Sub(BinaryOpIr::create(x, y, || c.id()))),
        2 => number(N::Mul(BinaryOpIr::create(x, y, || c.id()))),
        3 => number(N::MulScalar(ScalarOpIr::create(x, ScalarIr::Float(0.5), || c.id()))),
        4 => number(N::Abs(UnaryOpIr::create(x, || c.id()))),
        5 => number(N::Neg(UnaryOpIr::create(x, || c.id()))),
        6 => number(N::CumSum(DimOpIr::create(x, axis, || c.id()))),
        7 => number(N::Sort(SortOpIr::create(x, axis, false, || c.id()))),
        8 => OperationIr::Float(F32, F::Tanh(UnaryOpIr::create(x, || c.id()))),
        9 => OperationIr::Float(F32, F::Matmul(MatmulOpIr::create(x, y, || c.id()))),
        10 => OperationIr::Activation(A::Gelu(UnaryOpIr::create(x, || c.id()))),
        11 => OperationIr::Activation(A::Softmax(DimOpIr::create(x, axis, || c.id()))),
        12 => OperationIr::Activation(A::Sigmoid(UnaryOpIr::create(x, || c.id()))),
        13 => OperationIr::BaseFloat(B::SwapDims(SwapDimsOpIr::create(x, 0, 1, || c.id()))),
        14 => OperationIr::BaseFloat(B::Flip(FlipOpIr::create(x, vec![axis], || c.id()))),
        _ => number(N::ClampMax(ScalarOpIr::create(x, ScalarIr::Float(0.7), || c.id()))),
    }
}

thread_local! {
    static RUNNER: RefCell<Runner> = RefCell::new(Runner::new().expect("a CPU plugin"));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn graphs_agree(
        seed in 0u64..1000,
        choices in proptest::collection::vec(any::<(u8, u8, u8)>(), 5..50),
    ) {
        let c = &mut Calls::new(seed);
        let inputs: Vec<_> = (0..3).map(|_| c.tensor(&[4, 4], F32, Fill::Unit)).collect();
        let values: HashMap<TensorId, TensorData> =
            inputs.iter().map(|t| (t.id, c.value(t.id))).collect();
        let mut known = inputs.clone();
        let mut operations = Vec::new();
        for choice in choices {
            let op = step(c, &known, choice);
            // Keep numbers small: what grows is squashed by the next reader's tolerance.
            known.extend(op.outputs().map(|t| TensorIr {
                status: TensorStatus::ReadOnly, ..t.clone()
            }));
            operations.push(op);
        }
        let last = known.last().expect("an output").clone();
        let given: Vec<_> = values.iter().map(|(id, data)| (*id, data.clone())).collect();
        let expected = flex::answer_all(&operations, &given, &last);
        let graph = GraphIr::new(operations);
        let arguments: Vec<_> = inputs.iter().map(|t| t.id).collect();
        let options = LowerOptions { declared: &inputs, ..LowerOptions::default() };
        let program = lower(&graph, &arguments, &[last.id], &options).unwrap();
        let got = RUNNER.with_borrow_mut(|r| r.run(&program, &values, 0)).unwrap();
        // Numbers beyond 1e6 come from products of products, whose rounding differs.
        let huge = read(&expected).iter().any(|v| v.is_nan() || v.abs() >= 1e6);
        prop_assume!(!huge);
        if let Err(error) = compare(&expected, &got[0]) {
            prop_assert!(close_enough(&expected, &got[0]), "{error:#}");
        }
    }
}

fn read(data: &TensorData) -> Vec<f32> {
    data.as_bytes().as_chunks().0.iter().map(|&c| f32::from_le_bytes(c)).collect()
}

/// Chains of operations cancel: the error is measured against the largest number.
fn close_enough(expected: &TensorData, got: &TensorData) -> bool {
    let (expected, got) = (read(expected), read(got));
    let scale = expected.iter().fold(1.0f32, |m, v| m.max(v.abs()));
    expected.iter().zip(&got).all(|(e, g)| (e - g).abs() <= 1e-4 * scale)
}

/// A stack of blocks of a transformer, by hand: lowering costs time in proportion to it.
#[test]
fn lowering_is_linear() {
    let time = |blocks: usize| {
        let c = &mut Calls::new(9);
        let mut x = c.tensor(&[4, 16], F32, Fill::Unit);
        let w = c.tensor(&[16, 16], F32, Fill::Unit);
        let arguments = [x.id, w.id];
        let mut operations = Vec::new();
        for _ in 0..blocks * 20 {
            let d = LinearOpIr::create(x, w.clone(), None, || c.id());
            x = TensorIr { status: TensorStatus::ReadOnly, ..d.out.clone() };
            operations.push(OperationIr::Module(ModuleOperationIr::Linear(d)));
            let d = UnaryOpIr::create(x, || c.id());
            x = TensorIr { status: TensorStatus::ReadOnly, ..d.out.clone() };
            operations.push(OperationIr::Activation(ActivationOperationIr::Gelu(d)));
        }
        let graph = GraphIr::new(operations);
        (0..20)
            .map(|_| {
                let start = std::time::Instant::now();
                lower(&graph, &arguments, &[x.id], &LowerOptions::default()).unwrap();
                start.elapsed()
            })
            .min()
            .unwrap_or_default()
    };
    let (short, long) = (time(12), time(96));
    println!("12 blocks of 40 operations: {short:?}, 96: {long:?}");
    assert!(long < short * 24, "eight times the blocks took {short:?} and {long:?}");
}

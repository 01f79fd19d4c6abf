//! Whole printed programs, pinned, and run against Burn's CPU backend.
//!
//! `BURN_XLA_UPDATE_GOLDEN=1 cargo test --workspace --test golden` writes the files anew; review
//! the difference.

mod flex;
mod harness;

use std::path::PathBuf;

use burn_backend::{DType, Slice};
use burn_ir::*;
use burn_trace::mesh::Spec;
use burn_xla::lower::{LowerOptions, lower, lower_op, support_table};
use flex::{BOOL, Calls, Fill};
use harness::{Outcome, Runner};

const T: Fill = Fill::Unit;
const F32: DType = DType::F32;

/// Compares `text` with a file of this package, or writes it.
fn pin(file: &str, text: &str) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(file);
    if std::env::var_os("BURN_XLA_UPDATE_GOLDEN").is_some() {
        let folder = path.parent().expect("a file in a folder");
        std::fs::create_dir_all(folder).expect("a folder");
        std::fs::write(&path, text).expect("a file that can be written");
        return;
    }
    let pinned = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(pinned, text, "{file} differs; BURN_XLA_UPDATE_GOLDEN=1 writes it anew");
}

fn cases() -> Vec<(&'static str, OperationIr)> {
    let c = &mut Calls::new(31);
    let mut cases = Vec::new();
    let mut add = |name, c: &mut Calls, op| {
        c.call(op);
        cases.push((name, c.cases.last().expect("Burn answers").op.clone()));
    };

    let (x, w) = (c.tensor(&[2, 3, 4], F32, T), c.tensor(&[4, 5], F32, T));
    let bias = c.tensor(&[5], F32, T);
    let d = LinearOpIr::create(x.clone(), w, Some(bias), || c.id());
    add("linear", c, OperationIr::Module(ModuleOperationIr::Linear(d)));

    let (gamma, beta) = (c.tensor(&[4], F32, T), c.tensor(&[4], F32, T));
    let d = LayerNormOpIr::create(x.clone(), gamma, Some(beta), 1e-6, || c.id());
    add("layer_norm", c, OperationIr::Module(ModuleOperationIr::LayerNorm(d)));

    let d = UnaryOpIr::create(x.clone(), || c.id());
    add("gelu", c, OperationIr::Activation(ActivationOperationIr::Gelu(d)));
    let d = DimOpIr::create(x.clone(), 2, || c.id());
    add("softmax", c, OperationIr::Activation(ActivationOperationIr::Softmax(d)));

    let half = c.tensor(&[2, 3, 4], DType::BF16, T);
    let other = c.tensor(&[2, 4, 2], DType::BF16, T);
    let d = MatmulOpIr::create(half, other, || c.id());
    add("matmul_bf16", c, OperationIr::Float(DType::BF16, FloatOperationIr::Matmul(d)));

    let q = c.tensor(&[1, 2, 3, 4], F32, T);
    let options = AttentionOptionsIr { scale: None, softcap: None, is_causal: false };
    let d = AttentionOpIr::create(q.clone(), q.clone(), q, None, None, options, || c.id());
    add("attention", c, OperationIr::Module(ModuleOperationIr::Attention(d)));

    let (image, kernel) = (c.tensor(&[1, 3, 8, 8], F32, T), c.tensor(&[4, 3, 4, 4], F32, T));
    let options =
        Conv2dOptionsIr { stride: [4, 4], padding: [(0, 0), (0, 0)], dilation: [1, 1], groups: 1 };
    let d = Conv2dOpIr::create(image, kernel, None, options, || c.id());
    add("patch_embedding", c, OperationIr::Module(ModuleOperationIr::Conv2d(d)));

    let ranges = vec![Slice::new(0, None, 1), Slice::new(0, None, -2), Slice::new(1, Some(3), 1)];
    let d = SliceOpIr::create(x.clone(), ranges, || c.id());
    add("slice_backwards", c, OperationIr::BaseFloat(BaseOperationIr::Slice(d)));

    let d = ReduceDimOpIr::create_arg(x.clone(), 1, 1, DType::I32, || c.id());
    add("argmax", c, OperationIr::NumericFloat(F32, NumericOperationIr::ArgMax(d)));
    let d = SortOpIr::create(x.clone(), 2, true, || c.id());
    add("sort_descending", c, OperationIr::NumericFloat(F32, NumericOperationIr::Sort(d)));

    let at = c.tensor(&[2], DType::I32, Fill::Index(3));
    let value = c.tensor(&[2, 2, 4], F32, T);
    let update = burn_backend::tensor::IndexingUpdateOp::Add;
    let d = SelectAssignOpIr::create(x.clone(), 1, at, value, update, || c.id());
    add("select_assign", c, OperationIr::BaseFloat(BaseOperationIr::SelectAssign(d)));

    let d = CastOpIr::create(x.clone(), DType::I32, || c.id());
    add("float_into_int", c, OperationIr::Float(F32, FloatOperationIr::IntoInt(d)));
    let mask = c.tensor(&[2, 3, 4], BOOL, T);
    let d = MaskFillOpIr::create(x, mask, ScalarIr::Float(f64::NEG_INFINITY), || c.id());
    add("mask_fill", c, OperationIr::BaseFloat(BaseOperationIr::MaskFill(d)));

    // The windows of pools and scans, and reductions that look for an extremum: libtpu 0.0.52 dies of those
    // that compare and select.
    let image = c.tensor(&[1, 2, 7, 9], F32, T);
    let (x, size, stride) = (image.clone(), [3, 2], [2, 1]);
    let d = MaxPool2dOpIr::create(x.clone(), size, stride, [1, 1], [1, 2], false, || c.id());
    add("max_pool", c, OperationIr::Module(ModuleOperationIr::MaxPool2d(d)));
    let d = MaxPool2dWithIndicesOpIr::create(
        x.clone(),
        size,
        stride,
        [1, 1],
        [1, 2],
        false,
        DType::I32,
        || c.id(),
    );
    add(
        "max_pool_with_indices",
        c,
        OperationIr::Module(ModuleOperationIr::MaxPool2dWithIndices(d)),
    );
    let d = AvgPool2dOpIr::create(x.clone(), size, stride, [1, 1], false, false, || c.id());
    add("average_pool", c, OperationIr::Module(ModuleOperationIr::AvgPool2d(d)));
    let d = AdaptiveAvgPool2dOpIr::create(x, [3, 4], || c.id());
    add("adaptive_average_pool", c, OperationIr::Module(ModuleOperationIr::AdaptiveAvgPool2d(d)));
    let d = DimOpIr::create(image.clone(), 3, || c.id());
    add("cumulative_sum", c, OperationIr::NumericFloat(F32, NumericOperationIr::CumSum(d)));
    let d = DimOpIr::create(image.clone(), 3, || c.id());
    add("cumulative_max", c, OperationIr::NumericFloat(F32, NumericOperationIr::CumMax(d)));
    let long = c.tensor(&[2, 70], F32, T);
    let d = DimOpIr::create(long, 1, || c.id());
    add("cumulative_sum_long", c, OperationIr::NumericFloat(F32, NumericOperationIr::CumSum(d)));
    let d = ReduceDimWithIndicesOpIr::create(image.clone(), 2, DType::I32, || c.id());
    let op = NumericOperationIr::MinDimWithIndices(d);
    add("min_with_indices", c, OperationIr::NumericFloat(F32, op));
    let d = ReduceDimOpIr::create(image, 3, 1, || c.id());
    add("max_dim", c, OperationIr::NumericFloat(F32, NumericOperationIr::MaxDim(d)));

    let mut runner = Runner::new().expect("a CPU plugin");
    for case in &c.cases {
        let outcome = runner.replay(case);
        assert!(matches!(outcome, Outcome::Agree), "{:?}: {outcome:?}", case.op);
    }
    cases
}

#[test]
fn programs_are_as_pinned_and_right() {
    for (name, op) in cases() {
        let program = lower_op(&op).expect("a lowering");
        pin(&format!("tests/golden/{name}.mlir"), &program.text);
    }
}

#[test]
fn shardings_and_aliases_are_printed() {
    let c = &mut Calls::new(32);
    let (x, w) = (c.tensor(&[8, 4], F32, T), c.tensor(&[4, 4], F32, T));
    let d = MatmulOpIr::create(x.clone(), w.clone(), || c.id());
    let out = d.out.id;
    let graph = GraphIr::new(vec![OperationIr::Float(F32, FloatOperationIr::Matmul(d))]);
    let mut options = LowerOptions {
        name: "sharded",
        mesh: Some("data=2,model=2".parse().expect("a mesh")),
        ..LowerOptions::default()
    };
    let spec = |text: &str| text.parse::<Spec>().expect("a spec");
    options.argument_specs.insert(x.id, spec("data"));
    options.argument_specs.insert(w.id, spec("-,model"));
    // A buffer goes to a result that lies as the argument does.
    options.result_specs.insert(0, spec("data"));
    options.aliases.insert(x.id, 0);
    let program = lower(&graph, &[x.id, w.id], &[out], &options).expect("a lowering");
    pin("tests/golden/sharded.mlir", &program.text);
}

#[test]
fn random_programs_take_a_seed() {
    let distribution = burn_backend::Distribution::Normal(0.0, 1.0);
    let mut runner = Runner::new().expect("a CPU plugin");
    let out = TensorIr::uninit(TensorId::new(1), vec![64, 64].into(), F32);
    let op = OperationIr::Float(F32, FloatOperationIr::Random(RandomOpIr { out, distribution }));
    let program = lower_op(&op).expect("a lowering");
    assert!(program.seed);
    pin("tests/golden/random_normal.mlir", &program.text);
    let mut draw = |seed| -> Vec<f32> {
        let values = runner.run(&program, &Default::default(), seed).expect("numbers");
        values[0].as_bytes().as_chunks().0.iter().map(|&c| f32::from_le_bytes(c)).collect()
    };
    let numbers = draw(1);
    assert_eq!(numbers, draw(1));
    assert_ne!(numbers, draw(2));
    let count = numbers.len() as f32;
    let mean = numbers.iter().sum::<f32>() / count;
    let variance = numbers.iter().map(|v| (v - mean).powi(2)).sum::<f32>() / count;
    assert!(mean.abs() < 0.06, "the mean is {mean}");
    assert!((variance - 1.0).abs() < 0.1, "the variance is {variance}");
}

#[test]
fn distributions_keep_to_their_ranges() {
    use burn_backend::Distribution as D;
    let mut runner = Runner::new().expect("a CPU plugin");
    let mut check = |dtype: DType, distribution: D, low: f64, high: f64| {
        let out = TensorIr::uninit(TensorId::new(1), vec![500].into(), dtype);
        let d = RandomOpIr { out, distribution };
        let op = if dtype.is_float() {
            OperationIr::Float(dtype, FloatOperationIr::Random(d))
        } else {
            OperationIr::NumericInt(dtype, NumericOperationIr::IntRandom(d))
        };
        let program = lower_op(&op).expect("a lowering");
        let values = runner.run(&program, &Default::default(), 7).expect("numbers");
        let values: Vec<f64> = values[0].iter::<f64>().collect();
        let within = values.iter().all(|v| (low..=high).contains(v));
        assert!(within, "{dtype:?} {distribution:?}: {values:?}");
        let (least, most) =
            values.iter().fold((f64::MAX, f64::MIN), |(l, m), &v| (l.min(v), m.max(v)));
        assert!(most - least > (high - low) * 0.5, "{dtype:?} {distribution:?}: {values:?}");
    };
    for dtype in [DType::F32, DType::F64, DType::F16, DType::BF16] {
        check(dtype, D::Default, 0.0, 1.0);
        check(dtype, D::Uniform(-2.0, 3.0), -2.0, 3.0);
        check(dtype, D::Bernoulli(0.3), 0.0, 1.0);
        check(dtype, D::Normal(1.0, 0.5), -1.5, 3.5);
    }
    for dtype in [DType::I32, DType::I64, DType::U8] {
        check(dtype, D::Uniform(2.0, 9.0), 2.0, 8.0);
        check(dtype, D::Bernoulli(0.5), 0.0, 1.0);
    }
    check(DType::I32, D::Default, i32::MIN.into(), i32::MAX.into());
}

#[test]
fn the_table_of_support_is_current() {
    pin("../docs/op_support.md", &support_table());
}

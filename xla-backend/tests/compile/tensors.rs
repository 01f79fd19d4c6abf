//! Operations on tensors of a size that people use.

use burn_backend::distributed::ReduceOperation;
use burn_backend::tensor::IndexingUpdateOp;
use burn_backend::{DType, Distribution, Slice};
use burn_ir::{
    ActivationOperationIr as A, BaseOperationIr as B, BoolOperationIr as Bool,
    DistributedOperationIr, FloatOperationIr as F, IntOperationIr as Int, NumericOperationIr as N,
    *,
};

use super::{BOOL, F32, I32, float, id, int, tensor};

/// Rows and columns.
const ROWS: usize = 256;
const COLUMNS: usize = 1024;

pub(super) fn cases() -> Vec<OperationIr> {
    let mut cases = Vec::new();
    cases.extend(base(F32).into_iter().map(OperationIr::BaseFloat));
    cases.extend(base(I32).into_iter().map(OperationIr::BaseInt));
    cases.extend(base(BOOL).into_iter().map(OperationIr::BaseBool));
    cases.extend(numeric(F32).into_iter().map(|op| OperationIr::NumericFloat(F32, op)));
    cases.extend(numeric(I32).into_iter().map(|op| OperationIr::NumericInt(I32, op)));
    cases.extend(bools().into_iter().map(OperationIr::Bool));
    cases.extend(ints().into_iter().map(OperationIr::Int));
    cases.extend(floats().into_iter().map(|op| OperationIr::Float(F32, op)));
    cases.extend(activations().into_iter().map(OperationIr::Activation));
    let all = AllReduceOpIr::create(float(&[ROWS, COLUMNS]), ReduceOperation::Sum, vec![], id);
    cases.push(OperationIr::Distributed(DistributedOperationIr::AllReduce(all)));
    cases
}

fn base(dtype: DType) -> Vec<B> {
    let x = || tensor(&[ROWS, COLUMNS], dtype);
    let mask = || tensor(&[ROWS, COLUMNS], BOOL);
    let binary = || BinaryOpIr::create_comparison(x(), x(), BOOL, id);
    let scalar = || ScalarOpIr::create_comparison(x(), ScalarIr::Int(1), BOOL, id);
    let new = || CreationOpIr::create([ROWS, COLUMNS].into(), dtype, id);
    let (half, update) = (ROWS / 2, IndexingUpdateOp::Add);
    let part = || vec![Slice::new(0, Some(half as isize), 1), Slice::new(0, None, 1)];
    vec![
        B::Reshape(ShapeOpIr::reshape(x(), [COLUMNS, ROWS].into(), id)),
        B::SwapDims(SwapDimsOpIr::create(x(), 0, 1, id)),
        B::Permute(PermuteOpIr::create(x(), vec![1, 0], id)),
        B::Flip(FlipOpIr::create(x(), vec![0, 1], id)),
        B::Expand(ShapeOpIr::expand(tensor(&[1, COLUMNS], dtype), [ROWS, COLUMNS].into(), id)),
        B::Unfold(UnfoldOpIr::create(x(), 1, 64, 8, id)),
        B::Slice(SliceOpIr::create(x(), part(), id)),
        B::SliceAssign(SliceAssignOpIr::create(x(), part(), tensor(&[half, COLUMNS], dtype), id)),
        B::Select(SelectOpIr::create(x(), 0, int(&[half]), id)),
        B::SelectAssign(SelectAssignOpIr::create(
            x(),
            0,
            int(&[half]),
            tensor(&[half, COLUMNS], dtype),
            update,
            id,
        )),
        B::MaskWhere(MaskWhereOpIr::create(x(), mask(), x(), id)),
        B::MaskFill(MaskFillOpIr::create(x(), mask(), ScalarIr::Int(0), id)),
        B::Gather(GatherOpIr::create(x(), 1, int(&[ROWS, half]), id)),
        B::Scatter(ScatterOpIr::create(
            x(),
            1,
            int(&[ROWS, half]),
            tensor(&[ROWS, half], dtype),
            update,
            id,
        )),
        B::ScatterNd(ScatterNdOpIr::create(
            x(),
            int(&[half, 1]),
            tensor(&[half, COLUMNS], dtype),
            update,
            id,
        )),
        B::GatherNd(GatherNdOpIr::create(x(), int(&[half, 1]), id)),
        B::Equal(binary()),
        B::EqualElem(scalar()),
        B::RepeatDim(RepeatDimOpIr::create(x(), 0, 64, id)),
        B::Cat(CatOpIr::create((0..64).map(|_| x()).collect(), 0, id)),
        B::Cast(CastOpIr::create(x(), dtype, id)),
        B::Empty(new()),
        B::Ones(new()),
        B::Zeros(new()),
        B::NotEqual(binary()),
        B::NotEqualElem(scalar()),
        B::All(ReduceOpIr::create_bool(x(), BOOL, id)),
        B::Any(ReduceOpIr::create_bool(x(), BOOL, id)),
        B::AllDim(ReduceDimOpIr::create_bool(x(), 1, 1, BOOL, id)),
        B::AnyDim(ReduceDimOpIr::create_bool(x(), 1, 1, BOOL, id)),
    ]
}

fn numeric(dtype: DType) -> Vec<N> {
    let x = || tensor(&[ROWS, COLUMNS], dtype);
    let long = || tensor(&[8, 100_000], dtype);
    let one = ScalarIr::Int(3);
    let binary = || BinaryOpIr::create(x(), x(), id);
    let scalar = || ScalarOpIr::create(x(), one, id);
    let compare = || BinaryOpIr::create_comparison(x(), x(), BOOL, id);
    let compare_scalar = || ScalarOpIr::create_comparison(x(), one, BOOL, id);
    let unary = || UnaryOpIr::create(x(), id);
    let all = || ReduceOpIr::create(x(), id);
    let along = || ReduceDimOpIr::create(x(), 1, 1, id);
    let place = |count| ReduceDimOpIr::create_arg(x(), 1, count, I32, id);
    let both = || ReduceDimWithIndicesOpIr::create(x(), 1, I32, id);
    let cumulative = || DimOpIr::create(long(), 1, id);
    let random =
        RandomOpIr::create([ROWS, COLUMNS].into(), dtype, Distribution::Uniform(0.0, 9.0), id);
    let full = FullOpIr::create([ROWS, COLUMNS].into(), dtype, one, id);
    vec![
        N::Add(binary()),
        N::AddScalar(scalar()),
        N::Sub(binary()),
        N::SubScalar(scalar()),
        N::Div(binary()),
        N::DivScalar(scalar()),
        N::Rem(binary()),
        N::RemScalar(scalar()),
        N::Mul(binary()),
        N::MulScalar(scalar()),
        N::Abs(unary()),
        N::Full(full),
        N::MeanDim(along()),
        N::Mean(all()),
        N::Sum(all()),
        N::SumDim(along()),
        N::SumDims(ReduceDimsOpIr { input: x(), out: tensor(&[1, 1], dtype), axes: vec![0, 1] }),
        N::Prod(all()),
        N::ProdDim(along()),
        N::Greater(compare()),
        N::GreaterElem(compare_scalar()),
        N::GreaterEqual(compare()),
        N::GreaterEqualElem(compare_scalar()),
        N::Lower(compare()),
        N::LowerElem(compare_scalar()),
        N::LowerEqual(compare()),
        N::LowerEqualElem(compare_scalar()),
        N::ArgMax(place(1)),
        N::ArgTopK(place(50)),
        N::TopK(ReduceDimOpIr::create(x(), 1, 50, id)),
        N::TopKWithIndices(TopKWithIndicesOpIr::create(long(), 1, 50, I32, id)),
        N::ArgMin(place(1)),
        N::Max(all()),
        N::MaxDimWithIndices(both()),
        N::MinDimWithIndices(both()),
        N::Min(all()),
        N::MaxDim(along()),
        N::MinDim(along()),
        N::MaxAbs(all()),
        N::MaxAbsDim(along()),
        N::Clamp(ClampOpIr::create(x(), ScalarIr::Int(0), one, id)),
        N::IntRandom(random),
        N::Powi(BinaryOpIr { lhs: x(), rhs: int(&[ROWS, COLUMNS]), out: x() }),
        N::PowiScalar(scalar()),
        N::CumSum(cumulative()),
        N::CumProd(cumulative()),
        N::CumMin(cumulative()),
        N::CumMax(cumulative()),
        N::Neg(unary()),
        N::Sign(unary()),
        N::ClampMin(scalar()),
        N::ClampMax(scalar()),
        N::Sort(SortOpIr::create(long(), 1, false, id)),
        N::SortWithIndices(SortWithIndicesOpIr::create(long(), 1, true, I32, id)),
        N::ArgSort(SortOpIr::create_arg(long(), 1, true, I32, id)),
        N::Pad(PadOpIr::create(x(), vec![(1, 2), (3, 4)], PadModeIr::Constant(one), id)),
    ]
}

fn bools() -> Vec<Bool> {
    let x = || tensor(&[ROWS, COLUMNS], BOOL);
    let binary = || BinaryOpIr::create(x(), x(), id);
    vec![
        Bool::IntoFloat(CastOpIr::create(x(), F32, id)),
        Bool::IntoInt(CastOpIr::create(x(), I32, id)),
        Bool::Not(UnaryOpIr::create(x(), id)),
        Bool::And(binary()),
        Bool::Or(binary()),
        Bool::Xor(binary()),
    ]
}

fn ints() -> Vec<Int> {
    let x = || int(&[ROWS, COLUMNS]);
    let binary = || BinaryOpIr::create(x(), x(), id);
    let scalar = || ScalarOpIr::create(x(), ScalarIr::Int(3), id);
    vec![
        Int::IntoFloat(CastOpIr::create(x(), F32, id)),
        Int::BitwiseAnd(binary()),
        Int::BitwiseAndScalar(scalar()),
        Int::BitwiseOr(binary()),
        Int::BitwiseOrScalar(scalar()),
        Int::BitwiseXor(binary()),
        Int::BitwiseXorScalar(scalar()),
        Int::BitwiseNot(UnaryOpIr::create(x(), id)),
        Int::BitwiseLeftShift(binary()),
        Int::BitwiseLeftShiftScalar(scalar()),
        Int::BitwiseRightShift(binary()),
        Int::BitwiseRightShiftScalar(scalar()),
        Int::Matmul(MatmulOpIr::create(x(), int(&[COLUMNS, ROWS]), id)),
    ]
}

fn floats() -> Vec<F> {
    let x = || float(&[ROWS, COLUMNS]);
    let unary = || UnaryOpIr::create(x(), id);
    let binary = || BinaryOpIr::create(x(), x(), id);
    let is = || UnaryOpIr::create_comparison(x(), BOOL, id);
    let points = || float(&[64, COLUMNS, 3]);
    let normal = Distribution::Normal(0.0, 1.0);
    let options = GridSampleOptionsIr {
        mode: InterpolateModeIr::Bilinear,
        padding_mode: GridSamplePaddingModeIr::Reflection,
        align_corners: false,
    };
    vec![
        F::Exp(unary()),
        F::Log(unary()),
        F::Log1p(unary()),
        F::Erf(unary()),
        F::PowfScalar(ScalarOpIr::create(x(), ScalarIr::Float(1.7), id)),
        F::Sqrt(unary()),
        F::Cos(unary()),
        F::Cosh(unary()),
        F::Sin(unary()),
        F::Sinh(unary()),
        F::Tan(unary()),
        F::Tanh(unary()),
        F::ArcCos(unary()),
        F::ArcCosh(unary()),
        F::ArcSin(unary()),
        F::ArcSinh(unary()),
        F::ArcTan(unary()),
        F::ArcTanh(unary()),
        F::ArcTan2(binary()),
        F::Round(unary()),
        F::Floor(unary()),
        F::Ceil(unary()),
        F::Trunc(unary()),
        F::IntoInt(CastOpIr::create(x(), I32, id)),
        F::Matmul(MatmulOpIr::create(float(&[16, ROWS, 64]), float(&[16, 64, ROWS]), id)),
        F::Cross(CrossOpIr::create(points(), points(), 2, id)),
        F::Random(RandomOpIr::create([ROWS, COLUMNS].into(), F32, normal, id)),
        F::Recip(unary()),
        F::IsNan(is()),
        F::IsInf(is()),
        F::GridSample2d(GridSample2dOpIr::create(
            float(&[4, 3, 224, 224]),
            float(&[4, 112, 112, 2]),
            options,
            id,
        )),
        F::Powf(binary()),
        F::Hypot(binary()),
    ]
}

fn activations() -> Vec<A> {
    let x = || float(&[ROWS, COLUMNS]);
    let unary = || UnaryOpIr::create(x(), id);
    let binary = || BinaryOpIr::create(x(), x(), id);
    let along = || DimOpIr::create(x(), 1, id);
    let third = ScalarIr::Float(1.0 / 3.0);
    vec![
        A::Relu(unary()),
        A::ReluBackward(binary()),
        A::LeakyRelu(ScalarOpIr::create(x(), third, id)),
        A::PRelu(BinaryOpIr::create(x(), float(&[1, COLUMNS]), id)),
        A::Gelu(unary()),
        A::GeluBackward(binary()),
        A::Sigmoid(unary()),
        A::SigmoidBackward(binary()),
        A::HardSigmoid(HardSigmoidOpIr::create(x(), third, third, id)),
        A::LogSigmoid(unary()),
        A::LogSigmoidBackward(binary()),
        A::Softmax(along()),
        A::LogSoftmax(along()),
        A::Softmin(along()),
    ]
}

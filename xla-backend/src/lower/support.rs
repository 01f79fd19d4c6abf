//! Which operations are lowered: a table that the compiler keeps complete.
//!
//! Each family is listed once. The list makes an exhaustive `match`, so that a variant that Burn
//! adds, or one listed twice, does not compile; the counts follow from the lists.

use std::fmt::Write as _;

use burn_ir::{
    ActivationOperationIr, BaseOperationIr, BoolOperationIr, DistributedOperationIr,
    FloatOperationIr, IntOperationIr, ModuleOperationIr, NumericOperationIr, OperationIr,
};

/// How far an operation is lowered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Support {
    /// Wherever Burn has it.
    Full,
    /// Within these limits.
    Part(&'static str),
    /// Not at all, for this reason.
    None(&'static str),
}

/// One kind of operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The variant of [`OperationIr`].
    pub family: &'static str,
    /// The variant of the family's own type; the family again where there is none.
    pub variant: &'static str,
    /// How far it is lowered.
    pub support: Support,
}

use Support::{Full, Part};

macro_rules! family {
    ($name:ident, $table:ident: $operations:ident { $($variant:ident => $support:expr,)+ }) => {
        const $table: &[(&str, Support)] = &[$((stringify!($variant), $support),)+];

        #[deny(unreachable_patterns)]
        fn $name(op: &$operations) -> &'static str {
            match op {
                $($operations::$variant { .. } => stringify!($variant),)+
            }
        }
    };
}

family!(base_name, BASE: BaseOperationIr {
    Reshape => Full,
    SwapDims => Full,
    Permute => Full,
    Flip => Full,
    Expand => Full,
    Unfold => Full,
    Slice => Full,
    SliceAssign => Full,
    Select => Full,
    SelectAssign => Full,
    MaskWhere => Full,
    MaskFill => Full,
    Gather => Full,
    Scatter => Full,
    ScatterNd => Full,
    GatherNd => Full,
    Equal => Full,
    EqualElem => Full,
    RepeatDim => Full,
    Cat => Full,
    Cast => Full,
    Empty => Full,
    Ones => Full,
    Zeros => Full,
    NotEqual => Full,
    NotEqualElem => Full,
    All => Full,
    Any => Full,
    AllDim => Full,
    AnyDim => Full,
});

family!(numeric_name, NUMERIC: NumericOperationIr {
    Add => Full,
    AddScalar => Full,
    Sub => Full,
    SubScalar => Full,
    Div => Full,
    DivScalar => Full,
    Rem => Full,
    RemScalar => Full,
    Mul => Full,
    MulScalar => Full,
    Abs => Full,
    Full => Full,
    MeanDim => Full,
    Mean => Full,
    Sum => Full,
    SumDim => Full,
    SumDims => Full,
    Prod => Full,
    ProdDim => Full,
    Greater => Full,
    GreaterElem => Full,
    GreaterEqual => Full,
    GreaterEqualElem => Full,
    Lower => Full,
    LowerElem => Full,
    LowerEqual => Full,
    LowerEqualElem => Full,
    ArgMax => Full,
    ArgTopK => Full,
    TopK => Full,
    TopKWithIndices => Full,
    ArgMin => Full,
    Max => Full,
    MaxDimWithIndices => Full,
    MinDimWithIndices => Full,
    Min => Full,
    MaxDim => Full,
    MinDim => Full,
    MaxAbs => Full,
    MaxAbsDim => Full,
    Clamp => Full,
    IntRandom => Full,
    Powi => Full,
    PowiScalar => Full,
    CumSum => Full,
    CumProd => Full,
    CumMin => Full,
    CumMax => Full,
    Neg => Full,
    Sign => Full,
    ClampMin => Full,
    ClampMax => Full,
    Sort => Full,
    SortWithIndices => Full,
    ArgSort => Full,
    Pad => Full,
});

family!(bool_name, BOOL: BoolOperationIr {
    IntoFloat => Full,
    IntoInt => Full,
    Not => Full,
    And => Full,
    Or => Full,
    Xor => Full,
});

family!(int_name, INT: IntOperationIr {
    IntoFloat => Full,
    BitwiseAnd => Full,
    BitwiseAndScalar => Full,
    BitwiseOr => Full,
    BitwiseOrScalar => Full,
    BitwiseXor => Full,
    BitwiseXorScalar => Full,
    BitwiseNot => Full,
    BitwiseLeftShift => Full,
    BitwiseLeftShiftScalar => Full,
    BitwiseRightShift => Full,
    BitwiseRightShiftScalar => Full,
    Matmul => Full,
});

family!(float_name, FLOAT: FloatOperationIr {
    Exp => Full,
    Log => Full,
    Log1p => Full,
    Erf => Full,
    PowfScalar => Full,
    Sqrt => Full,
    Cos => Full,
    Cosh => Full,
    Sin => Full,
    Sinh => Full,
    Tan => Full,
    Tanh => Full,
    ArcCos => Full,
    ArcCosh => Full,
    ArcSin => Full,
    ArcSinh => Full,
    ArcTan => Full,
    ArcTanh => Full,
    ArcTan2 => Full,
    Round => Full,
    Floor => Full,
    Ceil => Full,
    Trunc => Full,
    IntoInt => Full,
    Matmul => Full,
    Cross => Full,
    Random => Full,
    Recip => Full,
    IsNan => Full,
    IsInf => Full,
    Quantize => Part("one scale per tensor; not as a result of a program"),
    Dequantize => Part("of tensors quantised in the same program"),
    GridSample2d => Part("nearest and bilinear, as in Burn"),
    Powf => Full,
    Hypot => Full,
});

family!(module_name, MODULE: ModuleOperationIr {
    BatchNorm => Full,
    Embedding => Full,
    EmbeddingBackward => Full,
    Linear => Full,
    LinearXBackward => Full,
    LinearWeightBackward => Full,
    LinearBiasBackward => Full,
    Conv1d => Full,
    Conv1dXBackward => Full,
    Conv1dWeightBackward => Full,
    Conv1dBiasBackward => Full,
    Conv2d => Full,
    Conv2dXBackward => Full,
    Conv2dWeightBackward => Full,
    Conv2dBiasBackward => Full,
    Conv3d => Full,
    Conv3dXBackward => Full,
    Conv3dWeightBackward => Full,
    Conv3dBiasBackward => Full,
    DeformableConv2d => Full,
    DeformableConv2dBackward => Full,
    ConvTranspose1d => Full,
    ConvTranspose2d => Full,
    ConvTranspose3d => Full,
    AvgPool1d => Full,
    AvgPool2d => Full,
    AvgPool1dBackward => Full,
    AvgPool2dBackward => Full,
    AdaptiveAvgPool1d => Full,
    AdaptiveAvgPool2d => Full,
    AdaptiveAvgPool1dBackward => Full,
    AdaptiveAvgPool2dBackward => Full,
    AdaptiveAvgPool3d => Full,
    AdaptiveAvgPool3dBackward => Full,
    MaxPool1d => Full,
    MaxPool1dWithIndices => Full,
    MaxPool1dWithIndicesBackward => Full,
    MaxPool2d => Full,
    MaxPool2dWithIndices => Full,
    MaxPool2dWithIndicesBackward => Full,
    Interpolate => Full,
    InterpolateBackward => Full,
    Attention => Full,
    CtcLoss => Full,
    CtcLossBackward => Full,
    LayerNorm => Full,
    Unfold4d => Full,
    ConvTranspose1dWeightBackward => Full,
    ConvTranspose1dBiasBackward => Full,
    ConvTranspose2dWeightBackward => Full,
    ConvTranspose2dBiasBackward => Full,
    ConvTranspose3dWeightBackward => Full,
    ConvTranspose3dBiasBackward => Full,
});

family!(activation_name, ACTIVATION: ActivationOperationIr {
    Relu => Full,
    ReluBackward => Full,
    LeakyRelu => Full,
    PRelu => Full,
    Gelu => Full,
    GeluBackward => Full,
    Sigmoid => Full,
    SigmoidBackward => Full,
    HardSigmoid => Full,
    LogSigmoid => Full,
    LogSigmoidBackward => Full,
    Softmax => Full,
    LogSoftmax => Full,
    Softmin => Full,
});

family!(distributed_name, DISTRIBUTED: DistributedOperationIr {
    AllReduce => Part("over the devices of the program"),
    SyncCollective => Full,
});
/// Family and variant of an operation.
pub fn name_of(op: &OperationIr) -> (&'static str, &'static str) {
    match op {
        OperationIr::BaseFloat(op) => ("BaseFloat", base_name(op)),
        OperationIr::BaseInt(op) => ("BaseInt", base_name(op)),
        OperationIr::BaseBool(op) => ("BaseBool", base_name(op)),
        OperationIr::NumericFloat(_, op) => ("NumericFloat", numeric_name(op)),
        OperationIr::NumericInt(_, op) => ("NumericInt", numeric_name(op)),
        OperationIr::Bool(op) => ("Bool", bool_name(op)),
        OperationIr::Int(op) => ("Int", int_name(op)),
        OperationIr::Float(_, op) => ("Float", float_name(op)),
        OperationIr::Module(op) => ("Module", module_name(op)),
        OperationIr::Init(_) => ("Init", "Init"),
        OperationIr::Custom(_) => ("Custom", "Custom"),
        OperationIr::Drop(_) => ("Drop", "Drop"),
        OperationIr::Distributed(op) => ("Distributed", distributed_name(op)),
        OperationIr::Activation(op) => ("Activation", activation_name(op)),
    }
}

/// The families, as [`name_of`] calls them, with their lists.
const FAMILIES: &[(&str, &[(&str, Support)])] = &[
    ("BaseFloat", BASE),
    ("BaseInt", BASE),
    ("BaseBool", BASE),
    ("NumericFloat", NUMERIC),
    ("NumericInt", NUMERIC),
    ("Bool", BOOL),
    ("Int", INT),
    ("Float", FLOAT),
    ("Module", MODULE),
    ("Activation", ACTIVATION),
    ("Distributed", DISTRIBUTED),
    ("Init", &[("Init", Full)]),
    ("Drop", &[("Drop", Full)]),
    ("Custom", &[("Custom", Part("those with a registered lowering"))]),
];

/// All kinds of operations.
pub fn entries() -> impl Iterator<Item = Entry> {
    FAMILIES.iter().flat_map(|&(family, variants)| {
        variants.iter().map(move |&(variant, support)| Entry { family, variant, support })
    })
}

/// The table of support, as Markdown.
pub fn support_table() -> String {
    let lowered = entries().filter(|e| !matches!(e.support, Support::None(_))).count();
    let mut text = format!(
        "# Operations that are lowered to XLA\n\n\
         Written by `target/debug/examples/op_support --markdown`, built by `cargo build --workspace --example op_support`; a test compares.\n\n\
         {lowered} of {} kinds of operations of `burn_ir::OperationIr` are lowered.\n\n\
         | family | lowered | in part, or not |\n| --- | --- | --- |\n",
        entries().count()
    );
    for &(family, variants) in FAMILIES {
        let full = variants.iter().filter(|v| v.1 == Full).map(|v| v.0).collect::<Vec<_>>();
        let rest = variants
            .iter()
            .filter_map(|&(variant, support)| match support {
                Full => None,
                Part(limits) => Some(format!("{variant} (in part: {limits})")),
                Support::None(reason) => Some(format!("{variant} (not: {reason})")),
            })
            .collect::<Vec<_>>();
        let _ = writeln!(text, "| {family} | {} | {} |", full.join(", "), rest.join(", "));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn at_least_95_percent_are_lowered() {
        let lowered = entries().filter(|e| !matches!(e.support, Support::None(_))).count();
        assert!(lowered * 100 >= entries().count() * 95);
    }
}

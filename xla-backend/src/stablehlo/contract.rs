//! Products: `dot_general` and `convolution`.

use std::fmt::Write as _;

use super::builder::{Builder, Value};
use super::error::BuildError;
use crate::types::{ElementType, TensorType};

/// Which dimensions [`Builder::dot_general`] pairs. The result has the batch dimensions, then the
/// free ones of the left, then those of the right operand.
#[derive(Clone, Debug, Default)]
pub struct DotDims {
    /// Batch dimensions of the left operand.
    pub lhs_batch: Vec<usize>,
    /// Their partners.
    pub rhs_batch: Vec<usize>,
    /// Dimensions of the left operand that are summed over.
    pub lhs_contract: Vec<usize>,
    /// Their partners.
    pub rhs_contract: Vec<usize>,
}

/// A convolution over the dimensions after the first two.
///
/// The letters say what the first two dimensions of each tensor are. The kernel's spatial
/// dimensions, as the others', come last.
#[derive(Clone, Debug)]
pub struct Convolution {
    /// Distance between windows.
    pub stride: Vec<usize>,
    /// Padding before and after; negative ones cut.
    pub padding: Vec<(i64, i64)>,
    /// The input is spread: this distance between its elements.
    pub lhs_dilation: Vec<usize>,
    /// The kernel is spread: this distance between its elements.
    pub rhs_dilation: Vec<usize>,
    /// Whether the kernel is read backwards.
    pub reversed: bool,
    /// Whether the input is `[feature, batch, …]` instead of `[batch, feature, …]`.
    pub lhs_feature_first: bool,
    /// Whether the kernel is `[in, out, …]` instead of `[out, in, …]`.
    pub rhs_input_first: bool,
    /// Whether the result shall be `[feature, batch, …]` instead of `[batch, feature, …]`.
    pub out_feature_first: bool,
    /// Groups of features.
    pub feature_groups: usize,
    /// Groups of batches.
    pub batch_groups: usize,
}

impl Convolution {
    /// A plain convolution over `rank` dimensions: stride 1, no padding, one group.
    pub fn plain(rank: usize) -> Self {
        Self {
            stride: vec![1; rank],
            padding: vec![(0, 0); rank],
            lhs_dilation: vec![1; rank],
            rhs_dilation: vec![1; rank],
            reversed: false,
            lhs_feature_first: false,
            rhs_input_first: false,
            out_feature_first: false,
            feature_groups: 1,
            batch_groups: 1,
        }
    }
}

impl Builder {
    /// The sum of products over the contracted dimensions, in elements of type `out`.
    ///
    /// # Errors
    ///
    /// When paired dimensions differ in size.
    pub fn dot_general(
        &self,
        lhs: Value,
        rhs: Value,
        dims: &DotDims,
        out: ElementType,
    ) -> Result<Value, BuildError> {
        let op = "stablehlo.dot_general";
        let (left, right) = (self.type_of(lhs), self.type_of(rhs));
        let size = |ty: &TensorType, d: usize| ty.dims.get(d).copied();
        let pairs = |l: &[usize], r: &[usize]| {
            l.len() == r.len()
                && l.iter()
                    .zip(r)
                    .all(|(&l, &r)| size(&left, l).is_some() && size(&left, l) == size(&right, r))
        };
        let fits = left.element == right.element
            && pairs(&dims.lhs_batch, &dims.rhs_batch)
            && pairs(&dims.lhs_contract, &dims.rhs_contract);
        if !fits {
            let got = format!("{left} and {right} by {dims:?}");
            return Err(BuildError::mismatch(op, "pairs of equal dimensions", got));
        }
        let free = |ty: &TensorType, batch: &[usize], contract: &[usize]| {
            (0..ty.rank())
                .filter(|d| !batch.contains(d) && !contract.contains(d))
                .map(|d| ty.dims[d])
                .collect::<Vec<_>>()
        };
        let mut result: Vec<_> = dims.lhs_batch.iter().map(|&d| left.dims[d]).collect();
        result.extend(free(&left, &dims.lhs_batch, &dims.lhs_contract));
        result.extend(free(&right, &dims.rhs_batch, &dims.rhs_contract));
        let result = TensorType::new(out, result);
        let precision = self.matmul_precision().of(left.element);
        self.append(op, &[lhs, rhs], result.clone(), |line, names| {
            let _ = write!(line, "{op} {}, {}, ", names[0], names[1]);
            if !dims.lhs_batch.is_empty() {
                let (l, r) = (&dims.lhs_batch, &dims.rhs_batch);
                let _ = write!(line, "batching_dims = {l:?} x {r:?}, ");
            }
            let (l, r) = (&dims.lhs_contract, &dims.rhs_contract);
            let _ = write!(
                line,
                "contracting_dims = {l:?} x {r:?}, precision = [{precision}, {precision}] : \
                 ({left}, {right}) -> {result}"
            );
        })
    }

    /// The convolution of `lhs` with the kernel `rhs`, in elements of type `out`.
    ///
    /// # Errors
    ///
    /// When shapes and attributes do not fit.
    pub fn convolution(
        &self,
        lhs: Value,
        rhs: Value,
        conv: &Convolution,
        out: ElementType,
    ) -> Result<Value, BuildError> {
        let op = "stablehlo.convolution";
        let (left, right) = (self.type_of(lhs), self.type_of(rhs));
        let rank = conv.stride.len();
        let lengths = [conv.padding.len(), conv.lhs_dilation.len(), conv.rhs_dilation.len()];
        if left.rank() != rank + 2 || right.rank() != rank + 2 || lengths != [rank; 3] {
            let got = format!("{left} by {right} with {conv:?}");
            return Err(BuildError::mismatch(op, format!("{rank} spatial dimensions"), got));
        }
        let (batch, feature) = pair(&left.dims, conv.lhs_feature_first);
        let (output, input) = pair(&right.dims, conv.rhs_input_first);
        let groups = conv.feature_groups * conv.batch_groups;
        let fits = left.element == right.element
            && groups > 0
            && input * conv.feature_groups == feature
            && output % groups == 0
            && batch % conv.batch_groups == 0
            && [&conv.stride, &conv.lhs_dilation, &conv.rhs_dilation]
                .iter()
                .all(|v| v.iter().all(|&s| s > 0));
        if !fits {
            let got = format!("{left} by {right} with {conv:?}");
            return Err(BuildError::mismatch(op, "features that go with the groups", got));
        }
        let mut result = vec![batch / conv.batch_groups, output];
        if conv.out_feature_first {
            result.reverse();
        }
        for d in 0..rank {
            let spread = |size: usize, by: usize| if size == 0 { 0 } else { (size - 1) * by + 1 };
            let (low, high) = conv.padding[d];
            let input = spread(left.dims[d + 2], conv.lhs_dilation[d]) as i64 + low + high;
            let reach = spread(right.dims[d + 2], conv.rhs_dilation[d]) as i64;
            let count = if input < reach || reach == 0 {
                0
            } else {
                (input - reach) as usize / conv.stride[d] + 1
            };
            result.push(count);
        }
        let result = TensorType::new(out, result);
        let precision = self.matmul_precision().of(left.element);
        let spatial: String = (0..rank).map(|d| format!(", {d}")).collect();
        let order = |swap: bool, a: char, b: char| {
            if swap { format!("[{b}, {a}{spatial}]") } else { format!("[{a}, {b}{spatial}]") }
        };
        self.append(op, &[lhs, rhs], result.clone(), |line, names| {
            let padding: Vec<_> =
                conv.padding.iter().map(|(low, high)| format!("[{low}, {high}]")).collect();
            let _ = write!(
                line,
                "{op}({}, {}) dim_numbers = {}x{}->{}, window = {{stride = {:?}, pad = [{}], \
                 lhs_dilate = {:?}, rhs_dilate = {:?}, reverse = {:?}}} \
                 {{batch_group_count = {} : i64, feature_group_count = {} : i64, \
                 precision_config = [#stablehlo<precision {precision}>, \
                 #stablehlo<precision {precision}>]}} : ({left}, {right}) -> {result}",
                names[0],
                names[1],
                order(conv.lhs_feature_first, 'b', 'f'),
                order(conv.rhs_input_first, 'o', 'i'),
                order(conv.out_feature_first, 'b', 'f'),
                conv.stride,
                padding.join(", "),
                conv.lhs_dilation,
                conv.rhs_dilation,
                vec![conv.reversed; rank],
                conv.batch_groups,
                conv.feature_groups,
            );
        })
    }
}

fn pair(dims: &[usize], swapped: bool) -> (usize, usize) {
    if swapped { (dims[1], dims[0]) } else { (dims[0], dims[1]) }
}

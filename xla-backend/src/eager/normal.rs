//! The normal form of an operation: the same each time that a program runs it.
//!
//! Tensors lose their ids, and constants (scalars, and ranges of slices) are taken out. The rest is the
//! operation's *structure*. A training loop repeats its structure from step to step; its constants may vary, as
//! Adam's bias corrections do.

use std::hash::{BuildHasherDefault, Hash, Hasher};

use burn_backend::{DType, Slice};
use burn_ir::{
    BaseOperationIr, IrVisitorMut, NumericOperationIr, OperationIr, ScalarIr, TensorId, TensorIr,
    TensorStatus,
};
use smallvec::SmallVec;

/// A constant of an operation.
#[derive(Clone, Copy, Debug)]
pub(super) struct Constant {
    /// The position of the operation in its graph.
    pub(super) operation: usize,
    pub(super) literal: Literal,
    pub(super) lift: Lift,
    /// The type of the constant as an argument.
    pub(super) dtype: DType,
}

/// The value of a constant.
#[derive(Clone, Copy, Debug)]
pub(super) enum Literal {
    Scalar(ScalarIr),
    Range(Slice),
}

/// When a constant is an argument of the program instead of being written into it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lift {
    /// Never: the program depends on it, as it does on a shape.
    Never,
    /// After it was seen to change.
    WhenItVaries,
    /// From the beginning.
    Always,
}

impl Literal {
    /// Whether they are equal bit by bit, so that NaN equals itself.
    pub(super) fn is(self, other: Self) -> bool {
        match (self, other) {
            (Self::Scalar(a), Self::Scalar(b)) => scalar_bits(a) == scalar_bits(b),
            (Self::Range(a), Self::Range(b)) => a == b,
            _ => false,
        }
    }

    /// What a program is passed for it, bit by bit: a scalar, or where a range begins. Its number in hashes too.
    pub(super) fn passed(self) -> (u8, u64) {
        match self {
            Self::Scalar(scalar) => scalar_bits(scalar),
            Self::Range(range) => (4, range.start as u64),
        }
    }
}

fn scalar_bits(scalar: ScalarIr) -> (u8, u64) {
    match scalar {
        ScalarIr::Float(v) => (0, v.to_bits()),
        ScalarIr::Int(v) => (1, v as u64),
        ScalarIr::UInt(v) => (2, v),
        ScalarIr::Bool(v) => (3, v.into()),
    }
}

/// The tensors of an operation, inputs first.
pub(super) type Tensors = SmallVec<[(TensorId, TensorStatus); 8]>;

/// Takes tensors and constants out of an operation, so that its structure is left.
pub(super) fn take(
    op: &mut OperationIr,
    position: usize,
    constants: &mut Vec<Constant>,
) -> Tensors {
    let (lift, dtype) = lift_of(op);
    let mut taken = Take { tensors: Tensors::new(), constants, position, lift, dtype };
    op.visit_mut(&mut taken);
    taken.tensors
}

struct Take<'a> {
    tensors: Tensors,
    constants: &'a mut Vec<Constant>,
    position: usize,
    lift: Lift,
    dtype: DType,
}

impl Take<'_> {
    fn constant(&mut self, literal: Literal) {
        let (operation, lift, dtype) = (self.position, self.lift, self.dtype);
        self.constants.push(Constant { operation, literal, lift, dtype });
    }
}

impl IrVisitorMut for Take<'_> {
    fn visit_tensor_mut(&mut self, tensor: &mut TensorIr) {
        self.tensors.push((tensor.id, tensor.status));
        tensor.id = TensorId::new(0);
        tensor.status = TensorStatus::NotInit;
    }

    fn visit_scalar_mut(&mut self, scalar: &mut ScalarIr) {
        let taken = std::mem::replace(scalar, ScalarIr::UInt(0));
        self.constant(Literal::Scalar(taken));
    }

    fn visit_range_mut(&mut self, range: &mut Slice) {
        let taken = std::mem::replace(range, Slice::new(0, None, 1));
        self.constant(Literal::Range(taken));
    }
}

const NEVER: (Lift, DType) = (Lift::Never, DType::F32);

/// When the constants of an operation are arguments, and of which type.
fn lift_of(op: &mut OperationIr) -> (Lift, DType) {
    use NumericOperationIr as Op;
    match op {
        OperationIr::NumericFloat(_, op) | OperationIr::NumericInt(_, op) => match op {
            Op::AddScalar(d)
            | Op::SubScalar(d)
            | Op::MulScalar(d)
            | Op::DivScalar(d)
            | Op::RemScalar(d) => (Lift::Always, d.lhs.dtype),
            Op::Full(d) if !d.out.dtype.is_bool() => (Lift::WhenItVaries, d.out.dtype),
            Op::GreaterElem(d)
            | Op::GreaterEqualElem(d)
            | Op::LowerElem(d)
            | Op::LowerEqualElem(d)
                if !d.lhs.dtype.is_bool() =>
            {
                (Lift::WhenItVaries, d.lhs.dtype)
            }
            _ => NEVER,
        },
        OperationIr::BaseFloat(op) | OperationIr::BaseInt(op) | OperationIr::BaseBool(op) => {
            match op {
                BaseOperationIr::MaskFill(d) if !d.out.dtype.is_bool() => {
                    (Lift::WhenItVaries, d.out.dtype)
                }
                BaseOperationIr::EqualElem(d) | BaseOperationIr::NotEqualElem(d)
                    if !d.lhs.dtype.is_bool() =>
                {
                    (Lift::WhenItVaries, d.lhs.dtype)
                }
                BaseOperationIr::Slice(d) => resolve(&mut d.ranges, &d.tensor, &d.out),
                BaseOperationIr::SliceAssign(d) => resolve(&mut d.ranges, &d.tensor, &d.value),
                _ => NEVER,
            }
        }
        _ => NEVER,
    }
}

/// Counts ranges from the front. They can be arguments if their steps are 1 and they cut `part` out of `whole`.
fn resolve(ranges: &mut [Slice], whole: &TensorIr, part: &TensorIr) -> (Lift, DType) {
    let (whole, part) = (&*whole.shape, &*part.shape);
    if part.len() != whole.len() || ranges.len() > whole.len() {
        return NEVER;
    }
    let runs: SmallVec<[_; 8]> =
        ranges.iter().zip(whole).map(|(range, &size)| range.to_range(size)).collect();
    let rest = ranges.len();
    let fits = ranges.iter().all(|range| range.step == 1)
        && runs.iter().zip(part).all(|(run, &size)| run.len() == size)
        && whole[rest..] == part[rest..];
    if !fits {
        return NEVER;
    }
    for (range, run) in ranges.iter_mut().zip(runs) {
        *range = Slice::new(run.start as isize, Some(run.end as isize), 1);
    }
    (Lift::WhenItVaries, DType::I32)
}

/// Puts tensors and constants back into an operation, in the order in which they were taken out.
pub(super) struct Give<T, C> {
    pub(super) tensors: T,
    pub(super) constants: C,
}

impl<T, C> IrVisitorMut for Give<T, C>
where
    T: Iterator<Item = TensorId>,
    C: Iterator<Item = Literal>,
{
    fn visit_tensor_mut(&mut self, tensor: &mut TensorIr) {
        if let Some(id) = self.tensors.next() {
            tensor.id = id;
        }
    }

    fn visit_scalar_mut(&mut self, scalar: &mut ScalarIr) {
        if let Some(Literal::Scalar(value)) = self.constants.next() {
            *scalar = value;
        }
    }

    fn visit_range_mut(&mut self, range: &mut Slice) {
        if let Some(Literal::Range(value)) = self.constants.next() {
            *range = value;
        }
    }
}

/// A fast hash of its own, for tables that compare the keys that they find.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Fold(u64);

/// For tables whose keys are small.
pub(super) type BuildFold = BuildHasherDefault<Fold>;

impl Fold {
    pub(super) fn of(value: &impl Hash) -> u64 {
        let mut hasher = Self::default();
        value.hash(&mut hasher);
        hasher.finish()
    }
}

impl Hasher for Fold {
    fn write(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks::<8>();
        words.iter().for_each(|&word| self.write_u64(u64::from_le_bytes(word)));
        rest.iter().for_each(|&byte| self.write_u64(byte.into()));
    }

    fn write_u8(&mut self, value: u8) {
        self.write_u64(value.into());
    }

    fn write_u32(&mut self, value: u32) {
        self.write_u64(value.into());
    }

    fn write_u64(&mut self, value: u64) {
        // An odd number with its bits well spread: 2^64 over the golden ratio.
        self.0 = (self.0.rotate_left(5) ^ value).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }

    fn write_usize(&mut self, value: usize) {
        self.write_u64(value as u64);
    }

    fn finish(&self) -> u64 {
        // The high bits depend on all of the input; tables look at the low ones too.
        self.0 ^ (self.0 >> 32)
    }
}

#[cfg(test)]
mod tests {
    use burn_ir::{ScalarOpIr, SliceOpIr};

    use super::*;

    fn tensor(id: u64, dims: &[usize]) -> TensorIr {
        TensorIr::uninit(TensorId::new(id), dims.to_vec().into(), DType::F32)
    }

    fn times(id: u64, factor: f64) -> OperationIr {
        let (lhs, out) = (tensor(id, &[2]), tensor(id + 1, &[2]));
        let rhs = ScalarIr::Float(factor);
        let op = NumericOperationIr::MulScalar(ScalarOpIr { lhs, rhs, out });
        OperationIr::NumericFloat(DType::F32, op)
    }

    #[test]
    fn the_structure_has_neither_ids_nor_constants() {
        let (mut a, mut b) = (times(3, 0.5), times(8, f64::NAN));
        let mut constants = Vec::new();
        let tensors = take(&mut a, 0, &mut constants);
        take(&mut b, 1, &mut constants);
        assert_eq!((&a, Fold::of(&a)), (&b, Fold::of(&b)));
        assert_eq!(constants.len(), 2);
        assert!(constants[1].literal.is(constants[1].literal), "NaN is itself");
        assert!(!constants[0].literal.is(constants[1].literal));

        a.visit_mut(&mut Give {
            tensors: tensors.iter().map(|t| t.0),
            constants: constants.iter().map(|c| c.literal),
        });
        assert_eq!(a, times(3, 0.5));
    }

    #[test]
    fn slices_vary_by_where_they_begin() {
        let slice = |ranges: Vec<Slice>, rows| {
            let (tensor, out) = (tensor(1, &[8, 3]), tensor(2, &[rows, 3]));
            OperationIr::BaseFloat(BaseOperationIr::Slice(SliceOpIr { tensor, ranges, out }))
        };
        let mut constants = Vec::new();
        take(&mut slice(vec![Slice::new(-2, None, 1)], 2), 0, &mut constants);
        assert_eq!(constants[0].lift, Lift::WhenItVaries);
        assert!(constants[0].literal.is(Literal::Range(Slice::new(6, Some(8), 1))));
        take(&mut slice(vec![Slice::new(0, None, 2)], 4), 1, &mut constants);
        assert_eq!(constants[1].lift, Lift::Never);
    }
}

//! A graph in normal form as operations that can be lowered.

use std::collections::HashMap;

use burn_backend::DType;
use burn_ir::{
    BaseOperationIr, BinaryOpIr, CustomOpIr, MaskWhereOpIr, NumericOperationIr, OperationIr,
    ShapeOpIr, SliceOpIr, TensorId, TensorIr, TensorStatus,
};

use super::constants::{Passing, Place};
use super::normal::{Constant, Give};
use crate::lower::{Context, CustomLowering, Emitted, NoCustom};
use crate::stablehlo::ElementType;

/// The operations with all constants put back.
pub(super) fn restore(operations: &[OperationIr], constants: &[Constant]) -> Vec<OperationIr> {
    let mut rest = constants.iter().map(|constant| constant.literal);
    operations
        .iter()
        .map(|op| {
            let mut op = op.clone();
            op.visit_mut(&mut Give { tensors: std::iter::empty(), constants: rest.by_ref() });
            op
        })
        .collect()
}

/// A graph to be lowered, with its constants written into it or as arguments.
pub(super) struct Lifted {
    pub(super) operations: Vec<OperationIr>,
    /// The arguments that are packs of constants.
    pub(super) packs: Vec<TensorIr>,
}

/// The operations; where a constant is an argument, in a form that reads a tensor instead.
/// Tensors of the graph have numbers below `numbers`.
pub(super) fn lift(operations: &[OperationIr], passing: &Passing, numbers: u64) -> Lifted {
    let packs = passing
        .packs()
        .iter()
        .enumerate()
        .map(|(i, pack)| tensor(numbers + i as u64, &[pack.sources.len()], pack.dtype));
    let packs: Vec<_> = packs.collect();
    let mut lifting = Lifting {
        next: numbers + packs.len() as u64,
        operations: Vec::with_capacity(operations.len()),
        packs,
        scalars: HashMap::new(),
    };
    let mut first = 0;
    for (position, op) in operations.iter().enumerate() {
        let own = &passing.constants()[first..];
        let count = own.iter().take_while(|constant| constant.operation == position).count();
        let places: Option<Vec<_>> =
            passing.places()[first..first + count].iter().copied().collect();
        let op = match places {
            Some(places) if count > 0 => lifting.lifted(op.clone(), &places),
            _ => {
                let mut op = op.clone();
                let constants = own.iter().map(|constant| constant.literal);
                op.visit_mut(&mut Give { tensors: std::iter::empty(), constants });
                op
            }
        };
        lifting.operations.push(op);
        first += count;
    }
    Lifted { operations: lifting.operations, packs: lifting.packs }
}

struct Lifting {
    next: u64,
    operations: Vec<OperationIr>,
    packs: Vec<TensorIr>,
    /// Constants as tensors, by slot and rank.
    scalars: HashMap<(Place, usize), TensorIr>,
}

impl Lifting {
    fn fresh(&mut self, dims: &[usize], dtype: DType) -> TensorIr {
        self.next += 1;
        tensor(self.next - 1, dims, dtype)
    }

    /// A constant as a tensor of one element.
    fn scalar(&mut self, place: Place, rank: usize) -> TensorIr {
        if let Some(known) = self.scalars.get(&(place, rank)) {
            return known.clone();
        }
        let pack = self.packs[place.pack].clone();
        let out = if rank == 1 {
            let out = self.fresh(&[1], pack.dtype);
            let (first, end) = (place.at as isize, place.at as isize + 1);
            let ranges = vec![burn_backend::Slice::new(first, Some(end), 1)];
            let slice = SliceOpIr { tensor: pack, ranges, out: out.clone() };
            self.operations.push(OperationIr::BaseFloat(BaseOperationIr::Slice(slice)));
            out
        } else {
            let input = self.scalar(place, 1);
            let out = self.fresh(&vec![1; rank], pack.dtype);
            let reshape = ShapeOpIr { input, out: out.clone() };
            self.operations.push(OperationIr::BaseFloat(BaseOperationIr::Reshape(reshape)));
            out
        };
        self.scalars.insert((place, rank), out.clone());
        out
    }

    fn lifted(&mut self, op: OperationIr, places: &[Place]) -> OperationIr {
        match op {
            OperationIr::NumericFloat(dtype, op) => {
                self.numeric(op, places[0], |op| OperationIr::NumericFloat(dtype, op))
            }
            OperationIr::NumericInt(dtype, op) => {
                self.numeric(op, places[0], |op| OperationIr::NumericInt(dtype, op))
            }
            OperationIr::BaseFloat(op) => self.base(op, places, OperationIr::BaseFloat),
            OperationIr::BaseInt(op) => self.base(op, places, OperationIr::BaseInt),
            OperationIr::BaseBool(op) => self.base(op, places, OperationIr::BaseBool),
            op => op,
        }
    }

    fn numeric(
        &mut self,
        op: NumericOperationIr,
        place: Place,
        family: impl Fn(NumericOperationIr) -> OperationIr,
    ) -> OperationIr {
        use NumericOperationIr as Op;
        let make: fn(BinaryOpIr) -> Op = match &op {
            Op::AddScalar(_) => Op::Add,
            Op::SubScalar(_) => Op::Sub,
            Op::MulScalar(_) => Op::Mul,
            Op::DivScalar(_) => Op::Div,
            Op::RemScalar(_) => Op::Rem,
            Op::GreaterElem(_) => Op::Greater,
            Op::GreaterEqualElem(_) => Op::GreaterEqual,
            Op::LowerElem(_) => Op::Lower,
            Op::LowerEqualElem(_) => Op::LowerEqual,
            _ => Op::Add,
        };
        match op {
            Op::AddScalar(d)
            | Op::SubScalar(d)
            | Op::MulScalar(d)
            | Op::DivScalar(d)
            | Op::RemScalar(d)
            | Op::GreaterElem(d)
            | Op::GreaterEqualElem(d)
            | Op::LowerElem(d)
            | Op::LowerEqualElem(d) => {
                let rhs = self.scalar(place, d.lhs.shape.num_dims());
                family(make(BinaryOpIr { lhs: d.lhs, rhs, out: d.out }))
            }
            Op::Full(d) => {
                let input = self.scalar(place, d.out.shape.num_dims());
                let expand = BaseOperationIr::Expand(ShapeOpIr { input, out: d.out });
                OperationIr::BaseFloat(expand)
            }
            op => family(op),
        }
    }

    fn base(
        &mut self,
        op: BaseOperationIr,
        places: &[Place],
        family: impl Fn(BaseOperationIr) -> OperationIr,
    ) -> OperationIr {
        let is_equal = matches!(op, BaseOperationIr::EqualElem(_));
        match op {
            BaseOperationIr::MaskFill(d) => {
                let value = self.scalar(places[0], d.out.shape.num_dims());
                let (tensor, mask, out) = (d.tensor, d.mask, d.out);
                family(BaseOperationIr::MaskWhere(MaskWhereOpIr { tensor, mask, value, out }))
            }
            BaseOperationIr::EqualElem(d) | BaseOperationIr::NotEqualElem(d) => {
                let rhs = self.scalar(places[0], d.lhs.shape.num_dims());
                let compared = BinaryOpIr { lhs: d.lhs, rhs, out: d.out };
                family(match is_equal {
                    true => BaseOperationIr::Equal(compared),
                    false => BaseOperationIr::NotEqual(compared),
                })
            }
            BaseOperationIr::Slice(d) => self.run(SLICE, vec![d.tensor], d.out, places),
            BaseOperationIr::SliceAssign(d) => {
                self.run(SLICE_ASSIGN, vec![d.tensor, d.value], d.out, places)
            }
            op => family(op),
        }
    }

    fn run(
        &mut self,
        name: &'static str,
        mut inputs: Vec<TensorIr>,
        out: TensorIr,
        places: &[Place],
    ) -> OperationIr {
        inputs.extend(places.iter().map(|&place| self.scalar(place, 1)));
        OperationIr::Custom(CustomOpIr::new(name, &inputs, &[out]))
    }
}

fn tensor(number: u64, dims: &[usize], dtype: DType) -> TensorIr {
    let (id, shape) = (TensorId::new(number), dims.to_vec().into());
    TensorIr { id, shape, status: TensorStatus::ReadOnly, dtype }
}

/// A slice whose starts are tensors.
const SLICE: &str = "burn_xla.eager.slice";
const SLICE_ASSIGN: &str = "burn_xla.eager.slice_assign";

/// Lowers the operations that lifting adds.
#[derive(Debug)]
pub(super) struct RunsLowering;

impl CustomLowering for RunsLowering {
    fn lower(&self, cx: &Context<'_>, op: &CustomOpIr) -> Emitted {
        let (inputs, [out]) = (&op.inputs[..], &op.outputs[..]) else {
            return NoCustom.lower(cx, op);
        };
        let b = cx.builder();
        let starts = |from: usize, rank: usize| -> Emitted<Vec<_>> {
            let mut starts = Vec::with_capacity(rank);
            for start in &inputs[from..] {
                starts.push(b.reshape(cx.get(start)?, &[])?);
            }
            while starts.len() < rank {
                starts.push(b.splat_int(0, ElementType::I32, &[])?);
            }
            Ok(starts)
        };
        match (op.id.as_str(), inputs) {
            (SLICE, [x, ..]) => {
                let starts = starts(1, out.shape.num_dims())?;
                cx.set(out, b.dynamic_slice(cx.get(x)?, &starts, &out.shape)?)
            }
            (SLICE_ASSIGN, [x, value, ..]) => {
                let starts = starts(2, out.shape.num_dims())?;
                cx.set(out, b.dynamic_update_slice(cx.get(x)?, cx.get(value)?, &starts)?)
            }
            _ => NoCustom.lower(cx, op),
        }
    }
}

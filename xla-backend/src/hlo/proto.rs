//! An HLO module as XLA writes it.

use std::collections::BTreeMap;

use prost::Message;

use super::error::HloError;
use super::groups::{DeviceList, Group, IotaGroups, MeshGroups, named};
use crate::types::{ElementType, TensorType};

impl Module {
    /// Reads a module of this format.
    pub(super) fn decode_as(format: &str, code: &[u8]) -> Result<Self, HloError> {
        let error = |error: prost::DecodeError| HloError::new(error.to_string());
        match format {
            "hlo" => Self::decode(code).map_err(error),
            "hlo_with_config" => {
                let program = ModuleWithConfig::decode(code).map_err(error)?;
                Ok(program.module.unwrap_or_default())
            }
            other => Err(HloError::new(format!("its format is {other}"))),
        }
    }
}

// The fields used here of XLA's `hlo.proto` and `xla_data.proto`, with their numbers.

#[derive(Clone, PartialEq, Message)]
pub(super) struct ModuleWithConfig {
    #[prost(message, optional, tag = "1")]
    pub(super) module: Option<Module>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Module {
    #[prost(string, tag = "2")]
    pub(super) entry: String,
    #[prost(message, repeated, tag = "3")]
    pub(super) computations: Vec<Computation>,
    #[prost(message, optional, tag = "4")]
    pub(super) program_shape: Option<ProgramShape>,
    #[prost(message, optional, tag = "7")]
    pub(super) schedule: Option<Schedule>,
    #[prost(message, optional, tag = "8")]
    pub(super) aliases: Option<Aliases>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Schedule {
    #[prost(btree_map = "int64, message", tag = "1")]
    pub(super) sequences: BTreeMap<i64, Sequence>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Sequence {
    #[prost(int64, repeated, tag = "1")]
    pub(super) instructions: Vec<i64>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Computation {
    #[prost(string, tag = "1")]
    pub(super) name: String,
    #[prost(message, repeated, tag = "2")]
    pub(super) instructions: Vec<RawInstruction>,
    #[prost(int64, tag = "5")]
    pub(super) id: i64,
    #[prost(int64, tag = "6")]
    pub(super) root: i64,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct RawInstruction {
    #[prost(string, tag = "1")]
    pub(super) name: String,
    #[prost(string, tag = "2")]
    pub(super) opcode: String,
    #[prost(message, optional, tag = "3")]
    pub(super) shape: Option<Shape>,
    #[prost(message, optional, tag = "7")]
    pub(super) metadata: Option<Metadata>,
    #[prost(int64, tag = "35")]
    pub(super) id: i64,
    #[prost(int64, repeated, tag = "36")]
    pub(super) operands: Vec<i64>,
    #[prost(int64, repeated, tag = "38")]
    pub(super) calls: Vec<i64>,
    #[prost(bytes = "vec", tag = "43")]
    pub(super) backend_config: Vec<u8>,
    #[prost(message, optional, tag = "8")]
    pub(super) literal: Option<Literal>,
    #[prost(int64, tag = "9")]
    pub(super) parameter_number: i64,
    #[prost(int64, tag = "13")]
    pub(super) tuple_index: i64,
    #[prost(string, tag = "28")]
    pub(super) target: String,
    #[prost(message, repeated, tag = "49")]
    pub(super) replica_groups: Vec<Group>,
    #[prost(message, repeated, tag = "52")]
    pub(super) pairs: Vec<Pair>,
    #[prost(message, optional, tag = "87")]
    pub(super) device_list: Option<DeviceList>,
    #[prost(message, optional, tag = "92")]
    pub(super) iota_groups: Option<IotaGroups>,
    #[prost(message, optional, tag = "93")]
    pub(super) mesh_groups: Option<MeshGroups>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Pair {
    #[prost(int64, tag = "1")]
    pub(super) source: i64,
    #[prost(int64, tag = "2")]
    pub(super) target: i64,
}

/// `LiteralProto`, as far as it holds integers.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Literal {
    #[prost(message, optional, tag = "1")]
    pub(super) shape: Option<Shape>,
    #[prost(int32, repeated, tag = "4")]
    pub(super) s32s: Vec<i32>,
    #[prost(int64, repeated, tag = "5")]
    pub(super) s64s: Vec<i64>,
    #[prost(uint32, repeated, tag = "6")]
    pub(super) u32s: Vec<u32>,
}

impl Literal {
    /// The value, if it is one integer.
    pub(super) fn to_integer(&self) -> Option<i64> {
        let is_scalar = self.shape.as_ref().is_some_and(|shape| shape.dimensions.is_empty());
        match (is_scalar, &self.s32s[..], &self.s64s[..], &self.u32s[..]) {
            (true, &[value], [], []) => Some(value.into()),
            (true, [], &[value], []) => Some(value),
            (true, [], [], &[value]) => Some(value.into()),
            _ => None,
        }
    }
}

impl RawInstruction {
    pub(super) fn groups(&self) -> Vec<Vec<usize>> {
        if let Some(groups) = &self.mesh_groups {
            return groups.groups();
        }
        if let Some(groups) = &self.iota_groups {
            return groups.groups();
        }
        self.device_list.as_ref().map_or_else(|| named(&self.replica_groups), DeviceList::groups)
    }
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Metadata {
    #[prost(string, tag = "2")]
    pub(super) op_name: String,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct ProgramShape {
    #[prost(message, repeated, tag = "1")]
    pub(super) parameters: Vec<Shape>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Shape {
    #[prost(int32, tag = "2")]
    pub(super) element_type: i32,
    #[prost(int64, repeated, tag = "3")]
    pub(super) dimensions: Vec<i64>,
    #[prost(message, repeated, tag = "4")]
    pub(super) tuple: Vec<Shape>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Aliases {
    #[prost(message, repeated, tag = "1")]
    pub(super) entries: Vec<AliasEntry>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct AliasEntry {
    #[prost(int64, repeated, tag = "1")]
    pub(super) output_shape_index: Vec<i64>,
    #[prost(int64, tag = "2")]
    pub(super) parameter_number: i64,
}

impl Shape {
    /// The tensors of which it consists.
    pub(super) fn flatten(&self, tensors: &mut Vec<TensorType>) {
        match self.tuple.is_empty() {
            true => tensors.extend(self.to_type()),
            false => self.tuple.iter().for_each(|part| part.flatten(tensors)),
        }
    }

    pub(super) fn to_type(&self) -> Option<TensorType> {
        let dims = self.dimensions.iter().map(|&dim| usize::try_from(dim).ok());
        Some(TensorType {
            element: element_type(self.element_type)?,
            dims: dims.collect::<Option<_>>()?,
        })
    }
}

/// `PrimitiveType` of `xla_data.proto`; it agrees with the C API up to f64.
fn element_type(raw: i32) -> Option<ElementType> {
    const F64: i32 = 12;
    const BF16: i32 = 16;
    match raw {
        BF16 => Some(ElementType::BF16),
        1..=F64 => ElementType::from_raw(raw),
        _ => None,
    }
}

//! The traffic of collectives, and how long it takes.

use std::collections::HashMap;

use super::torus::{CHANNELS, Load, Torus};
use super::trips::Computation;
use crate::hlo::Instruction;

/// The kinds of collectives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CollectiveKind {
    /// Each device gets the shards of all devices.
    AllGather,
    /// Each device gets its shard of the sum.
    ReduceScatter,
    /// Each device gets the sum.
    AllReduce,
    /// Each device sends another shard to each other device.
    AllToAll,
    /// Devices send to one another in pairs.
    Permute,
}

impl CollectiveKind {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::AllGather, Self::ReduceScatter, Self::AllReduce, Self::AllToAll, Self::Permute];

    /// XLA's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::AllGather => "all-gather",
            Self::ReduceScatter => "reduce-scatter",
            Self::AllReduce => "all-reduce",
            Self::AllToAll => "all-to-all",
            Self::Permute => "collective-permute",
        }
    }

    fn of(opcode: &str) -> Option<Self> {
        let opcode = opcode.strip_suffix("-start").unwrap_or(opcode);
        Self::ALL.into_iter().find(|kind| kind.name() == opcode)
    }
}

/// A collective, apart from how often it runs.
pub(super) struct Transfer {
    pub(super) kind: CollectiveKind,
    /// The bytes that each device sends.
    pub(super) bytes: f64,
    /// How long each direction of links is busy.
    pub(super) seconds: [f64; CHANNELS],
    pub(super) group_size: usize,
}

impl Transfer {
    pub(super) fn longest(&self) -> f64 {
        self.seconds.iter().copied().fold(0.0, f64::max)
    }

    /// The collective of an instruction: its own, or that inside of a fusion or an asynchronous call.
    pub(super) fn of(
        instruction: &Instruction,
        home: &Computation<'_>,
        all: &HashMap<&str, Computation<'_>>,
        torus: &Torus,
        bytes_per_second: f64,
    ) -> Option<Self> {
        if let Some(kind) = CollectiveKind::of(&instruction.opcode) {
            return Some(Self::new(kind, instruction, home, torus, bytes_per_second));
        }
        if !["fusion", "async-start"].contains(&instruction.opcode.as_str()) {
            return None;
        }
        let inside = instruction.calls.iter().filter_map(|name| all.get(name.as_str()));
        inside.into_iter().find_map(|computation| {
            let found = computation.instructions.iter().find_map(|instruction| {
                let nested = Self::of(instruction, computation, all, torus, bytes_per_second)?;
                Some((nested, instruction.opcode == "all-reduce"))
            })?;
            Some(match found {
                // An all-reduce of which each device keeps its shard.
                (transfer, true) if computation.keeps_a_part() => transfer.halved(),
                (transfer, _) => transfer,
            })
        })
    }

    fn new(
        kind: CollectiveKind,
        instruction: &Instruction,
        home: &Computation<'_>,
        torus: &Torus,
        bytes_per_second: f64,
    ) -> Self {
        let operands = instruction.operands.iter().filter_map(|name| home.get(name));
        let sizes = operands.flat_map(|operand| &operand.results).filter_map(|t| t.bytes());
        let given: usize = sizes.sum();
        let given = given as f64;
        let whole: Vec<usize>;
        let group = match instruction.groups.first() {
            Some(group) => group,
            None => {
                whole = (0..torus.num_devices()).collect();
                &whole
            }
        };
        let count = group.len() as f64;
        let exchanged = |of: f64| of * (count - 1.0) / count;
        let (load, units, bytes): (Load, f64, f64) = match kind {
            CollectiveKind::AllGather => {
                let all = given * count;
                (torus.exchange(group), all, exchanged(all))
            }
            CollectiveKind::ReduceScatter => (torus.exchange(group), given, exchanged(given)),
            CollectiveKind::AllReduce => {
                (torus.exchange(group), 2.0 * given, 2.0 * exchanged(given))
            }
            CollectiveKind::AllToAll => (torus.transpose(group), given, exchanged(given)),
            CollectiveKind::Permute => (torus.send(&instruction.pairs), given, given),
        };
        let seconds = load.map(|share| share * units / bytes_per_second);
        let group_size = match kind {
            CollectiveKind::Permute => 2,
            _ => group.len(),
        };
        Self { kind, bytes, seconds, group_size }
    }

    fn halved(self) -> Self {
        Self {
            kind: CollectiveKind::ReduceScatter,
            bytes: self.bytes / 2.0,
            seconds: self.seconds.map(|seconds| seconds / 2.0),
            ..self
        }
    }
}

impl Computation<'_> {
    fn keeps_a_part(&self) -> bool {
        self.instructions
            .iter()
            .any(|i| i.opcode == "dynamic-slice" || i.opcode == "reduce-scatter")
    }
}

//! The plan of a train state: each tensor with its shape, its spec and its bytes on each device.

use burn_trace::LeafSpec;
use burn_trace::mesh::{Mesh, Spec};

use super::error::ShardError;
use super::role::{Role, StatePart, role};
use super::sharding::{Resolved, Sharding};

/// Why a tensor is replicated.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// The rule with this pattern cuts nothing.
    Rule(String),
    /// The axes of its spec have one device each.
    Axes(Vec<String>),
    /// Its spec cuts dimensions that have size 1.
    Size,
}

/// A tensor of the state, sharded.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Planned {
    /// The part of the state to which it belongs.
    pub state_part: StatePart,
    /// The path of its parameter: a moment has that of the parameter which it is a moment of.
    pub path: String,
    /// Its shape.
    pub shape: Vec<usize>,
    /// Its spec.
    pub spec: Spec,
    /// Bytes of all of it.
    pub bytes: u64,
    /// Bytes that each device holds of it.
    pub bytes_per_device: u64,
    /// Why each device holds all of it, if each does.
    pub replicated: Option<Reason>,
}

/// A train state sharded over a mesh: the bytes of each tensor on each device.
///
/// Nothing is compiled or allocated for it. It prints as a table, with one row for a parameter that all
/// blocks have; the column of its state is its moments and averages:
///
/// ```text
#[doc = include_str!("plan.txt")]
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Plan {
    /// The mesh.
    pub mesh: Mesh,
    /// The tensors of the state, without its numbers: steps and the seed.
    pub tensors: Vec<Planned>,
}

impl Plan {
    /// The plan of a train state. Its leaves are those that
    /// [`TrainStep::state_leaves`](crate::train::TrainStep::state_leaves) lists, or those of any other
    /// tree of parameters.
    ///
    /// # Errors
    ///
    /// [`ShardError`] if no rule covers a path; if a spec names an axis that the mesh does not have; or
    /// if the axes of a spec do not divide a dimension, with the nearest size that they divide.
    pub fn new(mesh: &Mesh, sharding: &Sharding, leaves: &[LeafSpec]) -> Result<Self, ShardError> {
        let resolved = sharding.resolved()?;
        let mut tensors = Vec::new();
        for leaf in leaves {
            let Role::State(part, path) = role(&leaf.path) else { continue };
            if !["step", "skipped", "seed"].contains(&leaf.path.as_str()) {
                tensors.push(planned(mesh, &resolved, leaf, part, path)?);
            }
        }
        Ok(Self { mesh: mesh.clone(), tensors })
    }

    /// Bytes of the state.
    pub fn bytes(&self) -> u64 {
        self.tensors.iter().map(|tensor| tensor.bytes).sum()
    }

    /// Bytes of the state that each device holds.
    pub fn bytes_per_device(&self) -> u64 {
        self.tensors.iter().map(|tensor| tensor.bytes_per_device).sum()
    }

    /// Bytes of a part of the state that each device holds.
    pub fn bytes_of(&self, part: StatePart) -> u64 {
        self.of(part).map(|tensor| tensor.bytes_per_device).sum()
    }

    /// The tensors that are replicated.
    pub fn replicated(&self) -> impl Iterator<Item = &Planned> {
        self.tensors.iter().filter(|tensor| tensor.replicated.is_some())
    }

    pub(super) fn of(&self, part: StatePart) -> impl Iterator<Item = &Planned> {
        self.tensors.iter().filter(move |tensor| tensor.state_part == part)
    }
}

fn planned(
    mesh: &Mesh,
    resolved: &Resolved,
    leaf: &LeafSpec,
    part: StatePart,
    path: &str,
) -> Result<Planned, ShardError> {
    let shape = leaf.ty.shape.clone();
    let (spec, pattern) = resolved.decide(leaf)?;
    let shard = mesh.shard_shape(&leaf.path, &spec, &shape)?;
    let bytes = |shape: &[usize]| {
        shape.iter().map(|&size| size as u64).product::<u64>() * leaf.ty.dtype.size() as u64
    };
    let axes: Vec<String> = (0..spec.rank()).flat_map(|dim| spec.axes(dim)).cloned().collect();
    let reason = match pattern {
        _ if !axes.is_empty() => Reason::Axes(axes),
        Some(pattern) if resolved.replicates(pattern) => Reason::Rule(pattern.to_owned()),
        _ => Reason::Size,
    };
    Ok(Planned {
        state_part: part,
        path: path.to_owned(),
        spec,
        bytes: bytes(&shape),
        bytes_per_device: bytes(&shard),
        replicated: (shard == shape && mesh.num_devices() > 1).then_some(reason),
        shape,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shard::Activations;
    use crate::train::{Classify, Ema, Loss, Recipe, TrainStep};
    use crate::vit::ViT22BConfig;

    fn plan(mesh: &str, config: &ViT22BConfig) -> Result<Plan, ShardError> {
        let recipe = Recipe { ema: Some(Ema { decay: 0.99 }), ..Recipe::vit22b() };
        let task = Classify::new(config.clone(), Loss::SigmoidCrossEntropy).unwrap();
        let train = TrainStep::new(task, &recipe, None).unwrap();
        let leaves = train.state_leaves().unwrap();
        Plan::new(&mesh.parse().unwrap(), &Sharding::vit22b(Activations::Width), &leaves)
    }

    fn small() -> ViT22BConfig {
        ViT22BConfig::new(10)
            .with_image([8, 8])
            .with_patch(4)
            .with_width(64)
            .with_depth(2)
            .with_mlp_dim(256)
            .with_num_heads(8)
    }

    #[test]
    fn a_plan_is_a_table() {
        let plan = plan("data=4,model=2", &small()).unwrap();
        assert_eq!(plan.to_string().trim_end(), include_str!("plan.txt").trim_end());
    }

    #[test]
    fn sums_are_those_of_the_parts() {
        let plan = plan("data=4,model=2", &small()).unwrap();
        let of = |part, path: &str| {
            let found =
                plan.tensors.iter().find(|t| t.state_part == part && t.path == path).unwrap();
            (found.bytes, found.bytes_per_device)
        };
        assert_eq!(of(StatePart::Parameters, "blocks.1.mlp.fc1.weight"), (65_536, 8_192));
        // In bf16.
        assert_eq!(of(StatePart::Optimizer, "pos_embedding").0, 2 * 4 * 64);
        let bytes: u64 = plan.tensors.iter().map(|tensor| tensor.bytes).sum();
        assert_eq!(plan.bytes(), bytes);
        let count = small().parameters().total();
        assert_eq!(plan.of(StatePart::Parameters).map(|t| t.bytes).sum::<u64>(), 4 * count);
    }

    #[test]
    fn what_is_whole_is_told_with_the_reason() {
        let whole = |mesh: &str, path: &str| {
            let plan = plan(mesh, &small()).unwrap();
            let found = plan.of(StatePart::Parameters).find(|tensor| tensor.path == path).cloned();
            found.unwrap().replicated
        };
        assert_eq!(whole("data=4,model=2", "head.weight"), None);
        let rule = whole("data=4,model=2", "norm.scale");
        assert!(matches!(rule, Some(Reason::Rule(pattern)) if pattern.contains("norm")));
        let axes = whole("data=8,model=1", "embedding.weight");
        assert_eq!(axes, Some(Reason::Axes(vec!["model".into()])));
        assert_eq!(whole("data=1,model=1", "norm.scale"), None, "there is nothing to repeat it on");
    }

    #[test]
    fn what_does_not_divide_is_an_error() {
        let error = plan("data=6,model=1", &small()).unwrap_err();
        assert_eq!(
            error.to_string(),
            "model.blocks.0.attn.query.weight: dimension 0 of [64, 64] is cut into 6 by spec \
             `data,model`, which does not divide 64; 66 is the nearest size that divides"
        );
        let error = plan("data=8", &small()).unwrap_err();
        assert!(error.to_string().ends_with("the mesh data=8 has no such axis"), "{error}");
    }

    #[test]
    fn twenty_two_billion_parameters_are_planned_without_memory() {
        let config = crate::vit::Variant::parse("22B/14").unwrap().config(29_593);
        let plan = plan("data=128,model=8", &config).unwrap();
        let count = config.parameters().total() as f64;
        let bytes = |part| plan.of(part).map(|t| t.bytes).sum::<u64>() as f64;
        assert_eq!(bytes(StatePart::Parameters), 4.0 * count);
        assert_eq!(bytes(StatePart::Averages), 4.0 * count);
        // Two bytes of each first moment, and rows and columns of the second.
        let optimizer = bytes(StatePart::Optimizer) / count;
        assert!(optimizer > 2.0 && optimizer < 2.01, "{optimizer}");
        assert!(plan.bytes_per_device() < 240 << 20, "{}", plan.bytes_per_device());
    }
}

//! What a sharding comes to on each device.

use core::fmt;
use std::collections::BTreeMap;

use burn_xla::capture::LeafSpec;
use burn_xla::mesh::{Mesh, Spec};

use super::error::ShardError;
use super::role::{Part, Role, role};
use super::sharding::{Resolved, Sharding};

/// Why every device has the whole of a tensor.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// The rule with this pattern cuts nothing.
    Rule(String),
    /// The axes of its spec have one device each.
    Axes(Vec<String>),
    /// Its spec cuts dimensions that have size 1.
    Size,
}

/// A tensor of the state, and how it lies on the mesh.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Planned {
    /// Which part of the state it belongs to.
    pub part: Part,
    /// The path of its parameter.
    pub path: String,
    /// Its shape.
    pub shape: Vec<usize>,
    /// Its spec.
    pub spec: Spec,
    /// Its size.
    pub bytes: u64,
    /// What each device holds of it.
    pub bytes_per_device: u64,
    /// Why that is everything, where it is.
    pub replicated: Option<Reason>,
}

/// How a train state lies on a mesh, and what each device holds of it.
///
/// Nothing is compiled or allocated for it. It prints as a table, in which the state of a parameter is
/// its moments and averages:
///
/// ```text
#[doc = include_str!("plan.txt")]
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Plan {
    /// The mesh.
    pub mesh: Mesh,
    /// The tensors; of the state all but the step and the seed.
    pub tensors: Vec<Planned>,
}

impl Plan {
    /// The plan of a train state, whose leaves
    /// [`TrainStep::state_leaves`](crate::train::TrainStep::state_leaves) lists; any other tree of
    /// parameters will do.
    ///
    /// # Errors
    ///
    /// [`ShardError`] if no rule covers a path, or a spec does not fit mesh and shape: an axis that
    /// is not there, or a dimension that its axes do not divide, with the nearest that they would.
    pub fn new(mesh: &Mesh, sharding: &Sharding, leaves: &[LeafSpec]) -> Result<Self, ShardError> {
        let resolved = sharding.resolved()?;
        let mut tensors = Vec::new();
        for leaf in leaves {
            let Role::State(part, path) = role(&leaf.path) else { continue };
            if leaf.path != "step" && leaf.path != "seed" {
                tensors.push(planned(mesh, &resolved, leaf, part, path)?);
            }
        }
        Ok(Self { mesh: mesh.clone(), tensors })
    }

    /// The size of the state.
    pub fn bytes(&self) -> u64 {
        self.tensors.iter().map(|tensor| tensor.bytes).sum()
    }

    /// What each device holds of the state.
    pub fn bytes_per_device(&self) -> u64 {
        self.tensors.iter().map(|tensor| tensor.bytes_per_device).sum()
    }

    /// What each device holds of a part of the state.
    pub fn bytes_of(&self, part: Part) -> u64 {
        self.of(part).map(|tensor| tensor.bytes_per_device).sum()
    }

    /// What every device has the whole of.
    pub fn replicated(&self) -> impl Iterator<Item = &Planned> {
        self.tensors.iter().filter(|tensor| tensor.replicated.is_some())
    }

    fn of(&self, part: Part) -> impl Iterator<Item = &Planned> {
        self.tensors.iter().filter(move |tensor| tensor.part == part)
    }
}

fn planned(
    mesh: &Mesh,
    resolved: &Resolved,
    leaf: &LeafSpec,
    part: Part,
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
        Some(pattern) if resolved.cuts_nothing(pattern) => Reason::Rule(pattern.to_owned()),
        _ => Reason::Size,
    };
    Ok(Planned {
        part,
        path: path.to_owned(),
        spec,
        bytes: bytes(&shape),
        bytes_per_device: bytes(&shard),
        replicated: (shard == shape && mesh.num_devices() > 1).then_some(reason),
        shape,
    })
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let devices = self.mesh.num_devices();
        writeln!(f, "train state on the mesh {} ({devices} devices)\n", self.mesh)?;
        let rows = self.rows();
        let width = rows.iter().map(|row| row.path.len()).max().unwrap_or(0).max(9);
        let shape = rows.iter().map(|row| row.shape.len()).max().unwrap_or(0).max(5);
        let spec = rows.iter().map(|row| row.spec.len()).max().unwrap_or(0).max(7);
        writeln!(
            f,
            "{:width$}  {:>5}  {:shape$}  {:spec$}  {:>12}  {:>12}",
            "parameter", "times", "shape", "lies as", "each device", "its state"
        )?;
        for row in &rows {
            let Row { path, times, shape: dims, spec: text, bytes, state } = row;
            let (bytes, state) = (Bytes(*bytes).to_string(), Bytes(*state).to_string());
            writeln!(
                f,
                "{path:width$}  {times:>5}  {dims:shape$}  {text:spec$}  {bytes:>12}  {state:>12}"
            )?;
        }
        writeln!(f)?;
        for (name, part) in [
            ("parameters", Part::Parameters),
            ("optimizer", Part::Optimizer),
            ("averages", Part::Averages),
        ] {
            let (all, each) = sums(self.of(part));
            writeln!(f, "{name:10}  {:>10}, {:>10} on each device", Bytes(all), Bytes(each))?;
        }
        let (all, each) = sums(self.tensors.iter());
        writeln!(f, "{:10}  {:>10}, {:>10} on each device", "all", Bytes(all), Bytes(each))?;
        self.write_replicated(f, each)
    }
}

/// The parameters of all blocks that are alike.
struct Row {
    path: String,
    times: usize,
    shape: String,
    spec: String,
    bytes: u64,
    state: u64,
}

impl Plan {
    fn rows(&self) -> Vec<Row> {
        let mut state: BTreeMap<&str, u64> = BTreeMap::new();
        for tensor in self.tensors.iter().filter(|tensor| tensor.part != Part::Parameters) {
            *state.entry(&tensor.path).or_default() += tensor.bytes_per_device;
        }
        let mut rows: Vec<Row> = Vec::new();
        for tensor in self.of(Part::Parameters) {
            let row = Row {
                path: without_numbers(&tensor.path),
                times: 1,
                shape: format!("{:?}", tensor.shape),
                spec: tensor.spec.to_string(),
                bytes: tensor.bytes_per_device,
                state: state.get(tensor.path.as_str()).copied().unwrap_or(0),
            };
            let alike = |old: &&mut Row| {
                old.path == row.path && old.shape == row.shape && old.spec == row.spec
            };
            match rows.iter_mut().find(alike) {
                Some(old) => {
                    old.times += 1;
                    old.bytes += row.bytes;
                    old.state += row.state;
                }
                None => rows.push(row),
            }
        }
        rows
    }

    fn write_replicated(&self, f: &mut fmt::Formatter<'_>, each: u64) -> fmt::Result {
        let mut reasons: BTreeMap<&Reason, (u64, Vec<String>)> = BTreeMap::new();
        let mut sum = 0;
        for tensor in self.replicated() {
            let Some(reason) = &tensor.replicated else { continue };
            let (bytes, names) = reasons.entry(reason).or_default();
            *bytes += tensor.bytes;
            sum += tensor.bytes;
            let path = without_numbers(&tensor.path);
            // What goes for a parameter goes without saying for its moments.
            let name = match tensor.part {
                Part::Parameters => path,
                _ if names.contains(&path) => continue,
                _ => format!("moments of {path}"),
            };
            if !names.contains(&name) {
                names.push(name);
            }
        }
        if reasons.is_empty() {
            return Ok(());
        }
        let share = 100.0 * sum as f64 / each as f64;
        writeln!(f, "\nwhole on every device: {}, {share:.2} % of what it holds", Bytes(sum))?;
        for (reason, (bytes, names)) in reasons {
            let why = match reason {
                Reason::Rule(pattern) => format!("their rule cuts nothing: {pattern}"),
                Reason::Axes(axes) => format!("there is one device on {}", axes.join(" and ")),
                Reason::Size => "what their spec cuts has size 1".into(),
            };
            writeln!(f, "{:>12}  {why}", Bytes(bytes))?;
            for line in lines(&names) {
                writeln!(f, "{:14}{line}", "")?;
            }
        }
        Ok(())
    }
}

/// The names with commas, in lines that fit the table.
fn lines(names: &[String]) -> Vec<String> {
    const WIDTH: usize = 85;
    let mut lines: Vec<String> = vec![];
    for name in names {
        match lines.last_mut() {
            Some(line) if line.len() + name.len() < WIDTH => *line = format!("{line}, {name}"),
            Some(line) => {
                line.push(',');
                lines.push(name.clone());
            }
            None => lines.push(name.clone()),
        }
    }
    lines
}

fn sums<'a>(tensors: impl Iterator<Item = &'a Planned>) -> (u64, u64) {
    tensors.fold((0, 0), |(all, each), t| (all + t.bytes, each + t.bytes_per_device))
}

/// `blocks.17.norm` as `blocks.*.norm`.
fn without_numbers(path: &str) -> String {
    let part = |part: &str| if part.parse::<usize>().is_ok() { "*".into() } else { part.into() };
    path.split('.').map(part).collect::<Vec<String>>().join(".")
}

/// Bytes as people read them.
pub(crate) struct Bytes(pub(crate) u64);

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut value = self.0 as f64;
        let mut unit = "B";
        for larger in ["KiB", "MiB", "GiB", "TiB"] {
            if value < 1024.0 {
                break;
            }
            value /= 1024.0;
            unit = larger;
        }
        let decimals = usize::from(unit != "B" && value < 100.0);
        f.pad(&format!("{value:.decimals$} {unit}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shard::Activations;
    use crate::train::{Ema, Recipe, TrainStep};
    use crate::vit::ViT22BConfig;

    fn plan(mesh: &str, config: &ViT22BConfig) -> Result<Plan, ShardError> {
        let recipe = Recipe { ema: Some(Ema { decay: 0.99 }), ..Recipe::vit22b() };
        let model = config.init(&Default::default()).unwrap();
        let train = TrainStep::new(&recipe, None, &model).unwrap();
        let leaves = train.state_leaves(config).unwrap();
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
            let found = plan.tensors.iter().find(|t| t.part == part && t.path == path).unwrap();
            (found.bytes, found.bytes_per_device)
        };
        assert_eq!(of(Part::Parameters, "blocks.1.mlp.fc1.weight"), (65_536, 8_192));
        // In bf16.
        assert_eq!(of(Part::Optimizer, "pos_embedding").0, 2 * 4 * 64);
        let bytes: u64 = plan.tensors.iter().map(|tensor| tensor.bytes).sum();
        assert_eq!(plan.bytes(), bytes);
        let count = small().parameters().total();
        assert_eq!(plan.of(Part::Parameters).map(|t| t.bytes).sum::<u64>(), 4 * count);
    }

    #[test]
    fn what_is_whole_is_told_with_the_reason() {
        let whole = |mesh: &str, path: &str| {
            let plan = plan(mesh, &small()).unwrap();
            let found = plan.of(Part::Parameters).find(|tensor| tensor.path == path).cloned();
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
        assert_eq!(bytes(Part::Parameters), 4.0 * count);
        assert_eq!(bytes(Part::Averages), 4.0 * count);
        // Two bytes of each first moment, and rows and columns of the second.
        let optimizer = bytes(Part::Optimizer) / count;
        assert!(optimizer > 2.0 && optimizer < 2.01, "{optimizer}");
        assert!(plan.bytes_per_device() < 240 << 20, "{}", plan.bytes_per_device());
    }
}

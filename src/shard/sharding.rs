//! The spec of each tensor of a training run.

use burn_trace::LeafSpec;
use burn_trace::mesh::{Layout, MeshError, Spec};

use crate::layers::activation;
use crate::params::{Matcher, Rules, RulesError};

use super::role::{Role, role};

/// The axes of a mesh that cut parameters, batch and activations of a training run.
///
/// Moments and averages of a parameter are cut as the parameter is, except along dimensions of size 1. Adafactor's means of attention
/// with the heads as an axis of their own ([`Adafactor::attention_heads`](crate::train::Adafactor::attention_heads)), which are small, are
/// replicated.
/// The stacked parameters of rolled blocks are cut as each of them alone. A batch is cut along its
/// first dimension.
///
/// ```
/// use vit22b::Rules;
/// use vit22b::shard::{Activations, Sharding};
///
/// let mut sharding = Sharding::vit22b(Activations::Width);
/// // Both axes cut the classifier's rows, and none its columns; all else as it was.
/// sharding.parameters.0.insert(0, (r"head\.weight".into(), "data+model".parse()?));
/// # Ok::<(), burn_trace::mesh::MeshError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Sharding {
    /// The spec of each parameter by its path.
    pub parameters: Rules<Spec>,
    /// Axes that cut parameters where they are kept, and over which a block gathers them.
    pub gathered: Vec<String>,
    /// Axes over which parameters are replicated and the batch is cut, see
    /// [`with_replicas`](Self::with_replicas).
    pub replicas: Vec<String>,
    /// The axis whose devices form a ring for the products of a block, if one does: see
    /// [`Layout::with_ring`], with the rows of the batch.
    pub ring: Option<String>,
    /// The spec of images and targets.
    pub batch: Spec,
    /// The specs of activations, by their names in [`activation`].
    pub activations: Vec<(&'static str, Spec)>,
}

/// The dimension of an activation that the axis `model` cuts, between blocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Activations {
    /// The width, as in the paper: the first products of a block gather their input, and the last ones
    /// scatter their sum.
    Width,
    /// The tokens: each device computes the norms and residuals of its own.
    Tokens,
    /// The images: each device computes norms, residuals and the loss of its own. For the first
    /// products of a block, rows go round the ring of the axis's devices; sums of its last products
    /// come back the same way ([`Layout::with_ring`]).
    Images,
    /// None: every device of the axis has all of the activation.
    Whole,
}

impl Sharding {
    /// The paper's sharding over the axes `data` and `model`.
    ///
    /// Both axes cut parameters. A block gathers its parameters over `data` when it uses them; over
    /// `model` each device computes with its own shard. Batch and activations are cut over `data`, and
    /// activations over `model` along the dimension that `activations` names.
    ///
    /// The weights of the first products of a block are cut along their output and those of the last
    /// ones along their input, so that attention heads and hidden units stay on the device that computes
    /// them.
    ///
    /// # Reference
    ///
    /// "Scaling Vision Transformers to 22 Billion Parameters", section 2, "Asynchronous parallel
    /// linear operations" and "Parameter sharding".
    pub fn vit22b(activations: Activations) -> Self {
        let spec = |text: &str| text.parse::<Spec>().expect("the specs below are in order");
        let rules = [
            (r".*\.(query|key|value|fc1|gate)\.weight", "data,model"),
            (r".*\.(query|key|value|fc1|gate)\.bias", "model"),
            // Both axes along the input: shards are gathered in the order in which the product reads them.
            (r".*\.(out|fc2)\.weight", "model+data"),
            (r"embedding\.weight", "model"),
            (r"(text\.)?pos_embedding|text\.token_embedding", "-,model"),
            // Along the input: no power of two divides the number of classes, 29,593 in the paper.
            (r"((distillation_|text\.)?head|projection)\.weight", "model+data"),
            // Vectors are replicated: to gather them costs more than they take.
            (r".*norm\.(scale|bias)|.*bias|.*layer_scale|class_token|registers|map\.probe", "-"),
            (r"distillation_token|query_pool\.query|.*relative_bias\.table", "-"),
        ];
        let (residual, ring) = match activations {
            Activations::Width => ("data,-,model", false),
            Activations::Tokens => ("data,model", false),
            Activations::Images => ("data+model", true),
            Activations::Whole => ("data", false),
        };
        Self {
            parameters: Rules::new(rules.map(|(pattern, text)| (pattern, spec(text)))),
            gathered: vec!["data".into()],
            replicas: vec![],
            ring: ring.then(|| "model".into()),
            batch: spec(if ring { residual } else { "data" }),
            activations: vec![
                (activation::RESIDUAL, spec(residual)),
                (activation::HEADS, spec("data,-,model")),
                (activation::HIDDEN, spec("data,-,model")),
            ]
            .into_iter()
            .chain(ring.then(|| (activation::ENTRANCE, spec(residual))))
            .collect(),
        }
    }

    /// Sets the spec of an [`activation`].
    #[must_use]
    pub fn with_activation(mut self, place: &'static str, spec: Spec) -> Self {
        self.activations.retain(|(other, _)| *other != place);
        self.activations.push((place, spec));
        self
    }

    /// Cuts batch and activations over one more axis beside `data`, over which parameters are
    /// replicated. Each group of devices then has a copy of the parameters: gathers are shorter, for
    /// more memory and one more sum over gradients.
    ///
    /// ```
    /// use vit22b::shard::{Activations, Sharding};
    ///
    /// let sharding = Sharding::vit22b(Activations::Width).with_replicas("replica")?;
    /// assert_eq!(sharding.batch.to_string(), "replica+data");
    /// # Ok::<(), burn_trace::mesh::MeshError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`MeshError`] for a text that is no name of an axis.
    pub fn with_replicas(mut self, axis: &str) -> Result<Self, MeshError> {
        let cut = |spec: &Spec| {
            spec.to_string().replacen("data", &format!("{axis}+data"), 1).parse::<Spec>()
        };
        self.batch = cut(&self.batch)?;
        for (_, spec) in &mut self.activations {
            *spec = cut(spec)?;
        }
        self.replicas.insert(0, axis.to_owned());
        Ok(self)
    }

    /// The rule that gives the arguments and results of programs their specs: train states, batches,
    /// modules and the results of functions of them.
    ///
    /// A tensor with a name is a parameter, or a moment or an average of one. A tensor without a name,
    /// such as the input of a function of a module, is cut as a batch. A single number is replicated.
    ///
    /// # Errors
    ///
    /// [`RulesError::Pattern`] for a rule that is no regular expression.
    pub fn layout(&self) -> Result<Layout, RulesError> {
        let names: Vec<_> = self
            .activations
            .iter()
            .map(|(name, spec)| ((*name).to_owned(), spec.clone()))
            .collect();
        let resolved = self.resolved()?;
        let layout = Layout::new(move |leaf| Ok(resolved.decide(leaf)?.0)).with_names(names);
        let layout = layout.with_gathered(self.gathered.iter().cloned());
        let layout = layout.with_replicas(self.replicas.iter().cloned());
        Ok(match &self.ring {
            Some(axis) => layout.with_ring(axis, &self.batch),
            None => layout,
        })
    }

    pub(super) fn resolved(&self) -> Result<Resolved, RulesError> {
        Ok(Resolved { matcher: self.parameters.matcher()?, sharding: self.clone() })
    }
}

/// A sharding whose patterns are compiled.
pub(super) struct Resolved {
    matcher: Matcher,
    sharding: Sharding,
}

impl Resolved {
    /// The spec of a leaf, and the pattern of the rule from which it comes.
    pub(super) fn decide(&self, leaf: &LeafSpec) -> Result<(Spec, Option<&str>), MeshError> {
        let shape = &leaf.ty.shape;
        if shape.iter().product::<usize>() <= 1 {
            return Ok((Spec::replicated(), None));
        }
        match role(&leaf.path) {
            Role::State(_, path) => {
                let rule = self.matcher.find(path);
                let rule = rule.ok_or_else(|| MeshError::Uncovered { tensor: path.to_owned() })?;
                let (pattern, spec) = &self.sharding.parameters.0[rule];
                let (lane, is_stacked) = match shape.split_first() {
                    Some((_, lane)) if is_stack(path) => (lane, true),
                    _ => (&shape[..], false),
                };
                if has_heads_as_axis(&leaf.path, lane) {
                    return Ok((Spec::replicated(), Some(pattern)));
                }
                let spec = spec.for_shape(lane);
                let spec = if is_stacked { spec.stacked() } else { spec };
                Ok((spec, Some(pattern)))
            }
            Role::Unnamed => Ok((self.sharding.batch.clone(), None)),
        }
    }
}

impl Resolved {
    /// Whether the rule with this pattern replicates its parameters.
    pub(super) fn replicates(&self, pattern: &str) -> bool {
        let mut rules = self.sharding.parameters.0.iter();
        rules.any(|(other, spec)| other == pattern && spec.is_replicated())
    }
}

/// Whether a leaf is a mean of Adafactor over an axis of a parameter of attention whose heads are an axis of their own: other
/// means keep the axis, with size 1. Its axes are not the parameter's.
fn has_heads_as_axis(path: &str, shape: &[usize]) -> bool {
    let is_mean = ["adafactor.row/", "adafactor.column/"].iter().any(|name| path.contains(name));
    is_mean && !shape.contains(&1)
}

/// Whether a path is that of a stack, as the parameters of rolled blocks are: `blocks.*.norm.scale`.
fn is_stack(path: &str) -> bool {
    path.split('.').any(|part| part == "*")
}

#[cfg(test)]
mod tests {
    use burn_trace::mesh::Mesh;
    use burn_trace::{Kind, LeafType};

    use super::*;
    use crate::params;
    use crate::vit::{Pool, SubNorm, Variant};

    fn leaf(path: &str, shape: &[usize]) -> LeafSpec {
        let dtype = burn::tensor::DType::F32;
        let ty = LeafType { kind: Kind::Float, dtype, shape: shape.to_vec() };
        LeafSpec { path: path.into(), ty }
    }

    fn spec_of(path: &str, shape: &[usize]) -> String {
        let layout = Sharding::vit22b(Activations::Width).layout().unwrap();
        layout.spec(&leaf(path, shape)).unwrap().to_string()
    }

    #[test]
    fn moments_and_averages_lie_as_their_parameter() {
        for prefix in
            ["", "model.", "0.model.", "ema.", "optimizer.adafactor.first/", "0.optimizer.adam.m/"]
        {
            let path = format!("{prefix}blocks.17.mlp.fc1.weight");
            assert_eq!(spec_of(&path, &[64, 256]), "data,model", "{path}");
        }
        assert_eq!(spec_of("optimizer.adafactor.row/blocks.0.mlp.fc1.weight", &[64, 1]), "data");
        let column = "0.optimizer.adafactor.column/blocks.0.mlp.fc1.weight";
        assert_eq!(spec_of(column, &[1, 256]), "-,model");
        assert_eq!(spec_of("0.model.blocks.*.mlp.fc1.weight", &[48, 64, 256]), "-,data,model");
        let column = "0.optimizer.adafactor.column/blocks.*.mlp.fc1.weight";
        assert_eq!(spec_of(column, &[48, 1, 256]), "-,-,model");
        // [d, h, k] without d, and without k: 48 heads are not cut by 128 devices.
        for (name, shape) in [("row", [6_144, 48]), ("column", [48, 128])] {
            let path = format!("optimizer.adafactor.{name}/blocks.0.attn.query.weight");
            assert_eq!(spec_of(&path, &shape), "-");
            let path = format!("optimizer.adafactor.{name}/blocks.*.attn.query.weight");
            assert_eq!(spec_of(&path, &[48, shape[0], shape[1]]), "-");
        }
    }

    #[test]
    fn batches_are_cut_and_numbers_are_not() {
        for path in ["", "0", "1.0", "12"] {
            assert_eq!(spec_of(path, &[8, 10]), "data", "{path}");
            assert_eq!(spec_of(path, &[1]), "-", "{path}");
        }
        for path in ["0.model.step", "0.seed", "1.loss", "finite"] {
            assert_eq!(spec_of(path, &[1]), "-", "{path}");
        }
    }

    /// Every parameter that a config can make, on the meshes of the paper's size.
    #[test]
    fn the_rules_cover_and_divide_vit22b_in_all_its_forms() {
        let device = Default::default();
        let full = Variant::parse("22B/14").unwrap().config(29_593).with_depth(1);
        let classic = full.clone().classic().with_pool(Pool::ClassToken).with_registers(4);
        let classic = classic.with_layer_scale(Some(1e-4)).with_norm_embedding(true);
        let eva02 = full.clone().eva02().with_sub_norm(Some(SubNorm::MlpAndAttention));
        let distilled = full.clone().deit_distilled().with_projection(Some(1024));
        let (aimv2, beit) = (full.clone().aimv2(), full.clone().beit());
        for config in [full, classic, eva02, distilled, aimv2, beit] {
            let model = config.init(&device).unwrap();
            let layout = Sharding::vit22b(Activations::Width).layout().unwrap();
            for (path, shape) in params::shapes(&model) {
                let spec = layout.spec(&leaf(&path, &shape)).unwrap();
                for mesh in ["data=1024,model=1", "data=512,model=2", "data=128,model=8"] {
                    let mesh: Mesh = mesh.parse().unwrap();
                    mesh.shard_shape(&path, &spec, &shape).unwrap();
                }
            }
        }
    }

    #[test]
    fn the_first_rule_wins_and_an_uncovered_path_is_an_error() {
        let mut sharding = Sharding::vit22b(Activations::Width);
        sharding.parameters.0.insert(0, (r"head\.weight".into(), "data".parse().unwrap()));
        let layout = sharding.layout().unwrap();
        assert_eq!(layout.spec(&leaf("head.weight", &[8, 3])).unwrap().to_string(), "data");
        assert_eq!(
            layout.spec(&leaf("1.model.adapter.weight", &[8, 8])).unwrap_err().to_string(),
            "adapter.weight: no rule of the layout covers it; add one, such as (\".*\", \"-\") at the end"
        );
    }
}

//! The transformer block, parallel or sequential.

use burn::module::{Module, Param};
use burn::nn::{Initializer, Linear};
use burn::tensor::{Device, Tensor};
use burn_trace::{constrain_as, materialize};

use crate::random::RandomKey;
use crate::vit::ViT22BConfig;

use super::activation;
use super::attention::{Attention, join_inputs, join_outputs};
use super::kinds::BlockKind;
use super::mlp::Mlp;
use super::norm::Norm;

/// One block of the encoder.
///
/// - parallel: `y = norm(x); x + scale * (attention(y) + mlp(y))`
/// - sequential: `z = x + scale * attention(norm(x)); z + mlp_scale * mlp(mlp_norm(z))`
///
/// # Reference
///
/// "Scaling Vision Transformers to 22 Billion Parameters", section 2, "Parallel layers".
#[derive(Module, Debug)]
pub struct Block {
    /// The norm at the entrance; the parallel block has no other.
    pub norm: Norm,
    /// Attention.
    pub attn: Attention,
    /// The norm before the MLP of a sequential block.
    pub mlp_norm: Option<Norm>,
    /// MLP.
    pub mlp: Mlp,
    /// Learned factor `[d]` on the branch of a parallel block, or on the attention branch of a
    /// sequential one.
    pub layer_scale: Option<Param<Tensor<1>>>,
    /// Learned factor `[d]` on the MLP branch of a sequential block.
    pub mlp_layer_scale: Option<Param<Tensor<1>>>,
    #[module(skip)]
    execution: Execution,
    dropout: f64,
    stochastic_depth: f64,
    /// Whether any block of the model has stochastic depth.
    drops_paths: bool,
}

/// What a block draws from in training.
#[derive(Debug, Clone)]
pub(crate) struct Draws {
    pub(crate) key: RandomKey,
    /// The rate of stochastic depth, one element.
    pub(crate) rate: Option<Tensor<1>>,
}

/// How the block computes.
#[derive(Debug, Clone, Copy)]
enum Execution {
    Sequential,
    Parallel,
    /// Parallel, with one product at the entrance and one at the exit.
    ParallelFused,
}

impl Block {
    pub(crate) fn init(cfg: &ViT22BConfig, index: usize, device: &Device) -> Self {
        let sequential = cfg.block == BlockKind::Sequential;
        let norm = || Norm::init(cfg.norm, cfg.width, cfg.biases.norm, cfg.epsilon, device);
        let scale = || {
            cfg.layer_scale.map(|value| Initializer::Constant { value }.init([cfg.width], device))
        };
        Self {
            norm: norm(),
            attn: Attention::init(cfg, device),
            mlp_norm: sequential.then(norm),
            mlp: Mlp::init(cfg, cfg.biases.mlp, device),
            layer_scale: scale(),
            mlp_layer_scale: scale().filter(|_| sequential),
            execution: match cfg.block {
                BlockKind::Sequential => Execution::Sequential,
                BlockKind::Parallel if cfg.projections.is_fused() => Execution::ParallelFused,
                BlockKind::Parallel => Execution::Parallel,
            },
            dropout: cfg.dropout,
            stochastic_depth: cfg.stochastic_depth * index as f64 / (cfg.depth - 1).max(1) as f64,
            drops_paths: cfg.stochastic_depth > 0.0,
        }
    }

    /// # Shapes
    ///
    /// - input: `[b, n, d]`
    /// - output: `[b, n, d]`
    ///
    /// With a key, dropout and stochastic depth act as in training.
    pub fn forward(&self, input: Tensor<3>, key: Option<&RandomKey>) -> Tensor<3> {
        let draws =
            key.map(|key| Draws { key: key.clone(), rate: self.path_rate(&input.device()) });
        self.forward_drawing(input, draws.as_ref())
    }

    /// The rate of stochastic depth as a tensor, if there is any.
    pub(crate) fn path_rate(&self, device: &Device) -> Option<Tensor<1>> {
        let rate = self.stochastic_depth;
        self.drops_paths.then(|| Tensor::from_floats([rate], device))
    }

    /// [`forward`](Self::forward), with all that differs from block to block in tensors.
    pub(crate) fn forward_drawing(&self, input: Tensor<3>, draws: Option<&Draws>) -> Tensor<3> {
        // Read by four products, and not worth computing in each.
        let y = self.norm.forward(constrain_as(input.clone(), activation::NORM));
        let y = materialize(constrain_as(y, activation::ENTRANCE));
        let hidden_key = draws.map(|draws| draws.key.fold_in(0));
        let output = match self.execution {
            Execution::Parallel => {
                let attended = self.attn.forward(y.clone(), y.clone());
                let branch = attended + self.mlp.forward(y, hidden_key.as_ref());
                input + self.residual(branch, &self.layer_scale, draws, 1)
            }
            Execution::ParallelFused => {
                let branch = self.fused_branch(y, hidden_key.as_ref());
                input + self.residual(branch, &self.layer_scale, draws, 1)
            }
            Execution::Sequential => {
                let attended = self.attn.forward(y.clone(), y);
                let x = input + self.residual(attended, &self.layer_scale, draws, 1);
                let y = constrain_as(x.clone(), activation::NORM);
                let y = self.mlp_norm.as_ref().map_or(y.clone(), |norm| norm.forward(y));
                let branch = self.mlp.forward(y, hidden_key.as_ref());
                x + self.residual(branch, &self.mlp_layer_scale, draws, 3)
            }
        };
        constrain_as(output, activation::RESIDUAL)
    }

    /// Attention plus MLP by the paper's two joint products.
    fn fused_branch(&self, y: Tensor<3>, key: Option<&RandomKey>) -> Tensor<3> {
        let [query, key_layer, value] = self.attn.entrance();
        let (weight, bias) = join_outputs(&[query, key_layer, value, &self.mlp.fc1]);
        let (d, f) = (weight.dims()[0], self.mlp.fc1.weight.dims()[1]);
        let joint = burn::tensor::module::linear(y, weight, bias);
        let [q, k, v, hidden]: [Tensor<3>; 4] = [0, d, 2 * d, 3 * d].map(|start| {
            let width = if start == 3 * d { f } else { d };
            joint.clone().narrow(2, start, width)
        });
        let attended = self.attn.attend(q, k, v);
        let hidden = self.mlp.activate(hidden, key);
        let exit: [&Linear; 2] = [&self.attn.out, &self.mlp.fc2];
        let (weight, bias) = join_inputs(&exit);
        burn::tensor::module::linear(Tensor::cat(vec![attended, hidden], 2), weight, bias)
    }

    /// Layer scale, dropout and stochastic depth on a branch.
    fn residual(
        &self,
        branch: Tensor<3>,
        scale: &Option<Param<Tensor<1>>>,
        draws: Option<&Draws>,
        number: usize,
    ) -> Tensor<3> {
        let branch = match scale {
            Some(scale) => branch * scale.val().unsqueeze(),
            None => branch,
        };
        let Some(Draws { key, rate }) = draws else { return branch };
        let branch = key.fold_in(number).dropout(branch, self.dropout);
        match rate {
            Some(rate) => key.fold_in(number + 1).drop_path_at(branch, rate.clone()),
            None => branch,
        }
    }

    /// The attention logits of this block for its input, `[b, h, n, n]`; their softmax along the
    /// last axis is the attention weights.
    pub fn attention_logits(&self, input: Tensor<3>) -> Tensor<4> {
        let y = self.norm.forward(input);
        self.attn.logits(y.clone(), y)
    }
}

//! The cost of a config, counted without allocating anything: parameters, FLOPs, activations,
//! utilisation.

use crate::layers::{BlockKind, NormKind, QkNorm, SubNorm, relative_bias_rows};

use super::config::{Pool, Positions, ViT22BConfig};

/// Numbers of parameters by part; exact.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ParameterCount {
    /// Patch embedding, with its norms if there are any.
    pub embedding: u64,
    /// Learned positions, class token, distillation token and registers.
    pub positions: u64,
    /// One block.
    pub block: u64,
    /// All blocks.
    pub blocks: u64,
    /// The final norm.
    pub norm: u64,
    /// The attention pooling, if there is one.
    pub pool: u64,
    /// The classifier, or both of a model with a distillation token; and the projection.
    pub head: u64,
}

impl ParameterCount {
    /// Everything up to the final norm, which papers quote as the size of a ViT: 21.75 B for
    /// ViT-22B.
    pub fn body(&self) -> u64 {
        self.embedding + self.positions + self.blocks + self.norm
    }

    /// Everything.
    pub fn total(&self) -> u64 {
        self.body() + self.pool + self.head
    }
}

impl ViT22BConfig {
    /// Numbers of parameters by part.
    ///
    /// ```
    /// use vit22b::vit::Variant;
    ///
    /// let count = Variant::parse("22B/14")?.config(29_593).parameters();
    /// assert_eq!(count.blocks, 21_745_053_696);
    /// # Ok::<(), vit22b::ConfigError>(())
    /// ```
    pub fn parameters(&self) -> ParameterCount {
        let on = u64::from;
        let [d, f, h] = [self.width, self.mlp_dim, self.num_heads].map(|n| n as u64);
        let linear = |input: u64, output: u64, bias: bool| input * output + on(bias) * output;
        let norm = d * (1 + on(self.biases.norm));
        let mlp = |f: u64| linear(d, f, self.biases.mlp) + linear(f, d, self.biases.mlp);
        let sequential = on(self.block != BlockKind::Parallel);
        let of_width = |width: u64| width * (1 + on(self.biases.norm));
        let sub_norms = match self.sub_norm {
            None => 0,
            Some(SubNorm::Mlp) => of_width(f),
            Some(SubNorm::MlpAndAttention) => of_width(f) + norm,
        };
        let relative_bias = match self.positions {
            Positions::RelativeBias => relative_bias_rows(self.grid()) as u64 * h,
            _ => 0,
        };
        let block = norm * (1 + sequential)
            + 2 * linear(d, d, self.biases.qkv)
            + linear(d, d, self.key_bias.unwrap_or(self.biases.qkv))
            + 2 * on(self.qk_norm != QkNorm::None) * (d / h)
            + linear(d, d, self.biases.attn_out)
            + mlp(f)
            + on(self.gate.is_some()) * linear(d, f, self.biases.mlp)
            + sub_norms
            + relative_bias
            + on(self.layer_scale.is_some()) * d * (1 + sequential);
        let patch = (self.channels * self.patch * self.patch) as u64;
        let learned = match self.positions {
            Positions::Learned => self.tokens(),
            _ => self.prefix_tokens(),
        };
        let map_mlp_dim = self.map_pool_config().mlp_dim as u64;
        let pool = match self.pool {
            Pool::Map => {
                d + 3 * linear(d, d, self.biases.map_qkv)
                    + linear(d, d, self.biases.map_out)
                    + norm
                    + mlp(map_mlp_dim)
            }
            Pool::Query => {
                d + 2 * linear(d, d, self.biases.map_qkv) + linear(d, d, self.biases.map_out)
            }
            Pool::Average | Pool::ClassToken | Pool::Distilled | Pool::ClassBesideDistillation => 0,
        };
        let heads = 1 + on(self.pool.has_distillation_token());
        let classes = self.num_classes as u64;
        let head = linear(self.head_width() as u64, classes, self.biases.head && classes > 0);
        ParameterCount {
            embedding: linear(patch, d, self.biases.embedding)
                + on(self.norm_embedding) * norm
                + on(self.patch_norm.is_some()) * norm,
            positions: learned as u64 * d,
            block,
            blocks: self.depth as u64 * block,
            norm,
            pool,
            head: heads * head + self.projection.map_or(0, |width| d * width as u64),
        }
    }

    /// Floating-point operations of one training step for one token, forward and backward, as
    /// model FLOPs utilisation counts them: `6 N + 12 L d n`, `N` being the body's parameters.
    /// Pooling, classifier and recomputation do not count. 131.4 GFLOP for ViT-22B.
    ///
    /// # Reference
    ///
    /// The convention of PaLM's appendix B, which the ViT-22B paper follows for its 54.9 %.
    pub fn train_flops_per_token(&self) -> f64 {
        let attention = 12.0 * (self.depth * self.width * self.tokens()) as f64;
        6.0 * self.parameters().body() as f64 + attention
    }

    /// [`train_flops_per_token`](Self::train_flops_per_token) for all tokens of an image.
    pub fn train_flops_per_image(&self) -> f64 {
        self.train_flops_per_token() * self.tokens() as f64
    }

    /// Floating-point operations of one forward pass for one image: two for each multiplication
    /// and addition of a matrix product, pooling and classifier included.
    pub fn forward_flops_per_image(&self) -> f64 {
        let [n, d, f] = [self.tokens(), self.width, self.mlp_dim].map(|n| n as f64);
        let patches = self.patches() as f64;
        let patch = (self.channels * self.patch * self.patch) as f64;
        let products = if self.gate.is_some() { 3.0 } else { 2.0 };
        let block = n * d * (4.0 * d + products * f) + 2.0 * n * n * d;
        let pooled = match self.map_head {
            Some(head) if head.reads_prefix => n,
            _ => patches,
        };
        let keys_and_values = 2.0 * pooled * d * d + 2.0 * pooled * d;
        let pool = match self.pool {
            Pool::Map => {
                keys_and_values + 2.0 * d * d + 2.0 * d * self.map_pool_config().mlp_dim as f64
            }
            Pool::Query => 2.0 * n * d * d + 2.0 * n * d + d * d,
            _ => 0.0,
        };
        let heads = if self.pool.has_distillation_token() { 2.0 } else { 1.0 };
        let head = heads * (self.head_width() * self.num_classes) as f64;
        let projection = d * self.projection.unwrap_or(0) as f64;
        let pool = pool + projection;
        2.0 * (patches * patch * d + self.depth as f64 * block + pool + head)
    }

    /// Bytes of the activations of one image that a backward pass reads where nothing is
    /// recomputed, at `bytes_per_element` each: for a block its input, the normalised input, q and
    /// k before and after their norm, v, the attention weights, the attended values, and the MLP's
    /// hidden layer before and after the activation.
    pub fn activation_bytes_per_image(&self, bytes_per_element: u64) -> u64 {
        let [n, d, f, h] =
            [self.tokens(), self.width, self.mlp_dim, self.num_heads].map(|n| n as u64);
        let normalised = if self.qk_norm == QkNorm::None { 0 } else { 2 };
        let second_norm = if self.block == BlockKind::Parallel { 0 } else { 2 };
        // A gated MLP keeps the gate, too, and the activated gate beside the product with it.
        let hidden = if self.gate.is_some() { 4 } else { 2 };
        let block = (6 + normalised + second_norm) * d + hidden * f + h * n;
        let attends = matches!(self.pool, Pool::Map | Pool::Query);
        let ends = 2 * d + if attends { 2 * d } else { 0 };
        n * (self.depth as u64 * block + ends) * bytes_per_element
    }

    /// Model FLOPs utilisation: the share of `peak_flops_per_second` that training at
    /// `tokens_per_second` puts into the model.
    ///
    /// ```
    /// use vit22b::vit::Variant;
    ///
    /// // The paper: 1,150 tokens/s on each TPU v4 chip of 275 TFLOP/s.
    /// let config = Variant::parse("22B/14")?.config(29_593);
    /// assert!((config.utilisation(1150.0, 275e12) - 0.5495).abs() < 1e-4);
    /// # Ok::<(), vit22b::ConfigError>(())
    /// ```
    pub fn utilisation(&self, tokens_per_second: f64, peak_flops_per_second: f64) -> f64 {
        tokens_per_second * self.train_flops_per_token() / peak_flops_per_second
    }

    /// The lines that `println!("{model}")` shows.
    pub(crate) fn describe(&self) -> Vec<(&'static str, String)> {
        let count = self.parameters();
        let [height, width] = self.image;
        let [rows, columns] = self.grid();
        let norm = match self.norm {
            NormKind::Rms => "rms norm",
            NormKind::Layer => "layer norm",
        };
        let qk = match self.qk_norm {
            QkNorm::None => "no qk norm",
            QkNorm::Rms => "rms qk norm",
            QkNorm::Layer => "layer qk norm",
        };
        let block = match self.block {
            BlockKind::Parallel => "parallel",
            BlockKind::Sequential => "sequential",
            BlockKind::ResPostNorm => "res-post-norm",
        };
        let pool = match self.pool {
            Pool::Map => "attention pooling",
            Pool::Average => "average",
            Pool::ClassToken => "class token",
            Pool::Distilled => "mean of class token and distillation token",
            Pool::ClassBesideDistillation => "class token beside a distillation token",
            Pool::Query => "attention pooling by a learned query",
        };
        let mut lines = vec![
            (
                "image",
                format!(
                    "{height} x {width}, patch {} -> {rows} x {columns} = {} tokens ({} parameters)",
                    self.patch,
                    self.patches(),
                    grouped(count.embedding + count.positions)
                ),
            ),
            (
                "blocks",
                format!(
                    "{} {block}, width {}, mlp {}, {} heads of {}, {norm}, {qk} ({} parameters each)",
                    self.depth,
                    self.width,
                    self.mlp_dim,
                    self.num_heads,
                    self.head_dim(),
                    grouped(count.block)
                ),
            ),
            ("pool", format!("{pool} ({} parameters)", grouped(count.pool))),
            ("head", format!("{} classes ({} parameters)", self.num_classes, grouped(count.head))),
            (
                "total",
                format!(
                    "{} parameters, {} without pool and head",
                    grouped(count.total()),
                    grouped(count.body())
                ),
            ),
        ];
        if self.prefix_tokens() > 0 {
            lines.insert(1, ("prefix", format!("{} tokens", self.prefix_tokens())));
        }
        lines
    }
}

/// A number with commas between thousands.
fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

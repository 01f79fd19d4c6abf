//! A linear layer whose weights are sharded over an axis of a mesh.

use burn::config::Config;
use burn::module::{Content, DisplaySettings, Module, ModuleDisplay, Param};
use burn::nn::{Initializer, Linear, LinearConfig};
use burn::tensor::module::linear;
use burn::tensor::{Device, Tensor, assert_shape};
use burn_trace::mesh::{MeshError, Spec};
use burn_trace::{Ring, constrain, ring_linear};
use serde::{Deserialize, Serialize};

/// How the weights of a linear layer `y = A x` are cut over `k` devices, where each device has a `k`-th
/// of `x` and of `y`. `A` is `[m, n]`, the transpose of the layer's weight.
///
/// # Reference
///
/// "Scaling Vision Transformers to 22 Billion Parameters", section 2, "Asynchronous parallel linear
/// operations".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cut {
    /// Each device has rows of `A`, `[m / k, n]`. The input is gathered.
    Row,
    /// Each device has columns of `A`, `[m, n / k]`. The sum of all outputs is scattered.
    Column,
}

impl Cut {
    /// Floats that each device receives for each token: `(k − 1) n / k` of the input if rows are cut,
    /// `(k − 1) m / k` of the output if columns are.
    ///
    /// ```
    /// use vit22b::shard::Cut;
    ///
    /// // The second layer of ViT-22B's MLP, over 8 devices.
    /// assert_eq!(Cut::Row.floats_per_token(24_576, 6_144, 8), 21_504);
    /// assert_eq!(Cut::Column.floats_per_token(24_576, 6_144, 8), 5_376);
    /// assert_eq!(Cut::cheaper(24_576, 6_144), Cut::Column);
    /// ```
    pub fn floats_per_token(self, d_input: usize, d_output: usize, devices: usize) -> usize {
        let travels = match self {
            Self::Row => d_input,
            Self::Column => d_output,
        };
        (devices - 1) * travels / devices
    }

    /// The cut that moves fewer floats: by columns where the input is wider than the output.
    pub fn cheaper(d_input: usize, d_output: usize) -> Self {
        if d_input > d_output { Self::Column } else { Self::Row }
    }
}

/// Where the communication of a [`ShardedLinear`] is decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Communication {
    /// In XLA, from annotations of input, weights and output. On TPUs it makes a loop in which
    /// transfers and products overlap.
    Annotated,
    /// In the layer, step by step: each transfer to the next device starts before the product of the
    /// step ([`ring_linear`]).
    Ring,
}

/// Configuration of a [`ShardedLinear`].
#[derive(Config, Debug)]
pub struct ShardedLinearConfig {
    /// Width of the input.
    pub d_input: usize,
    /// Width of the output.
    pub d_output: usize,
    /// Whether the layer adds a bias.
    #[config(default = true)]
    pub bias: bool,
    /// How the weights are cut; without a value, as [`Cut::cheaper`] says.
    pub cut: Option<Cut>,
    /// Where the communication is decided.
    #[config(default = "Communication::Annotated")]
    pub communication: Communication,
    /// The axis of the mesh that cuts the widths of input and output.
    #[config(default = "String::from(\"model\")")]
    pub axis: String,
    /// The axis of the mesh that cuts the first dimension of the input.
    #[config(default = "String::from(\"data\")")]
    pub batch_axis: String,
    /// Initial values of the weights and the bias.
    #[config(default = "Initializer::XavierUniform { gain: 1.0 }")]
    pub initializer: Initializer,
}

/// `y = x W + b`, with its weights sharded over an axis of a mesh.
///
/// Over a mesh, the batch axis cuts the first dimension of input and output, and the layer's axis the
/// last one. Without a mesh the layer is a linear layer, and over one it computes the same. Should be
/// created with [`ShardedLinearConfig`].
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use vit22b::shard::{Communication, Cut, ShardedLinearConfig};
///
/// let device = Device::flex();
/// let layer = ShardedLinearConfig::new(96, 24).with_communication(Communication::Ring).init(&device)?;
/// assert_eq!(layer.cut(), Cut::Column);
/// assert_eq!(layer.weight_spec().to_string(), "model");
/// assert_eq!(layer.forward(Tensor::<3>::zeros([2, 5, 96], &device)).dims(), [2, 5, 24]);
/// # Ok::<(), burn_trace::mesh::MeshError>(())
/// ```
///
/// # Reference
///
/// "Scaling Vision Transformers to 22 Billion Parameters", section 2, "Asynchronous parallel linear
/// operations".
#[derive(Module, Debug)]
#[module(custom_display)]
pub struct ShardedLinear {
    /// `[d_input, d_output]`
    pub weight: Param<Tensor<2>>,
    /// `[d_output]`
    pub bias: Option<Param<Tensor<1>>>,
    #[module(skip)]
    cut: Cut,
    #[module(skip)]
    communication: Communication,
    /// Axes that cut the first and the last dimension of input and output.
    #[module(skip)]
    axes: [String; 2],
}

impl ShardedLinearConfig {
    /// A layer with random weights.
    ///
    /// # Errors
    ///
    /// [`MeshError::Spec`] if the name of an axis is not one word, or both axes have the same name.
    pub fn init(&self, device: &Device) -> Result<ShardedLinear, MeshError> {
        let axes = [self.batch_axis.clone(), self.axis.clone()];
        Spec::new(axes.iter().map(|axis| vec![axis.clone()]).collect())?;
        let Linear { weight, bias } = LinearConfig::new(self.d_input, self.d_output)
            .with_bias(self.bias)
            .with_initializer(self.initializer.clone())
            .init(device);
        let cut = self.cut.unwrap_or(Cut::cheaper(self.d_input, self.d_output));
        Ok(ShardedLinear { weight, bias, cut, communication: self.communication, axes })
    }
}

impl ShardedLinear {
    /// How the weights are cut.
    pub fn cut(&self) -> Cut {
        self.cut
    }

    /// The spec of the weights when the layer uses them. Other axes may cut them between steps; over
    /// those they are gathered here.
    pub fn weight_spec(&self) -> Spec {
        let axis = vec![self.axes[1].clone()];
        spec(match self.cut {
            Cut::Row => vec![vec![], axis],
            Cut::Column => vec![axis],
        })
    }

    /// # Shapes
    ///
    /// - input: `[b, .., d_input]`
    /// - output: `[b, .., d_output]`
    ///
    /// # Panics
    ///
    /// If the input has another width.
    pub fn forward<const D: usize>(&self, input: Tensor<D>) -> Tensor<D> {
        let [width, _] = self.weight.dims();
        assert_shape!(input, [_, .., width]);
        let spec = self.input_spec(D);
        let weight = self.weight.val();
        let output = match self.communication {
            Communication::Ring => {
                let ring = match self.cut {
                    Cut::Row => Ring::Gather,
                    Cut::Column => Ring::Scatter,
                };
                ring_linear(input, weight, ring, &spec)
            }
            Communication::Annotated => {
                let weight = constrain(weight, &self.weight_spec());
                constrain(linear(constrain(input, &spec), weight, None), &spec)
            }
        };
        match &self.bias {
            Some(bias) => output + bias.val().unsqueeze(),
            None => output,
        }
    }

    /// The spec of input and output of this rank.
    fn input_spec(&self, rank: usize) -> Spec {
        let [first, last] = self.axes.clone();
        let mut dims = vec![vec![]; rank];
        dims[0] = vec![first];
        dims[rank - 1] = vec![last];
        spec(dims)
    }
}

fn spec(dims: Vec<Vec<String>>) -> Spec {
    Spec::new(dims).expect("the axes were checked when the layer was made")
}

impl ModuleDisplay for ShardedLinear {
    fn custom_settings(&self) -> Option<DisplaySettings> {
        DisplaySettings::new().with_new_line_after_attribute(false).optional()
    }

    fn custom_content(&self, content: Content) -> Option<Content> {
        let [d_input, d_output] = self.weight.lazy_shape().dims();
        content
            .add("d_input", &d_input)
            .add("d_output", &d_output)
            .add("bias", &self.bias.is_some())
            .add_debug_attribute("cut", &self.cut)
            .add_debug_attribute("communication", &self.communication)
            .optional()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_layer_displays_its_widths_and_its_cut() {
        let layer = ShardedLinearConfig::new(64, 256).init(&Device::flex()).unwrap();
        assert_eq!(
            layer.to_string(),
            "ShardedLinear {d_input: 64, d_output: 256, bias: true, cut: Row, communication: Annotated, \
             params: 16640}"
        );
    }

    /// The products of ViT-22B, by the paper's formulas.
    #[test]
    fn the_cheaper_cut_moves_less() {
        let (d, f, devices) = (6_144, 24_576, 8);
        for (input, output, cut) in [
            (d, d, Cut::Row),
            (d, f, Cut::Row),
            (f, d, Cut::Column),
            (d, 3 * d + f, Cut::Row),
            (d + f, d, Cut::Column),
        ] {
            assert_eq!(Cut::cheaper(input, output), cut);
            let floats = |cut: Cut| cut.floats_per_token(input, output, devices);
            assert_eq!(floats(Cut::Row), (devices - 1) * input / devices);
            assert_eq!(floats(Cut::Column), (devices - 1) * output / devices);
            assert!([Cut::Row, Cut::Column].into_iter().all(|other| floats(cut) <= floats(other)));
        }
        assert_eq!(Cut::Row.floats_per_token(d, f, 1), 0);
    }

    #[test]
    fn an_axis_without_a_proper_name_is_an_error() {
        let config = ShardedLinearConfig::new(8, 8);
        let error = config.clone().with_axis("data".into()).init(&Device::flex()).unwrap_err();
        assert!(error.to_string().starts_with("`data,data` is no spec"), "{error}");
        assert!(config.with_batch_axis("two words".into()).init(&Device::flex()).is_err());
    }
}

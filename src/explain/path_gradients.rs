//! Integrated gradients.

use burn::tensor::{Device, Int, Tensor, TensorData};
use burn_trace::{TensorTree, TreeError, value_and_grad};
use thiserror::Error;

use super::quadrature::PathRule;

/// What an explanation cannot be made of.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ExplainError {
    /// A setting or an array that does not fit.
    #[error("{what} = {got}: expected {expected}")]
    Value {
        /// What it is.
        what: &'static str,
        /// Its value.
        got: String,
        /// What would do.
        expected: String,
    },
    /// The model does not show its tensors as it holds them.
    #[error(transparent)]
    Tree(#[from] TreeError),
}

/// Integrated gradients: how much each value of an image adds to a logit, from a baseline on.
///
/// `(x - x₀) · Σ_k w_k ∂F(x₀ + a_k (x - x₀)) / ∂x`, where the places `a_k` and weights `w_k` are those of a
/// [`PathRule`]. All attributions of an image sum to `F(x) - F(x₀)` up to a gap that is told. Take logits and
/// not probabilities, whose gradients vanish where the model is sure.
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use vit22b::explain::PathGradients;
/// use vit22b::vit::{Variant, ViT22B};
///
/// let device = Device::flex();
/// let model = Variant::parse("mu/16")?.config(3).with_image([32, 32]).init(&device)?;
/// let images = Tensor::<4>::ones([1, 3, 32, 32], &device);
/// // Grey is 0 where values are in [-1, 1].
/// let grey = images.zeros_like();
/// let found = PathGradients::new(8).integrate(&model, images, grey, &[2], ViT22B::forward)?;
/// assert_eq!(found.attributions.dims(), [1, 3, 32, 32]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Reference
///
/// "Axiomatic Attribution for Deep Networks". ViT-22B's pictures take a grey baseline and 1,024 steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PathGradients {
    steps: usize,
    rule: PathRule,
    batch: usize,
}

/// The attributions of some images.
#[derive(Debug, Clone)]
pub struct Attribution {
    /// What each value adds, in the shape of the images.
    pub attributions: Tensor<4>,
    /// `F(x) - F(x₀)` of each image.
    pub differences: Vec<f64>,
    /// By how much the attributions of each image sum to more than that: more steps make it smaller.
    pub gaps: Vec<f64>,
}

impl PathGradients {
    /// A path of this many steps, of which at most 32 are in the model at once.
    pub fn new(steps: usize) -> Self {
        Self { steps, rule: PathRule::default(), batch: 32 }
    }

    /// The same with places and weights of this rule.
    #[must_use]
    pub fn with_rule(self, rule: PathRule) -> Self {
        Self { rule, ..self }
    }

    /// The same with at most this many steps in the model at once.
    #[must_use]
    pub fn with_batch(self, batch: usize) -> Self {
        Self { batch, ..self }
    }

    /// The attributions for one class of each image. `forward` gives the logits `[b, c]` of images.
    ///
    /// # Shapes
    ///
    /// - images, baseline: `[b, c, height, width]`
    ///
    /// # Errors
    ///
    /// [`ExplainError::Value`] for no steps or an empty batch, a baseline of another shape, other than one
    /// target for each image, and a target that is no class.
    ///
    /// # Panics
    ///
    /// If the model or the images have gradients already.
    pub fn integrate<M: TensorTree>(
        &self,
        model: &M,
        images: Tensor<4>,
        baseline: Tensor<4>,
        targets: &[usize],
        forward: impl Fn(&M, Tensor<4>) -> Tensor<2>,
    ) -> Result<Attribution, ExplainError> {
        let [count, ..] = images.dims();
        let value =
            |what, got: String, expected: String| Err(ExplainError::Value { what, got, expected });
        if self.steps == 0 || self.batch == 0 {
            let what = if self.steps == 0 { "steps" } else { "batch" };
            return value(what, "0".into(), "at least 1".into());
        }
        if baseline.dims() != images.dims() {
            let [got, expected] = [&baseline, &images].map(|x| format!("{:?}", x.dims()));
            return value(
                "the shape of the baseline",
                got,
                format!("{expected}, as the images have"),
            );
        }
        if targets.len() != count {
            let expected = format!("{count}, one for each image");
            return value("targets", targets.len().to_string(), expected);
        }
        let device = images.device();
        let nodes = self.rule.nodes(self.steps);
        let (mut attributions, mut differences, mut gaps) = (Vec::new(), Vec::new(), Vec::new());
        for (index, target) in targets.iter().enumerate() {
            let [image, start] = [&images, &baseline].map(|all| all.clone().narrow(0, index, 1));
            let ends = forward(model, Tensor::cat(vec![start.clone(), image.clone()], 0));
            let classes = ends.dims()[1];
            if *target >= classes {
                let expected = format!("a class from 0 to {}", classes.saturating_sub(1));
                return value("target", target.to_string(), expected);
            }
            let ends: Vec<f64> = ends.narrow(1, *target, 1).into_data().iter::<f64>().collect();
            let path = image - start.clone();
            let mut sum: Option<Tensor<4>> = None;
            for nodes in nodes.chunks(self.batch) {
                let (places, weights): (Vec<f64>, Vec<f64>) = nodes.iter().copied().unzip();
                let places = column(&places, &device);
                let weights = column(&weights, &device);
                let points = start.clone() + path.clone() * places;
                let which = Tensor::<1, Int>::from_ints([*target as i64], &device);
                let (_, gradients) =
                    value_and_grad(&points, &(model.clone(), which), |points, (model, which)| {
                        forward(&model, points).select(1, which).sum()
                    })?;
                let part = (gradients * weights).sum_dim(0);
                sum = Some(match sum {
                    Some(sum) => sum + part,
                    None => part,
                });
            }
            let attribution = path * sum.expect("there is a step");
            let total = attribution.clone().sum().into_data().iter::<f64>().sum::<f64>();
            let difference = ends[1] - ends[0];
            differences.push(difference);
            gaps.push(total - difference);
            attributions.push(attribution);
        }
        if attributions.is_empty() {
            return value("images", "0".into(), "at least 1".into());
        }
        Ok(Attribution { attributions: Tensor::cat(attributions, 0), differences, gaps })
    }
}

fn column(values: &[f64], device: &Device) -> Tensor<4> {
    let values: Vec<f32> = values.iter().map(|value| *value as f32).collect();
    let count = values.len();
    Tensor::from_data(TensorData::new(values, [count, 1, 1, 1]), device)
}

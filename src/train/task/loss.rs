//! Losses. Each is a mean over the batch and a tensor of one element, and each stays finite with
//! finite gradients at logits of ±10⁴.

use burn::tensor::activation::log_softmax;
use burn::tensor::{DType, Tensor, assert_shape};
use serde::{Deserialize, Serialize};

use crate::train::error::{TrainError, fraction};

/// The loss that a recipe trains with.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Loss {
    /// [`sigmoid_cross_entropy`], for images with any number of labels: ViT-22B's.
    SigmoidCrossEntropy,
    /// [`softmax_cross_entropy`], for images with one label.
    SoftmaxCrossEntropy {
        /// Share of the target that is spread over all classes, in [0, 1).
        label_smoothing: f64,
    },
}

impl Loss {
    /// An error for a setting that is not valid.
    pub(crate) fn validate(&self) -> Result<(), TrainError> {
        match self {
            Loss::SigmoidCrossEntropy => Ok(()),
            Loss::SoftmaxCrossEntropy { label_smoothing } => {
                fraction("label_smoothing", *label_smoothing)
            }
        }
    }

    /// The loss of logits `[b, c]` for targets `[b, c]`.
    pub fn forward(&self, logits: Tensor<2>, targets: Tensor<2>) -> Tensor<1> {
        match self {
            Loss::SigmoidCrossEntropy => sigmoid_cross_entropy(logits, targets),
            Loss::SoftmaxCrossEntropy { label_smoothing } => {
                softmax_cross_entropy(logits, targets, *label_smoothing)
            }
        }
    }

    /// The loss of each example, `[b]`, of logits `[b, c]` for targets `[b, c]`.
    pub fn of_each(&self, logits: Tensor<2>, targets: Tensor<2>) -> Tensor<1> {
        let [b, _] = logits.dims();
        let losses = match self {
            Loss::SigmoidCrossEntropy => sigmoid_of_each(logits, targets),
            Loss::SoftmaxCrossEntropy { label_smoothing } => {
                log_likelihood_of_each(logits, targets, *label_smoothing).neg()
            }
        };
        losses.reshape([b])
    }
}

/// Multi-label sigmoid cross-entropy: `Σ_c softplus(x) − y x`, averaged over the batch.
///
/// # Shapes
///
/// - logits: `[b, c]`; targets: `[b, c]`, values in [0, 1]
/// - output: `[1]`
///
/// # Panics
///
/// If the two shapes differ.
///
/// # Reference
///
/// big_vision's `sigmoid_xent`, which the ViT-22B recipe uses.
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use vit22b::train::loss::sigmoid_cross_entropy;
///
/// let device = Device::flex();
/// let logits = Tensor::<2>::zeros([1, 3], &device);
/// let targets = Tensor::<2>::from_data([[1.0, 0.0, 1.0]], &device);
/// let loss: f32 = sigmoid_cross_entropy(logits, targets).into_scalar();
/// assert!((loss - 3.0 * 2f32.ln()).abs() < 1e-6);
/// ```
pub fn sigmoid_cross_entropy(logits: Tensor<2>, targets: Tensor<2>) -> Tensor<1> {
    sigmoid_of_each(logits, targets).mean()
}

/// The sum over the classes for each example, `[b, 1]`.
fn sigmoid_of_each(logits: Tensor<2>, targets: Tensor<2>) -> Tensor<2> {
    let [b, c] = logits.dims();
    assert_shape!(targets, [b, c]);
    let x = single_precision(logits);
    // softplus(x) = max(x, 0) + ln(1 + exp(-|x|)). Written with |x| alone its gradient is also
    // right at 0, where classifiers start: 1/2 from the first term, 0 from the others.
    let magnitude = x.clone().abs();
    let softplus = (x.clone() + magnitude.clone()).mul_scalar(0.5) + magnitude.neg().exp().log1p();
    (softplus - x * targets).sum_dim(1)
}

/// Softmax cross-entropy: `−Σ_c y' log softmax(x)` with `y' = (1 − s) y + s / c`, averaged over
/// the batch.
///
/// # Shapes
///
/// - logits: `[b, c]`; targets: `[b, c]`, each row a distribution
/// - output: `[1]`
///
/// # Panics
///
/// If the two shapes differ.
pub fn softmax_cross_entropy(
    logits: Tensor<2>,
    targets: Tensor<2>,
    label_smoothing: f64,
) -> Tensor<1> {
    log_likelihood_of_each(logits, targets, label_smoothing).mean().neg()
}

/// The log-probability of each example's targets, `[b, 1]`: the negative of its loss.
fn log_likelihood_of_each(
    logits: Tensor<2>,
    targets: Tensor<2>,
    label_smoothing: f64,
) -> Tensor<2> {
    let [b, c] = logits.dims();
    assert_shape!(targets, [b, c]);
    let targets = if label_smoothing > 0.0 {
        targets.mul_scalar(1.0 - label_smoothing).add_scalar(label_smoothing / c as f64)
    } else {
        targets
    };
    (log_softmax(single_precision(logits), 1) * targets).sum_dim(1)
}

/// Distillation: `KL(teacher ‖ student)` of the softmaxes at a temperature, averaged over the
/// batch. No gradient flows to the teacher if its logits carry none.
///
/// The gradient shrinks with the square of the temperature; multiply by it to keep the scale, as
/// [`Distil`](crate::distil::Distil) does.
///
/// # Shapes
///
/// - student, teacher: logits `[b, c]`
/// - output: `[1]`
///
/// # Panics
///
/// If the two shapes differ.
///
/// # Reference
///
/// "Knowledge distillation: A good teacher is patient and consistent", which the paper follows.
pub fn distillation(student: Tensor<2>, teacher: Tensor<2>, temperature: f64) -> Tensor<1> {
    divergence_of_each(student, teacher, temperature).mean()
}

/// [`distillation`] of each example, `[b]`.
pub fn distillation_of_each(student: Tensor<2>, teacher: Tensor<2>, temperature: f64) -> Tensor<1> {
    let [b, _] = student.dims();
    divergence_of_each(student, teacher, temperature).reshape([b])
}

/// The divergence of each example, `[b, 1]`.
fn divergence_of_each(student: Tensor<2>, teacher: Tensor<2>, temperature: f64) -> Tensor<2> {
    let [b, c] = student.dims();
    assert_shape!(teacher, [b, c]);
    let log_softmax_at = |x: Tensor<2>| log_softmax(single_precision(x).div_scalar(temperature), 1);
    let (student, teacher) = (log_softmax_at(student), log_softmax_at(teacher));
    (teacher.clone().exp() * (teacher - student)).sum_dim(1)
}

/// The contrastive loss of CLIP and LiT: softmax cross-entropy of `scale · cos(image, text)` over
/// all texts for each image and over all images for each text, averaged.
///
/// # Shapes
///
/// - image, text: embeddings of length 1, `[b, d]`; the pair of a row is its own
/// - scale: `[1]`, learned as its logarithm in LiT, which starts at scale 10
/// - output: `[1]`
///
/// # Panics
///
/// If the shapes differ.
///
/// # Reference
///
/// "LiT: Zero-Shot Transfer with Locked-image text Tuning" (arXiv 2111.07991), which the paper
/// follows.
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use vit22b::train::loss::softmax_contrastive;
///
/// let device = Device::flex();
/// let embeddings = Tensor::<2>::from_data([[1.0, 0.0], [0.0, 1.0]], &device);
/// let scale = Tensor::<1>::from_data([10.0], &device);
/// let loss: f32 = softmax_contrastive(embeddings.clone(), embeddings, scale).into_scalar();
/// assert!((loss - (-10f32).exp().ln_1p()).abs() < 1e-6);
/// ```
pub fn softmax_contrastive(image: Tensor<2>, text: Tensor<2>, scale: Tensor<1>) -> Tensor<1> {
    let (logits, pairs) = similarities(image, text, scale);
    let of_texts = softmax_cross_entropy(logits.clone(), pairs.clone(), 0.0);
    (of_texts + softmax_cross_entropy(logits.transpose(), pairs, 0.0)).mul_scalar(0.5)
}

/// The contrastive loss of SigLIP: sigmoid cross-entropy of `scale · cos(image, text) + bias`, each
/// pair of the batch being a match or none, summed over the texts and averaged over the images.
///
/// # Shapes
///
/// - image, text: embeddings of length 1, `[b, d]`; the pair of a row is its own
/// - scale, bias: `[1]`, which start at 10 and −10
/// - output: `[1]`
///
/// # Panics
///
/// If the shapes differ.
///
/// # Reference
///
/// "Sigmoid Loss for Language Image Pre-Training" (arXiv 2303.15343).
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use vit22b::train::loss::sigmoid_contrastive;
///
/// let device = Device::flex();
/// let embeddings = Tensor::<2>::from_data([[1.0, 0.0], [0.0, 1.0]], &device);
/// let (scale, bias) = (Tensor::from_data([10.0], &device), Tensor::from_data([-10.0], &device));
/// let loss = sigmoid_contrastive(embeddings.clone(), embeddings, scale, bias);
/// // A match has logit 0, another pair -10.
/// let expected = 2f32.ln() + (-10f32).exp().ln_1p();
/// assert!((loss.into_scalar::<f32>() - expected).abs() < 1e-6);
/// ```
pub fn sigmoid_contrastive(
    image: Tensor<2>,
    text: Tensor<2>,
    scale: Tensor<1>,
    bias: Tensor<1>,
) -> Tensor<1> {
    let (logits, pairs) = similarities(image, text, scale);
    sigmoid_cross_entropy(logits + single_precision(bias).unsqueeze(), pairs)
}

/// `scale · image textᵀ`, and ones where a pair matches.
fn similarities(image: Tensor<2>, text: Tensor<2>, scale: Tensor<1>) -> (Tensor<2>, Tensor<2>) {
    let [b, d] = image.dims();
    assert_shape!(text, [b, d]);
    let logits = image.matmul(text.transpose());
    let logits = single_precision(logits) * single_precision(scale).unsqueeze();
    let pairs = Tensor::<2>::eye(b, &logits.device()).cast(logits.dtype());
    (logits, pairs)
}

/// Half precision as single precision; double precision stays.
fn single_precision<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    if x.dtype() == DType::F64 { x } else { x.cast(DType::F32) }
}

#[cfg(test)]
mod tests {
    use burn::tensor::Device;

    use super::*;

    type LossFn = fn(Tensor<2>, Tensor<2>) -> Tensor<1>;
    const LOSSES: [(&str, LossFn); 5] = [
        ("sigmoid", sigmoid_cross_entropy),
        ("softmax", |x, y| softmax_cross_entropy(x, y, 0.1)),
        ("distillation", |x, y| distillation(x, y.mul_scalar(1e4), 2.0)),
        ("softmax contrastive", |x, y| {
            let (x, y) = (Tensor::cat(vec![x.clone(), x.neg()], 0), Tensor::cat(vec![y; 2], 0));
            let scale = Tensor::ones([1], &y.device());
            softmax_contrastive(x, y, scale)
        }),
        ("sigmoid contrastive", |x, y| {
            let (scale, bias) = (Tensor::ones([1], &y.device()), Tensor::zeros([1], &y.device()));
            sigmoid_contrastive(x, y, scale, bias)
        }),
    ];

    #[test]
    fn finite_with_finite_gradients_at_extreme_logits() {
        let device = Device::flex().autodiff();
        for value in [-1e4, -100.0, 0.0, 100.0, 1e4] {
            for (name, loss) in LOSSES {
                let x =
                    Tensor::<2>::from_data([[value, -value, 0.0, value]], &device).require_grad();
                let y = Tensor::<2>::from_data([[1.0, 0.0, 0.0, 0.0]], &device);
                let loss = loss(x.clone(), y);
                let gradient = x.grad(&loss.backward()).unwrap();
                let loss: f32 = loss.into_scalar();
                assert!(loss.is_finite() && loss >= 0.0, "{name} at {value}: {loss}");
                assert!(gradient.is_finite().all().into_scalar::<bool>(), "{name} at {value}");
            }
        }
    }

    #[test]
    fn the_gradient_of_the_sigmoid_loss_is_probability_minus_target() {
        let device = Device::flex().autodiff();
        for (x, y) in [(0.0f32, 0.0f32), (0.0, 1.0), (-10.0, 0.0), (-10.0, 1.0), (3.0, 0.25)] {
            let logits = Tensor::<2>::from_data([[x]], &device).require_grad();
            let loss = sigmoid_cross_entropy(logits.clone(), Tensor::from_data([[y]], &device));
            let gradient: f32 = logits.grad(&loss.backward()).unwrap().into_scalar();
            let expected = 1.0 / (1.0 + (-x).exp()) - y;
            // Two roundings in f32 of numbers up to 1.
            assert!((gradient - expected).abs() < 2e-7, "at {x}, {y}: {gradient} not {expected}");
        }
    }

    #[test]
    fn the_sigmoid_loss_of_unlikely_classes_keeps_its_digits() {
        let device = Device::flex();
        let loss = |x: f32| -> f32 {
            let x = Tensor::<2>::from_data([[x]], &device);
            sigmoid_cross_entropy(x.clone(), x.zeros_like()).into_scalar()
        };
        // With the bias at -10 the loss is a sum of thousands of such numbers.
        for x in [-10.0f32, -20.0, -60.0] {
            let exact = f64::from(x).exp().ln_1p();
            assert!((f64::from(loss(x)) / exact - 1.0).abs() < 1e-5, "{x}");
        }
    }
}

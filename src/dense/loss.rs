//! Losses of dense prediction. Each is a mean over the pixels that count, in f32, and a tensor of one element;
//! where no pixel counts it is 0, and so are its gradients.

use burn::tensor::activation::log_softmax;
use burn::tensor::{Bool, DType, Int, Tensor, assert_shape};

/// Softmax cross-entropy over the pixels whose label is not `ignore`.
///
/// # Shapes
///
/// - logits: `[b, c, h, w]`; labels: `[b, h, w]`, classes from 0 to `c - 1`, or `ignore`
/// - output: `[1]`
///
/// # Panics
///
/// If the sizes differ.
///
/// ```
/// use burn::tensor::{Device, Int, Tensor};
/// use vit22b::dense::loss::pixel_cross_entropy;
///
/// let device = Device::flex();
/// let logits = Tensor::<4>::zeros([1, 4, 1, 3], &device);
/// let labels = Tensor::<3, Int>::from_ints([[[0, 3, 255]]], &device);
/// let loss: f32 = pixel_cross_entropy(logits, labels, Some(255)).into_scalar();
/// assert!((loss - 4f32.ln()).abs() < 1e-6);
/// ```
pub fn pixel_cross_entropy(
    logits: Tensor<4>,
    labels: Tensor<3, Int>,
    ignore: Option<usize>,
) -> Tensor<1> {
    let (losses, counts) = pixel_losses(logits, labels, ignore);
    mean_where(losses, counts)
}

/// The same for each image by itself, `[b]`.
pub(super) fn pixel_cross_entropy_of_each(
    logits: Tensor<4>,
    labels: Tensor<3, Int>,
    ignore: Option<usize>,
) -> Tensor<1> {
    let (losses, counts) = pixel_losses(logits, labels, ignore);
    means_where(losses, counts)
}

/// For each image the share of the pixels that count whose class has the largest logit, `[b]`.
pub(super) fn pixel_accuracy_of_each(
    logits: Tensor<4>,
    labels: Tensor<3, Int>,
    ignore: Option<usize>,
) -> Tensor<1> {
    let [b, _, h, w] = logits.dims();
    let counts = ignored(&labels, ignore).bool_not();
    let hits = logits.argmax(1).reshape([b, h, w]).equal(labels);
    means_where(hits.float().cast(DType::F32), counts)
}

/// The loss of each pixel, and which of them count.
fn pixel_losses(
    logits: Tensor<4>,
    labels: Tensor<3, Int>,
    ignore: Option<usize>,
) -> (Tensor<3>, Tensor<3, Bool>) {
    let [b, _, h, w] = logits.dims();
    assert_shape!(labels, [b, h, w]);
    let ignored = ignored(&labels, ignore);
    // An ignored pixel has some class, whose loss does not count.
    let classes = labels.mask_fill(ignored.clone(), 0).unsqueeze_dim::<4>(1);
    let likelihood = log_softmax(logits.cast(DType::F32), 1).gather(1, classes);
    (likelihood.reshape([b, h, w]).neg(), ignored.bool_not())
}

fn ignored(labels: &Tensor<3, Int>, ignore: Option<usize>) -> Tensor<3, Bool> {
    match ignore {
        Some(label) => labels.clone().equal_elem(label as i64),
        None => labels.clone().lower_elem(i64::MIN),
    }
}

/// The squared error of `log(1 + depth)` over the pixels whose depth is known: ViT-22B's target of depth.
///
/// # Shapes
///
/// - predicted: `[b, h, w]`, the logarithms: a head of [`DepthOutput::Linear`](crate::heads::DepthOutput)
/// - depths: `[b, h, w]`; one that is not above 0 or not finite says that nothing is known
/// - output: `[1]`
///
/// # Panics
///
/// If the sizes differ.
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use vit22b::dense::loss::log_depth_error;
///
/// let device = Device::flex();
/// let predicted = Tensor::<3>::from_data([[[0.0, 5.0, 7.0]]], &device);
/// let depths = Tensor::<3>::from_data([[[1.0, 0.0, f32::NAN]]], &device);
/// let loss: f32 = log_depth_error(predicted, depths).into_scalar();
/// assert!((loss - 2f32.ln().powi(2)).abs() < 1e-6);
/// ```
pub fn log_depth_error(predicted: Tensor<3>, depths: Tensor<3>) -> Tensor<1> {
    let (errors, known) = log_depth_errors(predicted, depths);
    mean_where(errors, known)
}

/// The same for each image by itself, `[b]`.
pub(super) fn log_depth_error_of_each(predicted: Tensor<3>, depths: Tensor<3>) -> Tensor<1> {
    let (errors, known) = log_depth_errors(predicted, depths);
    means_where(errors, known)
}

fn log_depth_errors(predicted: Tensor<3>, depths: Tensor<3>) -> (Tensor<3>, Tensor<3, Bool>) {
    let [b, h, w] = predicted.dims();
    assert_shape!(depths, [b, h, w]);
    let known = known(&depths);
    let depths = depths.cast(DType::F32).mask_fill(known.clone().bool_not(), 1.0);
    let error = predicted.cast(DType::F32) - depths.log1p();
    (error.square(), known)
}

/// Half of the squared error that is left when each image's prediction is brought nearest to the truth by a
/// number and a shift: for relative depth, whose truth is an inverse depth up to both.
///
/// # Shapes
///
/// - predicted: `[b, h, w]`
/// - truth: `[b, h, w]`; a value that is not above 0 or not finite says that nothing is known
/// - output: `[1]`
///
/// # Panics
///
/// If the sizes differ.
///
/// # Reference
///
/// "Towards Robust Monocular Depth Estimation" (MiDaS), equations 1 and 2, with the squared error.
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use vit22b::dense::loss::scale_shift_invariant;
///
/// let device = Device::flex();
/// let truth = Tensor::<3>::from_data([[[1.0, 2.0, 4.0]]], &device);
/// let right = truth.clone().mul_scalar(-3.0).add_scalar(5.0);
/// assert!(scale_shift_invariant(right, truth).into_scalar::<f32>() < 1e-6);
/// ```
pub fn scale_shift_invariant(predicted: Tensor<3>, truth: Tensor<3>) -> Tensor<1> {
    let (errors, known) = scale_shift_errors(predicted, truth);
    mean_where(errors, known)
}

/// The same for each image by itself, `[b]`.
pub(super) fn scale_shift_invariant_of_each(predicted: Tensor<3>, truth: Tensor<3>) -> Tensor<1> {
    let (errors, known) = scale_shift_errors(predicted, truth);
    means_where(errors, known)
}

fn scale_shift_errors(predicted: Tensor<3>, truth: Tensor<3>) -> (Tensor<3>, Tensor<3, Bool>) {
    let [b, h, w] = predicted.dims();
    assert_shape!(truth, [b, h, w]);
    let known = known(&truth);
    let [p, t] = [predicted, truth].map(|map| {
        let map = map.cast(DType::F32).mask_fill(known.clone().bool_not(), 0.0);
        map.reshape([b, h * w])
    });
    let counts = known.clone().float().reshape([b, h * w]);
    let count = counts.clone().sum_dim(1).clamp_min(1.0);
    let centred = |map: Tensor<2>| {
        let mean = map.clone().sum_dim(1) / count.clone();
        (map - mean) * counts.clone()
    };
    let (p, t) = (centred(p), centred(t));
    // The number of least squares. Where all predictions are equal there is none, and the shift remains.
    let variance = p.clone().square().sum_dim(1);
    let number = (p.clone() * t.clone()).sum_dim(1) / variance.add_scalar(1e-12);
    let error = (p * number - t).square().mul_scalar(0.5).reshape([b, h, w]);
    (error, known)
}

/// Where a depth is known. A comparison with NaN is false.
pub(super) fn known(depths: &Tensor<3>) -> Tensor<3, Bool> {
    depths.clone().greater_elem(0.0).bool_and(depths.clone().is_finite())
}

/// The mean of the values that count, 0 if none does.
fn mean_where(values: Tensor<3>, counts: Tensor<3, Bool>) -> Tensor<1> {
    let number = counts.clone().float().cast(DType::F32).sum().clamp_min(1.0);
    values.mask_fill(counts.bool_not(), 0.0).sum() / number
}

/// For each image the mean of its values that count, 0 if none does, `[b]`.
fn means_where(values: Tensor<3>, counts: Tensor<3, Bool>) -> Tensor<1> {
    let [b, h, w] = values.dims();
    let sums = |map: Tensor<3>| map.reshape([b, h * w]).sum_dim(1).reshape([b]);
    let number = sums(counts.clone().float().cast(DType::F32)).clamp_min(1.0);
    sums(values.mask_fill(counts.bool_not(), 0.0)) / number
}

#[cfg(test)]
mod tests {
    use burn::tensor::{Device, TensorData};

    use super::*;

    fn map(values: &[f32]) -> Tensor<3> {
        let data = TensorData::new(values.to_vec(), [1, 1, values.len()]);
        Tensor::from_data(data, &Device::flex())
    }

    #[test]
    fn pixels_that_do_not_count_have_no_loss_and_no_gradient() {
        let device = Device::flex().autodiff();
        let unknown = Tensor::<3>::from_data([[[0.0, f32::NAN, f32::INFINITY, -1.0]]], &device);
        let predicted = Tensor::<3>::from_data([[[1.0, 2.0, 3.0, 4.0]]], &device).require_grad();
        for loss in [log_depth_error, scale_shift_invariant] {
            let loss = loss(predicted.clone(), unknown.clone());
            assert_eq!(loss.clone().into_scalar::<f32>(), 0.0);
            let gradient = predicted.grad(&loss.backward()).unwrap();
            assert!(gradient.into_data().iter::<f32>().all(|value| value == 0.0));
        }
        let logits = Tensor::<4>::ones([1, 3, 1, 2], &device).require_grad();
        let labels = Tensor::<3, Int>::from_ints([[[7, 7]]], &device);
        let loss = pixel_cross_entropy(logits.clone(), labels, Some(7));
        assert_eq!(loss.clone().into_scalar::<f32>(), 0.0);
        let gradient = logits.grad(&loss.backward()).unwrap();
        assert!(gradient.into_data().iter::<f32>().all(|value| value == 0.0));
    }

    #[test]
    fn a_number_and_a_shift_do_not_count_and_the_rest_does() {
        let truth = [1.0f32, 2.0, 4.0, 8.0];
        let loss = |predicted: &[f32], truth: &[f32]| -> f32 {
            scale_shift_invariant(map(predicted), map(truth)).into_scalar()
        };
        // The rest of a line through points that are on none, by the normal equations.
        let predicted = [0.0f32, 1.0, 2.0, 3.0];
        let (slope, shift) = (2.3, 0.3);
        let rest = truth.iter().zip(predicted).map(|(t, p)| (slope * p + shift - t).powi(2));
        approx::assert_relative_eq!(
            loss(&predicted, &truth),
            rest.sum::<f32>() / 8.0,
            max_relative = 1e-5
        );
        let moved = predicted.map(|p| 0.1 * p + 100.0);
        approx::assert_relative_eq!(
            loss(&moved, &truth),
            loss(&predicted, &truth),
            max_relative = 1e-3
        );
        // Equal predictions are shifted to the mean.
        approx::assert_relative_eq!(loss(&[3.0; 4], &truth), 28.75 / 8.0, max_relative = 1e-5);
    }

    #[test]
    fn without_an_ignored_label_every_pixel_counts() {
        let device = Device::flex();
        let logits = Tensor::<4>::from_data([[[[0.0, 1.0]], [[2.0, 0.0]]]], &device);
        let labels = Tensor::<3, Int>::from_ints([[[0, 1]]], &device);
        let loss: f32 = pixel_cross_entropy(logits, labels, None).into_scalar();
        let expected = ((1.0 + 2f32.exp()).ln() + (1.0 + 1f32.exp()).ln()) / 2.0;
        approx::assert_relative_eq!(loss, expected, max_relative = 1e-6);
    }
}

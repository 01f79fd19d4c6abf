//! Batches as trees: some of their rows, and copies on another device.

use std::any::Any;

use burn::tensor::Device;

use super::leaf::Leaf;
use super::source::Leaves;
use super::tensor_tree::{TensorTree, walk};
use crate::error::TreeError;

/// Some rows of a batch: of each tensor the same `count` entries of the first axis, from `first` on.
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use burn_trace::rows;
///
/// let device = Device::flex();
/// let batch = (Tensor::<2>::zeros([6, 4], &device), Tensor::<1>::zeros([6], &device));
/// let (images, labels) = rows(&batch, 2, 3)?;
/// assert_eq!((images.dims(), labels.dims()), ([3, 4], [3]));
/// # Ok::<(), burn_trace::TreeError>(())
/// ```
///
/// # Errors
///
/// [`TreeError`] if the tree does not rebuild what it shows.
///
/// # Panics
///
/// If a tensor has fewer rows.
pub fn rows<T: TensorTree>(batch: &T, first: usize, count: usize) -> Result<T, TreeError> {
    each(batch, |leaf| leaf.rows(first, count))
}

/// The tree with its tensors on a device of Burn. A tree whose tensors are there already comes back as it
/// is, and no parameter is drawn for it. Tensors keep their gradients. Tensors of a function that is being
/// recorded have no values to copy, and stay as they are.
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use burn_trace::to_device;
///
/// let batch = (Tensor::<2>::ones([6, 4], &Device::flex()), Tensor::<1>::zeros([6], &Device::flex()));
/// let (images, _) = to_device(&batch, &Device::flex())?; // Device::cuda(0), say
/// assert_eq!(images.device(), Device::flex());
/// # Ok::<(), burn_trace::TreeError>(())
/// ```
///
/// # Errors
///
/// [`TreeError`] if a tensor has to be copied and the tree does not rebuild what it shows.
pub fn to_device<T: TensorTree>(tree: &T, device: &Device) -> Result<T, TreeError> {
    let mut is_there = true;
    // `Device`s are equal with gradients and without.
    let walked = walk(tree, |_, leaf| {
        is_there &= leaf.device() == *device || leaf.traced().is_some();
    });
    if is_there {
        return Ok(tree.clone());
    }
    walked?;
    each(tree, |leaf| match leaf.traced() {
        Some(traced) => leaf.around(traced),
        None => leaf.moved(device),
    })
}

/// A tree like this one, of what a function makes of each leaf.
pub(crate) fn each<T: TensorTree>(
    tree: &T,
    f: impl Fn(&dyn Leaf) -> Box<dyn Any>,
) -> Result<T, TreeError> {
    let mut tensors = Vec::new();
    walk(tree, |_, leaf| tensors.push(f(leaf)))?;
    tree.rebuild(&mut Leaves::tensors(tensors))
}

#[cfg(test)]
mod tests {
    use burn::module::Param;
    use burn::nn::Initializer;
    use burn::tensor::Tensor;

    use super::*;
    use crate::record::record;
    use crate::tree::Params;

    #[derive(burn::module::Module, Debug)]
    struct Scale {
        by: Param<Tensor<1>>,
    }

    #[test]
    fn a_tree_that_is_there_is_not_drawn_and_keeps_its_gradients() {
        let device = Device::flex();
        let scale = Params(Scale { by: Initializer::Ones.init([3], &device) });
        assert!(!to_device(&scale, &device).unwrap().by.is_initialized());
        let x = Tensor::<1>::ones([3], &device.clone().autodiff()).require_grad();
        let moved = to_device(&(x.clone(), scale), &device).unwrap().0;
        let gradient = x.grad(&moved.square().sum().backward()).expect("the same tensor");
        assert_eq!(gradient.into_data().try_to_vec::<f32>().unwrap(), [2.0; 3]);
    }

    #[test]
    fn tensors_of_a_recording_stay_in_it() {
        let x = Tensor::<1>::ones([3], &Device::flex());
        let beside = Tensor::<1>::ones([3], &Device::flex());
        let recorded = record(&x, move |x| {
            // One tree with a placeholder and a tensor that is there already.
            let (x, _) = to_device(&(x, beside.clone()), &Device::flex()).unwrap();
            x.square()
        });
        assert_eq!(recorded.unwrap().recording.results[0].0.ty.shape, [3]);
    }
}

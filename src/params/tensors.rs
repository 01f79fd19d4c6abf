//! Tensors of any rank, by name.

use core::any::Any;
use std::collections::BTreeMap;

use burn::tensor::{DType, Device, Shape, Tensor, TensorData};
use burn_trace::{Leaves, TensorTree, TreeError, Visitor};

macro_rules! any_tensor {
    ($($variant:ident $rank:literal),*) => {
        /// A float tensor of a rank from 1 to 6 that is not part of its type.
        #[derive(Debug, Clone)]
        pub enum AnyTensor {
            $(#[doc = concat!("Rank ", stringify!($rank), ".")] $variant(Tensor<$rank>),)*
        }

        /// Calls a function that is generic over the rank.
        macro_rules! with_rank {
            ($any:expr, $tensor:ident => $body:expr) => {
                match $any { $($crate::params::AnyTensor::$variant($tensor) => $body,)* }
            };
        }

        impl AnyTensor {
            /// The tensor without its rank in the type.
            ///
            /// # Panics
            ///
            /// If the rank is above 6.
            pub fn new<const D: usize>(tensor: Tensor<D>) -> Self {
                let tensor: Box<dyn Any> = Box::new(tensor);
                match D {
                    $($rank => Self::$variant(*tensor.downcast().expect("the rank is D")),)*
                    _ => panic!("a tensor of rank {D} is not supported: ranks are 1 to 6"),
                }
            }

            /// A tensor of these values, in their own type.
            ///
            /// # Panics
            ///
            /// If the rank is 0 or above 6.
            pub fn from_data(data: TensorData, device: &Device) -> Self {
                let options = (device, data.dtype());
                match data.rank() {
                    $($rank => Self::$variant(Tensor::from_data(data, options)),)*
                    rank => panic!("a tensor of rank {rank} is not supported: ranks are 1 to 6"),
                }
            }

            /// The tensor with its rank, if that is `D`.
            pub fn get<const D: usize>(&self) -> Option<&Tensor<D>> {
                with_rank!(self, tensor => (tensor as &dyn Any).downcast_ref())
            }
        }
    };
}
any_tensor!(R1 1, R2 2, R3 3, R4 4, R5 5, R6 6);
pub(crate) use with_rank;

impl AnyTensor {
    /// The shape.
    pub fn shape(&self) -> Shape {
        with_rank!(self, tensor => tensor.shape())
    }

    /// The type of the elements.
    pub fn dtype(&self) -> DType {
        with_rank!(self, tensor => tensor.dtype())
    }

    /// The values, read from the device.
    pub fn to_data(&self) -> TensorData {
        with_rank!(self, tensor => tensor.to_data())
    }

    /// Whether all elements are finite. This reads from the device.
    pub fn is_finite(&self) -> bool {
        with_rank!(self, tensor => tensor.clone().is_finite().all().into_scalar::<bool>())
    }

    /// The sum of squares in f32, a tensor of one element.
    pub fn square_sum(&self) -> Tensor<1> {
        with_rank!(self, tensor => tensor.clone().cast(DType::F32).square().sum())
    }
}

/// A function of one tensor of any rank, and of its path.
pub trait TensorFn {
    /// Maps the tensor at `path`.
    fn call<const D: usize>(&mut self, path: &str, tensor: Tensor<D>) -> Tensor<D>;
}

/// Tensors by name, in the order of the names.
#[derive(Debug, Clone, Default)]
pub struct NamedTensors(BTreeMap<String, AnyTensor>);

impl NamedTensors {
    /// Adds a tensor under a name. It replaces a tensor that has the name already.
    pub fn insert<const D: usize>(&mut self, name: impl Into<String>, tensor: Tensor<D>) {
        self.0.insert(name.into(), AnyTensor::new(tensor));
    }

    /// As [`insert`](Self::insert), for a tensor of any rank.
    pub(crate) fn insert_any(&mut self, name: String, any: AnyTensor) {
        self.0.insert(name, any);
    }

    /// The tensor of this name, if it has this rank.
    pub fn get<const D: usize>(&self, name: &str) -> Option<Tensor<D>> {
        self.0.get(name).and_then(|any| any.get()).cloned()
    }

    /// Whether there is a tensor of this name.
    pub fn contains(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// The shape of the tensor of this name.
    pub fn shape(&self, name: &str) -> Option<Shape> {
        self.0.get(name).map(AnyTensor::shape)
    }

    /// Removes and returns the tensor of this name, if it has this rank.
    pub fn take<const D: usize>(&mut self, name: &str) -> Option<Tensor<D>> {
        let found = self.get(name);
        if found.is_some() {
            self.0.remove(name);
        }
        found
    }

    /// Applies a function to each tensor.
    pub fn map(self, f: &mut impl TensorFn) -> Self {
        let mapped = self.0.into_iter().map(|(path, any)| {
            let any = with_rank!(any, tensor => AnyTensor::new(f.call(&path, tensor)));
            (path, any)
        });
        Self(mapped.collect())
    }

    /// Names and tensors, in the order of the names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &AnyTensor)> {
        self.0.iter().map(|(name, any)| (name.as_str(), any))
    }

    /// The number of tensors.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are no tensors.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The name of the first tensor with an element that is not finite. This reads from the device.
    pub fn first_non_finite(&self) -> Option<&str> {
        self.iter().find(|(_, any)| !any.is_finite()).map(|(name, _)| name)
    }
}

impl FromIterator<(String, AnyTensor)> for NamedTensors {
    fn from_iter<I: IntoIterator<Item = (String, AnyTensor)>>(tensors: I) -> Self {
        Self(tensors.into_iter().collect())
    }
}

impl IntoIterator for NamedTensors {
    type Item = (String, AnyTensor);
    type IntoIter = std::collections::btree_map::IntoIter<String, AnyTensor>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl TensorTree for AnyTensor {
    fn visit(&self, visitor: &mut Visitor<'_>) {
        with_rank!(self, tensor => visitor.leaf(tensor));
    }

    fn rebuild(&self, leaves: &mut Leaves<'_>) -> Result<Self, TreeError> {
        Ok(with_rank!(self, tensor => AnyTensor::new(tensor.rebuild(leaves)?)))
    }
}

impl TensorTree for NamedTensors {
    fn visit(&self, visitor: &mut Visitor<'_>) {
        visitor.note(self.len());
        for (name, tensor) in self.iter() {
            visitor.child(name, tensor);
        }
    }

    fn rebuild(&self, leaves: &mut Leaves<'_>) -> Result<Self, TreeError> {
        self.iter().map(|(name, tensor)| Ok((name.to_owned(), tensor.rebuild(leaves)?))).collect()
    }
}

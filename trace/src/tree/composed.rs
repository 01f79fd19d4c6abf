//! Trees of Burn's tensors and of the standard library's containers.

use burn::tensor::{Bool, Int, Tensor};

use super::source::Leaves;
use super::tensor_tree::{TensorTree, Visitor};
use crate::error::TreeError;

macro_rules! tensor_tree {
    ($($tensor:ty),*) => { $(
        impl<const D: usize> TensorTree for $tensor {
            fn visit(&self, visitor: &mut Visitor<'_>) {
                visitor.leaf(self);
            }

            fn rebuild(&self, source: &mut Leaves<'_>) -> Result<Self, TreeError> {
                source.take()
            }
        }
    )* };
}
tensor_tree!(Tensor<D>, Tensor<D, Int>, Tensor<D, Bool>);

impl TensorTree for () {
    fn visit(&self, _visitor: &mut Visitor<'_>) {}

    fn rebuild(&self, _source: &mut Leaves<'_>) -> Result<Self, TreeError> {
        Ok(())
    }
}

impl<T: TensorTree> TensorTree for Vec<T> {
    fn visit(&self, visitor: &mut Visitor<'_>) {
        visitor.mark(self.len());
        for (index, part) in self.iter().enumerate() {
            visitor.child(&index.to_string(), part);
        }
    }

    fn rebuild(&self, source: &mut Leaves<'_>) -> Result<Self, TreeError> {
        self.iter().map(|part| part.rebuild(source)).collect()
    }
}

impl<T: TensorTree, const N: usize> TensorTree for [T; N] {
    fn visit(&self, visitor: &mut Visitor<'_>) {
        for (index, part) in self.iter().enumerate() {
            visitor.child(&index.to_string(), part);
        }
    }

    fn rebuild(&self, source: &mut Leaves<'_>) -> Result<Self, TreeError> {
        let parts = self.iter().map(|part| part.rebuild(source)).collect::<Result<Vec<_>, _>>()?;
        parts.try_into().map_err(|parts: Vec<T>| TreeError::Missing { count: parts.len() })
    }
}

impl<T: TensorTree> TensorTree for Option<T> {
    fn visit(&self, visitor: &mut Visitor<'_>) {
        visitor.mark(usize::from(self.is_some()));
        if let Some(part) = self {
            part.visit(visitor);
        }
    }

    fn rebuild(&self, source: &mut Leaves<'_>) -> Result<Self, TreeError> {
        self.as_ref().map(|part| part.rebuild(source)).transpose()
    }
}

macro_rules! tuple_tree {
    ($($part:ident $index:tt),*) => {
        impl<$($part: TensorTree),*> TensorTree for ($($part,)*) {
            fn visit(&self, visitor: &mut Visitor<'_>) {
                $(visitor.child(stringify!($index), &self.$index);)*
            }

            fn rebuild(&self, source: &mut Leaves<'_>) -> Result<Self, TreeError> {
                Ok(($(self.$index.rebuild(source)?,)*))
            }
        }
    };
}
tuple_tree!(A 0);
tuple_tree!(A 0, B 1);
tuple_tree!(A 0, B 1, C 2);
tuple_tree!(A 0, B 1, C 2, D 3);
tuple_tree!(A 0, B 1, C 2, D 3, E 4);
tuple_tree!(A 0, B 1, C 2, D 3, E 4, F 5);

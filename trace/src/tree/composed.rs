//! Trees of Burn's tensors and of the standard library's containers.

use burn::tensor::{Bool, Int, Tensor};

use super::fixed::{Static, StaticValue};
use super::source::Leaves;
use super::tensor_tree::{TensorTree, Visitor};
use crate::error::TreeError;

macro_rules! tensor_tree {
    ($($tensor:ty),*) => { $(
        impl<const D: usize> TensorTree for $tensor {
            fn visit(&self, visitor: &mut Visitor<'_>) {
                visitor.leaf(self);
            }

            fn rebuild(&self, leaves: &mut Leaves<'_>) -> Result<Self, TreeError> {
                leaves.take()
            }
        }
    )* };
}
tensor_tree!(Tensor<D>, Tensor<D, Int>, Tensor<D, Bool>);

impl TensorTree for () {
    fn visit(&self, _visitor: &mut Visitor<'_>) {}

    fn rebuild(&self, _leaves: &mut Leaves<'_>) -> Result<Self, TreeError> {
        Ok(())
    }
}

impl<T: TensorTree> TensorTree for Vec<T> {
    fn visit(&self, visitor: &mut Visitor<'_>) {
        visitor.note(self.len());
        for (index, child) in self.iter().enumerate() {
            visitor.child(&index.to_string(), child);
        }
    }

    fn rebuild(&self, leaves: &mut Leaves<'_>) -> Result<Self, TreeError> {
        self.iter().map(|child| child.rebuild(leaves)).collect()
    }
}

impl<T: TensorTree, const N: usize> TensorTree for [T; N] {
    fn visit(&self, visitor: &mut Visitor<'_>) {
        for (index, child) in self.iter().enumerate() {
            visitor.child(&index.to_string(), child);
        }
    }

    fn rebuild(&self, leaves: &mut Leaves<'_>) -> Result<Self, TreeError> {
        let children =
            self.iter().map(|child| child.rebuild(leaves)).collect::<Result<Vec<_>, _>>()?;
        children.try_into().map_err(|got: Vec<T>| TreeError::Missing { count: got.len() })
    }
}

impl<T: TensorTree> TensorTree for Option<T> {
    fn visit(&self, visitor: &mut Visitor<'_>) {
        visitor.note(usize::from(self.is_some()));
        if let Some(child) = self {
            child.visit(visitor);
        }
    }

    fn rebuild(&self, leaves: &mut Leaves<'_>) -> Result<Self, TreeError> {
        self.as_ref().map(|child| child.rebuild(leaves)).transpose()
    }
}

impl<T: StaticValue + Clone + 'static> TensorTree for Static<T> {
    fn visit(&self, visitor: &mut Visitor<'_>) {
        visitor.fixed(&self.0);
    }

    fn rebuild(&self, _leaves: &mut Leaves<'_>) -> Result<Self, TreeError> {
        Ok(self.clone())
    }
}

macro_rules! tuple_tree {
    ($($child:ident $index:tt),*) => {
        impl<$($child: TensorTree),*> TensorTree for ($($child,)*) {
            fn visit(&self, visitor: &mut Visitor<'_>) {
                $(visitor.child(stringify!($index), &self.$index);)*
            }

            fn rebuild(&self, leaves: &mut Leaves<'_>) -> Result<Self, TreeError> {
                Ok(($(self.$index.rebuild(leaves)?,)*))
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
tuple_tree!(A 0, B 1, C 2, D 3, E 4, F 5, G 6);
tuple_tree!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7);
tuple_tree!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8);
tuple_tree!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9);
tuple_tree!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10);
tuple_tree!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10, L 11);

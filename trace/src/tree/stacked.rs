//! Trees whose repeated children are stacked.

use std::any::Any;
use std::collections::BTreeMap;

use burn::tensor::Device;
use burn_backend::TensorData;

use super::leaf::Leaf;
use super::lift::Grads;
use super::source::Leaves;
use super::tensor_tree::{TensorTree, Visitor, spec, walk};
use crate::error::TreeError;
use crate::leaf_type::{Kind, LeafSpec, LeafType};
use crate::recorder::{Traced, stack};

/// A tree in which the same leaf of all blocks of a model is one leaf with an axis more:
/// `blocks.0.weight`, `blocks.1.weight`, … become `blocks.*.weight`.
///
/// A program then has one argument for all blocks, which a rolled loop reads in place. Inside of the
/// function, and when its values come back, it is the tree that it was.
///
/// Leaves are stacked whose paths differ in their first number alone, if these numbers count from 0 and
/// the leaves have one type. Bools are not stacked: devices store them in several ways. Gradients are taken
/// with respect to the tree inside.
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use burn_trace::{Stacked, describe};
///
/// let layers: Vec<_> = (0..4).map(|_| Tensor::<1>::zeros([3], &Device::flex())).collect();
/// let leaves = describe(&Stacked::new(layers))?;
/// assert_eq!((leaves[0].path.as_str(), &leaves[0].ty.shape[..]), ("*", &[4, 3][..]));
/// # Ok::<(), burn_trace::TreeError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Stacked<T> {
    /// The tree.
    pub tree: T,
    is_stacked: bool,
}

impl<T: TensorTree> Stacked<T> {
    /// A tree with its repeated leaves stacked.
    pub fn new(tree: T) -> Self {
        Self { tree, is_stacked: true }
    }

    /// A tree, stacked if `is_stacked`.
    pub fn when(is_stacked: bool, tree: T) -> Self {
        Self { tree, is_stacked }
    }

    /// Whether leaves are stacked.
    pub fn is_stacked(&self) -> bool {
        self.is_stacked
    }
}

impl<T: TensorTree> TensorTree for Stacked<T> {
    fn visit(&self, visitor: &mut Visitor<'_>) {
        if !self.is_stacked {
            return self.tree.visit(visitor);
        }
        let groups = match Groups::of(&self.tree) {
            Ok(groups) => groups,
            Err(_) => return self.tree.visit(visitor),
        };
        visitor.note(groups.0.len());
        for group in &groups.0 {
            visitor.enter(&group.path);
            let leaf = View { tree: &self.tree, group };
            visitor.leaf(&leaf);
            visitor.exit(&group.path);
        }
        visitor.fixed_of(&self.tree);
    }

    fn rebuild(&self, source: &mut Leaves<'_>) -> Result<Self, TreeError> {
        if !self.is_stacked {
            return Ok(Self { tree: self.tree.rebuild(source)?, is_stacked: false });
        }
        let groups = Groups::of(&self.tree)?;
        let mut tensors: BTreeMap<usize, Box<dyn Any>> = BTreeMap::new();
        for group in &groups.0 {
            let view = View { tree: &self.tree, group };
            let mut taken = Err(TreeError::Missing { count: 0 });
            view.each_of(&group.members[..1], |leaf| {
                taken = match group.is_stack {
                    true => source.take_stack(leaf),
                    false => source.take_one(leaf).map(|tensor| vec![tensor]),
                };
            });
            tensors.extend(group.members.iter().copied().zip(taken?));
        }
        let tree = self.tree.rebuild(&mut Leaves::tensors(tensors.into_values().collect()))?;
        Ok(Self { tree, is_stacked: true })
    }
}

/// The leaves of a tree, each alone or in a stack.
struct Groups(Vec<Group>);

struct Group {
    path: String,
    ty: LeafType,
    /// Numbers of the leaves in the tree, in the order of the stack.
    members: Vec<usize>,
    is_stack: bool,
}

impl Groups {
    fn of(tree: &impl TensorTree) -> Result<Self, TreeError> {
        let mut leaves = Vec::new();
        walk(tree, |path, leaf| leaves.push(spec(path, leaf)))?;
        let mut lanes: BTreeMap<String, BTreeMap<usize, usize>> = BTreeMap::new();
        for (index, leaf) in leaves.iter().enumerate() {
            if let Some((pattern, number)) = pattern(&leaf.path) {
                lanes.entry(pattern).or_default().insert(number, index);
            }
        }
        let is_stackable = |lanes: &BTreeMap<usize, usize>| {
            let first = lanes.get(&0).map(|&index| &leaves[index].ty);
            lanes.len() > 1
                && first.is_some_and(|ty| ty.kind != Kind::Bool)
                && lanes.keys().copied().eq(0..lanes.len())
                && lanes.values().all(|&index| Some(&leaves[index].ty) == first)
        };
        lanes.retain(|_, lanes| is_stackable(lanes));
        let mut groups = Vec::new();
        for (index, LeafSpec { path, ty }) in leaves.iter().enumerate() {
            let stacked = pattern(path).filter(|(pattern, _)| lanes.contains_key(pattern));
            match stacked {
                Some((pattern, _)) => {
                    if let Some(lanes) = lanes.get_mut(&pattern).map(std::mem::take)
                        && !lanes.is_empty()
                    {
                        let shape = [&[lanes.len()], ty.shape.as_slice()].concat();
                        groups.push(Group {
                            path: pattern,
                            ty: LeafType { shape, ..ty.clone() },
                            members: lanes.into_values().collect(),
                            is_stack: true,
                        });
                    }
                }
                None => groups.push(Group {
                    path: path.clone(),
                    ty: ty.clone(),
                    members: vec![index],
                    is_stack: false,
                }),
            }
        }
        Ok(Self(groups))
    }
}

/// The path with its first number replaced, and the number.
fn pattern(path: &str) -> Option<(String, usize)> {
    let mut names: Vec<_> = path.split('.').collect();
    let (position, number) = names
        .iter()
        .enumerate()
        .find_map(|(position, name)| Some((position, name.parse::<usize>().ok()?)))?;
    names[position] = "*";
    Some((names.join("."), number))
}

/// A leaf of a stacked tree.
struct View<'a, T> {
    tree: &'a T,
    group: &'a Group,
}

impl<T: TensorTree> View<'_, T> {
    /// Shows leaves of the tree, in the order of the tree.
    fn each_of(&self, members: &[usize], mut show: impl FnMut(&dyn Leaf)) {
        let mut index = 0;
        let walked = walk(self.tree, |_, leaf| {
            if members.contains(&index) {
                show(leaf);
            }
            index += 1;
        });
        debug_assert!(walked.is_ok(), "the tree was walked before");
    }

    /// What each leaf of the group gives, in the order of the stack.
    fn gather<R>(&self, get: impl Fn(&dyn Leaf) -> R) -> Vec<R> {
        let mut sorted = self.group.members.clone();
        sorted.sort_unstable();
        let mut got = BTreeMap::new();
        let mut at = sorted.iter().copied();
        self.each_of(&sorted, |leaf| got.extend(at.next().map(|member| (member, get(leaf)))));
        self.group.members.iter().filter_map(|member| got.remove(member)).collect()
    }

    fn one<R>(&self, get: impl Fn(&dyn Leaf) -> R) -> R {
        let mut found = None;
        self.each_of(&self.group.members[..1], |leaf| found = Some(get(leaf)));
        found.expect("a group has a first leaf")
    }
}

impl<T: TensorTree> Leaf for View<'_, T> {
    fn ty(&self) -> LeafType {
        self.group.ty.clone()
    }

    fn device(&self) -> Device {
        self.one(|leaf| leaf.device())
    }

    fn data(&self) -> TensorData {
        if !self.group.is_stack {
            return self.one(|leaf| leaf.data());
        }
        let mut bytes = Vec::new();
        let mut dtype = self.group.ty.dtype;
        for lane in self.gather(|leaf| leaf.data()) {
            dtype = lane.dtype();
            bytes.extend_from_slice(lane.as_bytes());
        }
        TensorData::from_bytes_vec(bytes, self.group.ty.shape.clone(), dtype)
    }

    fn lift(&self, requires_grad: bool) -> Box<dyn Any> {
        assert!(
            !self.group.is_stack,
            "gradients are taken with respect to the tree inside `Stacked`"
        );
        self.one(|leaf| leaf.lift(requires_grad))
    }

    fn lowered(&self) -> Box<dyn Any> {
        self.one(|leaf| leaf.lowered())
    }

    fn grad(&self, grads: &Grads) -> Box<dyn Any> {
        self.one(|leaf| leaf.grad(grads))
    }

    fn traced(&self) -> Option<Traced> {
        if !self.group.is_stack {
            return self.one(|leaf| leaf.traced());
        }
        let lanes = self.gather(|leaf| leaf.traced()).into_iter().collect::<Option<Vec<_>>>()?;
        let primitives: Vec<_> = lanes.iter().map(|lane| lane.primitive().clone()).collect();
        Some(lanes[0].fresh(stack(&primitives[0].client, &primitives)))
    }

    fn around(&self, traced: Traced) -> Box<dyn Any> {
        match self.group.is_stack {
            true => Box::new(traced),
            false => {
                let mut tensor: Option<Box<dyn Any>> = None;
                self.each_of(&self.group.members, |leaf| {
                    tensor = Some(leaf.around(traced.clone()))
                });
                tensor.expect("a group has a first leaf")
            }
        }
    }

    fn with_values(&self, data: TensorData, device: &Device) -> Box<dyn Any> {
        self.one(|leaf| leaf.with_values(data.clone(), device))
    }

    fn rows(&self, first: usize, count: usize) -> Box<dyn Any> {
        assert!(!self.group.is_stack, "rows are those of the tree inside `Stacked`");
        self.one(|leaf| leaf.rows(first, count))
    }

    fn tensor(&self) -> Box<dyn Any> {
        assert!(!self.group.is_stack, "an optimizer steps over the tree inside `Stacked`");
        self.one(|leaf| leaf.tensor())
    }

    fn is_trained(&self) -> bool {
        self.one(|leaf| leaf.is_trained())
    }

    fn moved(&self, device: &Device) -> Box<dyn Any> {
        assert!(!self.group.is_stack, "the tree inside `Stacked` is moved");
        self.one(|leaf| leaf.moved(device))
    }
}

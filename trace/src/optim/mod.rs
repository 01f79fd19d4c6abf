//! Burn's optimizers as functions of trees.
//!
//! `burn::optim` keeps the state of an optimizer in the optimizer, counts steps in a number, and takes the
//! learning rate as a number. A recorded function would hold all three as constants: a program for each step.
//! Here they are tensors that go in and come out, and the formulas are Burn's.

mod rate;
mod rule;

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use burn::tensor::{Device, Int, Tensor};
use burn_backend::TensorData;
use burn_optim::grad_clipping::{GradientClipping, GradientClippingConfig};
use burn_optim::{AdamConfig, AdamWConfig, LionConfig, MuonConfig, SgdConfig};

use crate::error::TreeError;
use crate::leaf_type::LeafType;
use crate::tree::{Leaves, TensorTree, Visitor, each, walk};
pub use rate::Rate;
use rule::{Now, Rule};

/// An optimizer of Burn, for functions that are compiled: SGD, Adam, AdamW, Lion or Muon, made from Burn's
/// config. It works on every device.
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use burn_optim::AdamWConfig;
/// use burn_trace::{TreeOptimizer, value_and_grad};
///
/// let optimizer = TreeOptimizer::from(AdamWConfig::new());
/// let w = Tensor::<1>::from_floats([1., 2.], &Device::flex());
/// let state = optimizer.init(&w)?;
/// // From here on what a compiled function may do, too.
/// let (_, gradient) = value_and_grad(&w, &(), |w, ()| w.square().sum())?;
/// let (w, _state) = optimizer.step(0.1, w, gradient, state)?;
/// w.into_data().assert_approx_eq::<f32>(&[0.9, 1.9].into(), burn::tensor::Tolerance::absolute(1e-4));
/// # Ok::<(), burn_trace::TreeError>(())
/// ```
#[derive(Clone)]
pub struct TreeOptimizer {
    rule: Rule,
    clipping: Option<GradientClipping>,
    chooses: Arc<Choice>,
}

type Choice = dyn Fn(&str, &[usize]) -> bool + Send + Sync;

impl fmt::Debug for TreeOptimizer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TreeOptimizer").field("rule", &self.rule).finish_non_exhaustive()
    }
}

/// The state of a [`TreeOptimizer`]: a tree, so that a compiled function takes and returns it, and can be
/// donated its memory.
#[derive(Debug, Clone)]
pub struct OptimizerState<P> {
    /// The number of steps that were taken.
    pub count: Tensor<1, Int>,
    /// Averages of gradients, each a tree like the parameters. Of leaves that are not trained they are zeros.
    pub slots: Vec<P>,
}

impl<P: TensorTree> TensorTree for OptimizerState<P> {
    fn visit(&self, visitor: &mut Visitor<'_>) {
        visitor.child("count", &self.count);
        visitor.child("slots", &self.slots);
    }

    fn rebuild(&self, leaves: &mut Leaves<'_>) -> Result<Self, TreeError> {
        Ok(Self { count: self.count.rebuild(leaves)?, slots: self.slots.rebuild(leaves)? })
    }
}

macro_rules! from_config {
    ($($config:ident $rule:path),*) => { $(
        impl From<$config> for TreeOptimizer {
            fn from(config: $config) -> Self {
                let (rule, clipping) = $rule(&config);
                Self::new(rule, clipping)
            }
        }
    )* };
}
from_config!(
    SgdConfig Rule::sgd, AdamConfig Rule::adam, AdamWConfig Rule::adamw, LionConfig Rule::lion,
    MuonConfig Rule::muon
);

impl TreeOptimizer {
    fn new(rule: Rule, clipping: Option<GradientClippingConfig>) -> Self {
        let clipping = clipping.map(|clipping| clipping.init());
        Self { rule, clipping, chooses: Arc::new(|_, _| true) }
    }

    /// Updates only the parameters whose paths and shapes are chosen, and leaves the others as they are: for
    /// [Muon](MuonConfig), which knows matrices alone, and beside another optimizer for the rest.
    #[must_use]
    pub fn only(mut self, choose: impl Fn(&str, &[usize]) -> bool + Send + Sync + 'static) -> Self {
        self.chooses = Arc::new(choose);
        self
    }

    /// The state before the first step. No parameter is drawn.
    ///
    /// # Errors
    ///
    /// [`TreeError`] if the tree does not rebuild what it shows.
    pub fn init<P: TensorTree>(&self, params: &P) -> Result<OptimizerState<P>, TreeError> {
        let mut device = None;
        walk(params, |_, leaf| {
            device.get_or_insert_with(|| leaf.device());
        })?;
        let device: Device = device.unwrap_or_default();
        let slot = || each(params, |leaf| leaf.with_values(zeros_of(leaf.ty()), &leaf.device()));
        let slots = (0..self.rule.slots()).map(|_| slot()).collect::<Result<_, _>>()?;
        Ok(OptimizerState { count: Tensor::zeros([1], &device), slots })
    }

    /// The parameters and the state after a step along the gradients, a tree like the parameters: see
    /// [`value_and_grad`](crate::value_and_grad). Leaves that are no floats stay as they are, and so do frozen
    /// parameters and the running state of modules.
    ///
    /// # Errors
    ///
    /// [`TreeError`] if the trees differ, or if Muon is to update what is no matrix.
    pub fn step<P: TensorTree>(
        &self,
        rate: impl Into<Rate>,
        params: P,
        gradients: P,
        state: OptimizerState<P>,
    ) -> Result<(P, OptimizerState<P>), TreeError> {
        let count = state.count + 1;
        let now = Now::new(&self.rule, rate.into(), &count);
        let mut leaves = Vec::new();
        walk(&params, |path, leaf| {
            let is_trained = leaf.is_trained() && (self.chooses)(path, &leaf.ty().shape);
            leaves.push((path.to_owned(), leaf.ty(), leaf.tensor(), is_trained));
        })?;
        let mut gradients = tensors_of(&gradients)?.into_iter();
        let slots = state.slots.iter().map(|slot| Ok(tensors_of(slot)?.into_iter()));
        let mut slots = slots.collect::<Result<Vec<_>, TreeError>>()?;
        let mut next_params = Vec::with_capacity(leaves.len());
        let mut next_slots: Vec<_> = slots.iter().map(|_| Vec::new()).collect();
        for (index, (path, ty, param, is_trained)) in leaves.into_iter().enumerate() {
            let missing = || TreeError::Missing { count: index };
            let gradient = gradients.next().ok_or_else(missing)?;
            let own = slots.iter_mut().map(|slot| slot.next().ok_or_else(missing));
            let own = own.collect::<Result<Vec<_>, _>>()?;
            let (param, own) = match is_trained {
                true => self.update(&now, (&path, &ty), param, gradient, own)?,
                false => (param, own),
            };
            next_params.push(param);
            next_slots.iter_mut().zip(own).for_each(|(slot, own)| slot.push(own));
        }
        let next = params.rebuild(&mut Leaves::tensors(next_params))?;
        let slots = state.slots.iter().zip(next_slots);
        let slots = slots.map(|(slot, next)| slot.rebuild(&mut Leaves::tensors(next)));
        Ok((next, OptimizerState { count, slots: slots.collect::<Result<_, _>>()? }))
    }

    /// One parameter, and its tensors of the state.
    fn update(
        &self,
        now: &Now,
        (path, ty): (&str, &LeafType),
        param: Box<dyn Any>,
        gradient: Box<dyn Any>,
        slots: Vec<Box<dyn Any>>,
    ) -> Result<Stepped, TreeError> {
        if matches!(self.rule, Rule::Muon(_)) && ty.shape.len() != 2 {
            return Err(TreeError::NoMatrix { path: path.to_owned(), shape: ty.shape.clone() });
        }
        macro_rules! of_rank {
            ($($rank:literal),*) => {
                match ty.shape.len() {
                    $($rank => self.update_of::<$rank>(now, param, gradient, slots),)*
                    _ => None,
                }
            };
        }
        let updated = of_rank!(1, 2, 3, 4, 5, 6, 7, 8);
        updated.ok_or_else(|| TreeError::Gradient { path: path.to_owned(), param: ty.clone() })
    }

    fn update_of<const D: usize>(
        &self,
        now: &Now,
        param: Box<dyn Any>,
        gradient: Box<dyn Any>,
        slots: Vec<Box<dyn Any>>,
    ) -> Option<Stepped> {
        let float = |tensor: Box<dyn Any>| tensor.downcast::<Tensor<D>>().ok().map(|t| *t);
        let (param, gradient) = (float(param)?, float(gradient)?);
        let slots = slots.into_iter().map(float).collect::<Option<Vec<_>>>()?;
        if gradient.dims() != param.dims() || slots.iter().any(|slot| slot.dims() != param.dims()) {
            return None;
        }
        let gradient = match &self.clipping {
            Some(clipping) => clipping.clip_gradient(gradient),
            None => gradient,
        };
        let (param, slots) = self.rule.step(now, param, gradient, slots);
        let boxed = |tensor: Tensor<D>| Box::new(tensor) as Box<dyn Any>;
        Some((boxed(param), slots.into_iter().map(boxed).collect()))
    }
}

/// A parameter, and its tensors of the state.
type Stepped = (Box<dyn Any>, Vec<Box<dyn Any>>);

fn tensors_of(tree: &impl TensorTree) -> Result<Vec<Box<dyn Any>>, TreeError> {
    let mut tensors = Vec::new();
    walk(tree, |_, leaf| tensors.push(leaf.tensor()))?;
    Ok(tensors)
}

fn zeros_of(LeafType { dtype, shape, .. }: LeafType) -> TensorData {
    let bytes = shape.iter().product::<usize>() * dtype.size();
    TensorData::from_bytes_vec(vec![0; bytes], shape, dtype)
}

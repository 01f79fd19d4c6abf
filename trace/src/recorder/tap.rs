//! A loop as nodes of Burn's graph of gradients.
//!
//! A node of that graph has one result, and as many parents as its type says; a loop has any number of
//! both. So a loop is a chain of nodes, each with one parent or one result of the loop. They are connected
//! by tokens: tensors that bring the nodes into order and carry no gradient. The gradients themselves pass
//! through slots that nodes share.

use std::sync::{Arc, Mutex, PoisonError};

use burn_autodiff::checkpoint::base::Checkpointer;
use burn_autodiff::checkpoint::strategy::NoCheckpointing;
use burn_autodiff::grads::Gradients;
use burn_autodiff::ops::{Backward, Ops, OpsKind};
use burn_capture::CaptureBackend;

use super::op::{Primitive, Tracked};

/// A gradient that one node leaves for another.
#[derive(Debug, Clone, Default)]
pub(crate) struct Slot(Arc<Mutex<Option<Primitive>>>);

impl Slot {
    pub(crate) fn put(&self, gradient: Primitive) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(gradient);
    }

    pub(crate) fn take(&self) -> Option<Primitive> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// The next token after `token`, for a parent of the loop. In the backward pass the parent gets the gradient
/// that is in the slot by then.
pub(crate) fn tap(token: &Tracked, parent: &Tracked, slot: &Slot) -> Tracked {
    let prepared =
        Tap(slot.clone()).prepare::<NoCheckpointing>([token.node(), parent.node()]).compute_bound();
    finish(prepared.stateful(), token.primitive().clone())
}

/// A result of the loop, after `token`. In the backward pass its gradient is put into the slot.
pub(crate) fn emit(token: &Tracked, value: Primitive, slot: &Slot) -> Tracked {
    let prepared = Emit { slot: slot.clone(), token: token.primitive().clone() }
        .prepare::<NoCheckpointing>([token.node()])
        .compute_bound();
    finish(prepared.stateful(), value)
}

/// The next token after `token`. In the backward pass `run` is called after the nodes that follow this one
/// and before those that it follows.
pub(crate) fn turn(token: &Tracked, run: impl FnOnce() + Send + 'static) -> Tracked {
    let prepared = Turn(Box::new(run)).prepare::<NoCheckpointing>([token.node()]).compute_bound();
    finish(prepared.stateful(), token.primitive().clone())
}

fn finish<B: Backward<CaptureBackend, N, State = ()>, const N: usize>(
    prepared: OpsKind<B, CaptureBackend, (), NoCheckpointing, N>,
    output: Primitive,
) -> Tracked {
    match prepared {
        OpsKind::Tracked(prepared) => prepared.finish((), output),
        OpsKind::UnTracked(prepared) => prepared.finish(output),
    }
}

#[derive(Debug)]
struct Tap(Slot);

impl Backward<CaptureBackend, 2> for Tap {
    type State = ();

    fn backward(self, ops: Ops<(), 2>, grads: &mut Gradients, _: &mut Checkpointer) {
        let token_gradient = grads.consume::<CaptureBackend>(&ops.node);
        let [token, parent] = ops.parents;
        if let Some(token) = token {
            grads.register::<CaptureBackend>(token.id, token_gradient);
        }
        if let (Some(parent), Some(gradient)) = (parent, self.0.take()) {
            grads.register::<CaptureBackend>(parent.id, gradient);
        }
    }
}

#[derive(Debug)]
struct Emit {
    slot: Slot,
    token: Primitive,
}

impl Backward<CaptureBackend, 1> for Emit {
    type State = ();

    fn backward(self, ops: Ops<(), 1>, grads: &mut Gradients, _: &mut Checkpointer) {
        self.slot.put(grads.consume::<CaptureBackend>(&ops.node));
        let [token] = ops.parents;
        if let Some(token) = token {
            grads.register::<CaptureBackend>(token.id, self.token);
        }
    }
}

struct Turn(Box<dyn FnOnce() + Send>);

impl std::fmt::Debug for Turn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Turn")
    }
}

impl Backward<CaptureBackend, 1> for Turn {
    type State = ();

    fn backward(self, ops: Ops<(), 1>, grads: &mut Gradients, _: &mut Checkpointer) {
        let token_gradient = grads.consume::<CaptureBackend>(&ops.node);
        (self.0)();
        let [token] = ops.parents;
        if let Some(token) = token {
            grads.register::<CaptureBackend>(token.id, token_gradient);
        }
    }
}

//! The graph that is recorded: its tensors, and how marks get into it.

mod op;
mod stack;
mod tap;
mod traced;

pub(crate) use op::{
    Primitive, Recorder, Tracked, Tracking, first_token, ir_of, placeholder, placeholders, record,
    record_custom, record_one, recorder, type_of, zeros_like,
};
pub(crate) use stack::{stack, unstack};
pub(crate) use tap::{Slot, emit, tap, turn};
pub use traced::Traced;
pub(crate) use traced::{
    Beneath, bool_around, float_around, int_around, trace_bool, trace_float, trace_int,
};

//! Experiments on the small model: what the paper measures at its scale, in a minute or two, with controls.

pub(crate) mod zero_shot;

//! The verbs, a file each. A verb has its options, `Arguments`, and `run`; it knows no other verb.

pub(crate) mod depth;
pub(crate) mod distil;
pub(crate) mod doctor;
pub(crate) mod draw;
pub(crate) mod embed;
pub(crate) mod evaluate;
pub(crate) mod explain;
pub(crate) mod finetune;
pub(crate) mod inspect;
pub(crate) mod install;
pub(crate) mod lit;
pub(crate) mod paper;
pub(crate) mod plan;
pub(crate) mod probe;
pub(crate) mod retrieve;
pub(crate) mod segment;
pub(crate) mod serve;
pub(crate) mod train;
pub(crate) mod variants;
pub(crate) mod video;
pub(crate) mod zero_shot;

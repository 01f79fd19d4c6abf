//! What the paper measured, section by section, on a family of models that are trained here or given: the same
//! measurements at three sizes and more, and whether they show what the paper says about scale.

pub(crate) mod bench;
pub(crate) mod claim;
pub(crate) mod clock;
pub(crate) mod family;
pub(crate) mod family_file;
pub(crate) mod figures;
pub(crate) mod images;
pub(crate) mod kept;
pub(crate) mod measured;
pub(crate) mod page;
pub(crate) mod pretraining;
pub(crate) mod section;
pub(crate) mod sections;
pub(crate) mod settings;
pub(crate) mod subject;

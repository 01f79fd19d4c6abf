//! Programs without operations of their own.

use burn_ir::CustomOpIr;

use super::context::{Context, CustomLowering};
use super::error::{Emitted, unsupported};

/// Knows no custom operation.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoCustom;

impl CustomLowering for NoCustom {
    fn lower(&self, _: &Context<'_>, op: &CustomOpIr) -> Emitted {
        unsupported(format!("no lowering is registered for the custom operation {:?}", op.id))
    }
}

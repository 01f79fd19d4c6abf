//! Operations that are not Burn's.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

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

/// Lowerings by the names under which [`custom`](burn_trace::custom) records their operations.
#[derive(Clone, Default)]
pub struct CustomOps(BTreeMap<String, Arc<Lowering>>);

type Lowering = dyn Fn(&Context<'_>, &CustomOpIr) -> Emitted + Send + Sync;

impl CustomOps {
    /// No operations.
    pub fn new() -> Self {
        Self::default()
    }

    /// Lowers the operation of this name so, and no longer as before. The function reads the inputs with
    /// [`Context::get`], appends to [`Context::builder`], and gives the output its value with [`Context::set`].
    #[must_use]
    pub fn with(
        mut self,
        name: impl Into<String>,
        lowering: impl Fn(&Context<'_>, &CustomOpIr) -> Emitted + Send + Sync + 'static,
    ) -> Self {
        self.0.insert(name.into(), Arc::new(lowering));
        self
    }

    /// The names, in their order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}

impl fmt::Debug for CustomOps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.names()).finish()
    }
}

impl CustomLowering for CustomOps {
    fn lower(&self, cx: &Context<'_>, op: &CustomOpIr) -> Emitted {
        match self.0.get(&op.id) {
            Some(lowering) => lowering(cx, op),
            None => NoCustom.lower(cx, op),
        }
    }
}

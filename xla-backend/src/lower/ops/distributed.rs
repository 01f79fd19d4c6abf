//! Collectives that Burn's distributed training records.

use burn_backend::distributed::ReduceOperation;
use burn_ir::DistributedOperationIr;

use crate::lower::context::Context;
use crate::lower::error::Emitted;
use crate::stablehlo::ReduceKind;

/// Device `i` of the list is device `i` of the program; a synchronisation has nothing to wait for.
pub(crate) fn lower(cx: &Context<'_>, op: &DistributedOperationIr) -> Emitted {
    let b = &cx.b;
    match op {
        DistributedOperationIr::AllReduce(d) => {
            let x = cx.get(&d.tensor)?;
            let count = d.device_ids.len();
            if count <= 1 {
                return cx.set(&d.out, x);
            }
            let devices: Vec<_> = (0..count).collect();
            let sum = b.all_reduce(x, &[devices], ReduceKind::Add)?;
            cx.set(
                &d.out,
                match d.op {
                    ReduceOperation::Sum => sum,
                    ReduceOperation::Mean => b.divide(sum, b.splat_like(count as f64, sum)?)?,
                },
            )
        }
        DistributedOperationIr::SyncCollective => Ok(()),
    }
}

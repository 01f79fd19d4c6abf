//! Recorded calls through the eager backend, as a server's session executes them.

use std::panic::{AssertUnwindSafe, catch_unwind};

use anyhow::{Result, anyhow, ensure};
use burn_backend::read_sync;
use burn_ir::TensorStatus;
use burn_router::TensorInterpreter;
use burn_xla::eager::{XlaBackend, XlaDevice};

use super::{Case, Outcome, Shift, compare};

/// As [`Runner::replay_all`](super::Runner::replay_all).
pub(crate) fn replay_all(cases: &[Case]) -> Vec<Outcome> {
    let mut outcomes = Vec::with_capacity(cases.len());
    for chunk in cases.chunks(32) {
        match together(chunk) {
            Ok(()) => outcomes.extend(chunk.iter().map(|_| Outcome::Agree)),
            Err(_) => outcomes.extend(chunk.iter().map(alone)),
        }
    }
    outcomes
}

fn alone(case: &Case) -> Outcome {
    match together(std::slice::from_ref(case)) {
        Ok(()) => Outcome::Agree,
        Err(error) => {
            let why = format!("{error:#}");
            // Burn's router has no quantised tensors.
            let is_unsupported = why.contains("no lowering") || why.contains("not implemented");
            if is_unsupported { Outcome::Unsupported(why) } else { Outcome::Disagree(why) }
        }
    }
}

/// Executes calls in one graph: nothing is read before all are recorded.
fn together(cases: &[Case]) -> Result<()> {
    let mut session = TensorInterpreter::<XlaBackend>::new(XlaDevice::default());
    let recorded = catch_unwind(AssertUnwindSafe(|| {
        for (number, case) in cases.iter().enumerate() {
            let mut shift = Shift((number as u64) << 32);
            for (id, data) in &case.inputs {
                session.register_tensor_data_id(shift.id(*id), data.clone());
            }
            let mut op = case.op.clone();
            op.visit_mut(&mut shift);
            session.register_op(op);
        }
    }));
    recorded.map_err(|panic| anyhow!("recording panicked: {}", words(&*panic)))?;
    for (number, case) in cases.iter().enumerate() {
        let shift = Shift((number as u64) << 32);
        for (id, expected) in &case.outputs {
            let Some(output) = case.op.outputs().find(|output| output.id == *id) else { continue };
            let mut tensor = output.clone();
            (tensor.id, tensor.status) = (shift.id(*id), TensorStatus::ReadOnly);
            let reading = catch_unwind(AssertUnwindSafe(|| session.read_tensor_async(tensor)));
            let reading =
                reading.map_err(|panic| anyhow!("reading panicked: {}", words(&*panic)))?;
            let got = read_sync(reading).map_err(|error| anyhow!("{error}"))?;
            ensure!(got.dtype() == output.dtype, "{:?} instead of {:?}", got.dtype(), output.dtype);
            compare(expected, &got)?;
        }
    }
    Ok(())
}

fn words(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default()
}

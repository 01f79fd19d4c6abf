//! Recorded calls through the eager backend: each operation as it was recorded, with its types.

use std::collections::HashMap;

use anyhow::{Context as _, Result, anyhow, ensure};
use burn_backend::read_sync;
use burn_ir::{IrVisitorMut, TensorId, TensorIr};
use burn_router::{RouterClient as _, get_client};
use burn_xla::eager::{XlaChannel, XlaClient, XlaDevice};

use super::{Case, Outcome, compare};

/// As [`Runner::replay_all`](super::Runner::replay_all).
pub(crate) fn replay_all(cases: &[Case]) -> Vec<Outcome> {
    let client = get_client::<XlaChannel>(&XlaDevice::default());
    let mut outcomes = Vec::with_capacity(cases.len());
    for chunk in cases.chunks(32) {
        match together(&client, chunk) {
            Ok(()) => outcomes.extend(chunk.iter().map(|_| Outcome::Agree)),
            Err(_) => outcomes.extend(chunk.iter().map(|case| alone(&client, case))),
        }
    }
    outcomes
}

fn alone(client: &XlaClient, case: &Case) -> Outcome {
    match together(client, std::slice::from_ref(case)) {
        Ok(()) => Outcome::Agree,
        Err(error) => {
            let why = format!("{error:#}");
            if why.contains("no lowering") {
                Outcome::Unsupported(why)
            } else {
                Outcome::Disagree(why)
            }
        }
    }
}

/// Executes calls in one graph: nothing is read before all are recorded.
fn together(client: &XlaClient, cases: &[Case]) -> Result<()> {
    let (mut inputs, mut results) = (Vec::new(), Vec::new());
    for case in cases {
        let mut names = Names { client, own: HashMap::new() };
        for (id, data) in &case.inputs {
            let input = client.register_tensor_data(data.clone());
            names.own.insert(*id, input.id());
            inputs.push(input);
        }
        let mut op = case.op.clone();
        op.visit_mut(&mut names);
        let recorded: Vec<_> = case.op.outputs().map(|output| output.id).collect();
        let outputs: HashMap<_, _> = recorded.into_iter().zip(client.register(op)).collect();
        results.push(outputs);
    }
    for (case, mut outputs) in cases.iter().zip(results) {
        for (id, expected) in &case.outputs {
            let output = outputs.remove(id).context("the operation has no such output")?;
            let tensor = output.into_ir();
            let dtype = tensor.dtype;
            let got = read_sync(client.read_tensor_async(tensor));
            let got = got.map_err(|error| anyhow!("{error}"))?;
            ensure!(got.dtype() == dtype, "{:?} instead of {dtype:?}", got.dtype());
            compare(expected, &got)?;
        }
    }
    Ok(())
}

/// The client's own names for the tensors of a call.
struct Names<'a> {
    client: &'a XlaClient,
    own: HashMap<TensorId, TensorId>,
}

impl IrVisitorMut for Names<'_> {
    fn visit_tensor_mut(&mut self, tensor: &mut TensorIr) {
        let fresh = || self.client.create_empty_handle();
        tensor.id = *self.own.entry(tensor.id).or_insert_with(fresh);
    }
}

//! Every operation of Burn's IR at a size that people use: its program is small, and compiles.
//!
//! A lowering that unrolls a kernel, a sequence or an axis has a program that grows with it, and a compiler
//! takes more than proportional time for it. So the size of programs is bounded here; `docs/performance.md`
//! has the seconds that they take.

mod modules;
mod tensors;

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use burn_backend::{BoolStore, DType};
use burn_ir::{OperationIr, TensorId, TensorIr, TensorStatus};
use burn_xla::lower::{Program, entries, lower_op, name_of};
use burn_xla::pjrt::{Client, ClientOptions, CompileOptions};
use burn_xla::plugin::{self, Platform};

const F32: DType = DType::F32;
const I32: DType = DType::I32;
const BOOL: DType = DType::Bool(BoolStore::Native);

fn id() -> TensorId {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    TensorId::new(NEXT.fetch_add(1, Ordering::Relaxed))
}

fn tensor(dims: &[usize], dtype: DType) -> TensorIr {
    TensorIr { id: id(), shape: dims.to_vec().into(), status: TensorStatus::ReadOnly, dtype }
}

fn float(dims: &[usize]) -> TensorIr {
    tensor(dims, F32)
}

fn int(dims: &[usize]) -> TensorIr {
    tensor(dims, I32)
}

fn cases() -> Vec<OperationIr> {
    tensors::cases().into_iter().chain(modules::cases()).collect()
}

fn name(op: &OperationIr) -> String {
    let (family, variant) = name_of(op);
    format!("{family}::{variant}")
}

fn program(op: &OperationIr) -> Program {
    lower_op(op).unwrap_or_else(|error| panic!("{}: {error}", name(op)))
}

#[test]
fn the_table_has_every_operation() {
    let cases = cases();
    let there: BTreeSet<_> = cases.iter().map(name_of).collect();
    // These have no program, or none of their own: a quantised tensor is no argument and no result.
    let no_program = [
        ("Init", "Init"),
        ("Drop", "Drop"),
        ("Custom", "Custom"),
        ("Distributed", "SyncCollective"),
        ("Float", "Quantize"),
        ("Float", "Dequantize"),
    ];
    let missing: Vec<_> = entries()
        .map(|entry| (entry.family, entry.variant))
        .filter(|kind| !there.contains(kind) && !no_program.contains(kind))
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
}

/// The gradient of a deformable convolution has the longest one, 308 lines, and integers to the power of a tensor
/// are 32 squarings. Tables of interpolation are the largest constants.
#[test]
fn no_program_is_long() {
    for op in cases() {
        let text = program(&op).text;
        let (lines, bytes) = (text.lines().count(), text.len());
        assert!(lines <= 400, "{}: {lines} lines", name(&op));
        assert!(bytes <= 100_000, "{}: {bytes} bytes", name(&op));
    }
}

/// 5 s on two cores is what a person may wait; on a busy machine it may take twelve times as long.
#[test]
fn every_program_compiles_soon() {
    let plugin = plugin::load(&plugin::ensure(Platform::Cpu).unwrap()).unwrap();
    let client = Client::new(&plugin, &ClientOptions::new()).unwrap();
    let mut times: Vec<_> = cases()
        .iter()
        .map(|op| {
            let (text, start) = (program(op).text, Instant::now());
            let compiled = client.compile(&text, &CompileOptions::new());
            if let Err(error) = compiled {
                panic!("{}: {error}", name(op));
            }
            (start.elapsed(), name(op))
        })
        .collect();
    times.sort();
    times.reverse();
    let (total, count) = (times.iter().map(|(time, _)| *time).sum::<Duration>(), times.len());
    println!("{count} programs in {total:.1?}; the slowest:");
    times.iter().take(12).for_each(|(time, name)| println!("{time:>8.2?} {name}"));
    assert!(times[0].0 < Duration::from_secs(60), "{:?}", times[0]);
}

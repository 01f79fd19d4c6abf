//! What a call of a tiny compiled program costs, with arguments that live on the device.
//!
//! ```text
//! $ cargo bench --workspace --bench dispatch
//! call                            1.85µs
//! call, wait for the result       2.09µs
//! call, copy it to the host       2.48µs
//! copy 8 numbers to the device    1.24µs
//! ```
//!
//! These numbers come from two cores of a shared machine, in the dev profile.

use std::time::{Duration, Instant};

use burn_xla::pjrt::{Client, ClientOptions, CompileOptions, ExecuteOptions};
use burn_xla::plugin::{self, Platform};

const ADD: &str = "
module @add {
  func.func public @main(%a: tensor<8xf32>, %b: tensor<8xf32>) -> tensor<8xf32> {
    %0 = stablehlo.add %a, %b : tensor<8xf32>
    return %0 : tensor<8xf32>
  }
}";

/// The median of many batches, per call.
fn median(mut call: impl FnMut()) -> Duration {
    const BATCHES: usize = 101;
    const CALLS: u32 = 200;
    (0..CALLS).for_each(|_| call());
    let mut times: Vec<Duration> = (0..BATCHES)
        .map(|_| {
            let start = Instant::now();
            (0..CALLS).for_each(|_| call());
            start.elapsed() / CALLS
        })
        .collect();
    times.sort();
    times[BATCHES / 2]
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    burn_xla::pjrt::keep_memory();
    let plugin = plugin::load(&plugin::ensure(Platform::Cpu)?)?;
    let client = Client::new(&plugin, &ClientOptions::new())?;
    let device = client.device(0)?;
    let add = client.compile(ADD, &CompileOptions::new())?;
    let a = client.buffer_from_slice(&[1f32; 8], &[8], &device)?;
    let options = ExecuteOptions::default();
    let call = || add.execute(&[&a, &a], &options).map(|mut results| results.remove(0));
    let mut bytes = [0; 32];
    println!("call                          {:>8.2?}", median(|| drop(call())));
    println!(
        "call, wait for the result     {:>8.2?}",
        median(|| {
            let _ = call().and_then(|result| result.ready()?.wait());
        })
    );
    println!(
        "call, copy it to the host     {:>8.2?}",
        median(|| {
            let _ = call().and_then(|result| result.to_host_into(&mut bytes));
        })
    );
    println!(
        "copy 8 numbers to the device  {:>8.2?}",
        median(|| {
            let _ = client.buffer_from_slice(&[1f32; 8], &[8], &device);
        })
    );
    Ok(())
}

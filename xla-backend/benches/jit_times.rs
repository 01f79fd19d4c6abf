//! How long recording, lowering and calling take.
//!
//! ```text
//! cargo bench --workspace --bench jit_times
//! ```

use std::time::Instant;

use burn::module::Module;
use burn::nn::{LayerNorm, LayerNormConfig, Linear, LinearConfig};
use burn::tensor::{Device, Tensor, activation};
use burn_xla::Xla;

#[derive(Module, Debug)]
struct Block {
    norm: LayerNorm,
    query: Linear,
    key: Linear,
    value: Linear,
    out: Linear,
    up: Linear,
    down: Linear,
}

#[derive(Module, Debug)]
struct Blocks {
    blocks: Vec<Block>,
}
burn_trace::impl_tensor_tree!(Blocks);

impl Block {
    fn new(d: usize, device: &Device) -> Self {
        let linear = |from, to| LinearConfig::new(from, to).init(device);
        Self {
            norm: LayerNormConfig::new(d).init(device),
            query: linear(d, d),
            key: linear(d, d),
            value: linear(d, d),
            out: linear(d, d),
            up: linear(d, 4 * d),
            down: linear(4 * d, d),
        }
    }

    fn forward(&self, x: Tensor<3>) -> Tensor<3> {
        let [b, n, d] = x.dims();
        let y = self.norm.forward(x.clone());
        let heads = |t: Tensor<3>| t.reshape([b, n, d / 64, 64]).swap_dims(1, 2);
        let (q, k) = (heads(self.query.forward(y.clone())), heads(self.key.forward(y.clone())));
        let scores = activation::softmax(q.matmul(k.transpose()) / 8.0, 3);
        let mixed = scores.matmul(heads(self.value.forward(y.clone())));
        let mixed = self.out.forward(mixed.swap_dims(1, 2).reshape([b, n, d]));
        x + mixed + self.down.forward(activation::gelu(self.up.forward(y)))
    }
}

fn main() -> anyhow::Result<()> {
    let device = Device::flex();
    let xla = Xla::cpu()?;
    for depth in [12, 24, 48, 96] {
        let blocks = (0..depth).map(|_| Block::new(1024, &device)).collect();
        let arguments = (Blocks { blocks }, Tensor::<3>::zeros([8, 196, 1024], &device));
        let forward = xla.jit(|(model, x): (Blocks, Tensor<3>)| {
            model.blocks.iter().fold(x, |x, block| block.forward(x))
        });
        forward.lower(&arguments)?;
        let times = forward.lower(&arguments)?.times;
        let total = times.capture + times.lower;
        println!(
            "{depth} blocks: capture {:.1?}, lower {:.1?}, together {total:.1?}",
            times.capture, times.lower
        );
    }

    let add = xla.jit(|(a, b): (Tensor<1>, Tensor<1>)| a + b);
    let a = Tensor::<1>::zeros([8], &device);
    let resident = xla.upload(&(a.clone(), a.clone()))?;
    let parts = resident.clone().split()?;
    time("call_on_device, one tree", || add.call_on_device(&resident).map(drop))?;
    time("call_on_device, a tuple of trees", || add.call_on_device(parts.clone()).map(drop))?;
    time("call_on_device and wait", || Ok(add.call_on_device(&resident)?.wait()?))?;
    time("call with Burn's tensors", || add.call((a.clone(), a.clone())).map(drop))?;
    Ok(())
}

fn time(
    what: &str,
    mut call: impl FnMut() -> Result<(), burn_xla::program::ProgramError>,
) -> anyhow::Result<()> {
    const CALLS: u32 = 20_000;
    for _ in 0..1_000 {
        call()?;
    }
    let start = Instant::now();
    for _ in 0..CALLS {
        call()?;
    }
    println!("{what}: {:.2?}", start.elapsed() / CALLS);
    Ok(())
}

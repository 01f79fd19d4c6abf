//! How long recording, lowering and calling take.
//!
//! ```text
//! cargo bench --workspace --bench jit_times
//! ```

use std::time::{Duration, Instant};

use burn::module::Module;
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::nn::{LayerNorm, LayerNormConfig, Linear, LinearConfig};
use burn::tensor::module::{conv2d, layer_norm, linear};
use burn::tensor::ops::ConvOptions;
use burn::tensor::{Device, Tensor, activation};
use burn_trace::Params;
use burn_xla::Xla;
use burn_xla::program::ProgramError;

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
    burn_xla::pjrt::keep_memory();
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
    time("call_on_device and wait", || anyhow::Ok(add.call_on_device(&resident)?.wait()?))?;
    time("call with Burn's tensors", || add.call((a.clone(), a.clone())).map(drop))?;
    println!("calls with a module, and with its tensors:");
    modules(&xla, &device)
}

/// A call with a module records it; a call with its tensors alone does not.
fn modules(xla: &Xla, device: &Device) -> anyhow::Result<()> {
    let conv = Conv2dConfig::new([1, 1], [1, 1]).init(device);
    let image = Tensor::<4>::ones([1, 1, 2, 2], device);
    let by_module = xla.jit(|(Params(conv), x): (Params<Conv2d>, Tensor<4>)| conv.forward(x));
    let by_tensors = xla.jit(|(w, b, x): (Tensor<4>, Tensor<1>, Tensor<4>)| {
        conv2d(x, w, Some(b), ConvOptions::new([1, 1], [0, 0], [1, 1], 1))
    });
    let (w, b) = (conv.weight.val(), conv.bias.clone().expect("it has one").val());
    recorded_by_burn("conv", |capture| {
        let (w, x) = (Tensor::<4>::empty([1; 4], capture), Tensor::empty([1, 1, 2, 2], capture));
        let options = ConvOptions::new([1, 1], [0, 0], [1, 1], 1);
        drop(conv2d(x, w, Some(Tensor::<1>::empty([1], capture)), options));
    })?;
    both(
        "conv",
        || by_module.call((Params(conv.clone()), image.clone())).map(drop),
        || by_tensors.call((w.clone(), b.clone(), image.clone())).map(drop),
    )?;

    let layer = LinearConfig::new(2, 2).init(device);
    let x = Tensor::<2>::ones([2, 2], device);
    let by_module = xla.jit(|(Params(layer), x): (Params<Linear>, Tensor<2>)| layer.forward(x));
    let by_tensors = xla.jit(|(w, b, x): (Tensor<2>, Tensor<1>, Tensor<2>)| linear(x, w, Some(b)));
    let (w, b) = (layer.weight.val(), layer.bias.clone().expect("it has one").val());
    recorded_by_burn("linear", |capture| {
        let [w, x] = [(); 2].map(|()| Tensor::<2>::empty([2, 2], capture));
        drop(linear(x, w, Some(Tensor::<1>::empty([2], capture))));
    })?;
    both(
        "linear",
        || by_module.call((Params(layer.clone()), x.clone())).map(drop),
        || by_tensors.call((w.clone(), b.clone(), x.clone())).map(drop),
    )?;

    type Layers = (Params<LayerNorm>, Params<Linear>, Params<Linear>, Tensor<2>);
    type Tensors = ([Tensor<1>; 4], [Tensor<2>; 2], Tensor<2>);
    let norm = LayerNormConfig::new(2).init(device);
    let (up, down) = (layer.clone(), LinearConfig::new(2, 2).init(device));
    let by_module = xla.jit(|(Params(norm), Params(up), Params(down), x): Layers| {
        x.clone() + down.forward(activation::gelu(up.forward(norm.forward(x))))
    });
    let by_tensors = xla.jit(|([scale, shift, b, c], [v, w], x): Tensors| {
        let (variance, mean) = x.clone().var_mean_bias(1);
        let y = (x.clone() - mean) / (variance + 1e-5).sqrt();
        let y = y * scale.unsqueeze() + shift.unsqueeze();
        x + linear(activation::gelu(linear(y, v, Some(b))), w, Some(c))
    });
    let values = |layer: &Linear| (layer.weight.val(), layer.bias.clone().expect("one").val());
    let ((v, b), (w, c)) = (values(&up), values(&down));
    let vectors = [norm.gamma.val(), norm.beta.clone().expect("it has one").val(), b, c];
    recorded_by_burn("norm and MLP", |capture| {
        let [v, w, x] = [(); 3].map(|()| Tensor::<2>::empty([2, 2], capture));
        let [scale, shift, b, c] = [(); 4].map(|()| Tensor::<1>::empty([2], capture));
        let y = layer_norm(x.clone(), scale, Some(shift), 1e-5);
        drop(x + linear(activation::gelu(linear(y, v, Some(b))), w, Some(c)));
    })?;
    both(
        "norm and MLP",
        || {
            let layers = (norm.clone(), up.clone(), down.clone());
            let arguments = (Params(layers.0), Params(layers.1), Params(layers.2), x.clone());
            by_module.call(arguments).map(drop)
        },
        || by_tensors.call((vectors.clone(), [v.clone(), w.clone()], x.clone())).map(drop),
    )
}

/// How long Burn's recorder alone takes for the operations of a function, and for as many that make its arguments.
fn recorded_by_burn(what: &str, function: impl Fn(&Device)) -> anyhow::Result<()> {
    let capture = Device::capture();
    let mut record = || {
        let recorded = capture.capture_scope(|scope| {
            function(&capture);
            scope.complete([], [])
        });
        recorded.map(drop).map_err(|error| anyhow::anyhow!("{error}"))
    };
    time(&format!("{what}, recorded by Burn alone"), &mut record)
}

fn both(
    what: &str,
    mut one: impl FnMut() -> Result<(), ProgramError>,
    mut other: impl FnMut() -> Result<(), ProgramError>,
) -> anyhow::Result<()> {
    let mut best = [Duration::MAX; 2];
    // In turn and shortly, so that a busy machine disturbs both alike and some of them not at all.
    for _ in 0..400 {
        best[0] = best[0].min(average(100, &mut one)?);
        best[1] = best[1].min(average(100, &mut other)?);
    }
    println!(
        "{what}: {:.2?}, {:.2?}; {:.2?} more",
        best[0],
        best[1],
        best[0].saturating_sub(best[1])
    );
    Ok(())
}

fn time<E: Into<anyhow::Error>>(
    what: &str,
    mut call: impl FnMut() -> Result<(), E>,
) -> anyhow::Result<()> {
    let mut best = Duration::MAX;
    for _ in 0..400 {
        best = best.min(average(100, &mut call)?);
    }
    println!("{what}: {best:.2?}");
    Ok(())
}

fn average<E: Into<anyhow::Error>>(
    calls: u32,
    call: &mut impl FnMut() -> Result<(), E>,
) -> anyhow::Result<Duration> {
    let start = Instant::now();
    for _ in 0..calls {
        call().map_err(Into::into)?;
    }
    Ok(start.elapsed() / calls)
}

//! The training step compiled ahead of time for eight chips of a TPU v4, where libtpu is installed
//! (`burn-xla install tpu`). No TPU is needed.

mod tpu;

use burn::tensor::{Device, Tensor};
use burn_xla::mesh::Mesh;
use burn_xla::pjrt::CompileOptions;
use burn_xla::program::Lowered;
use vit22b::params;
use vit22b::shard::{Activations, Plan, Sharding};
use vit22b::train::{Precision, Recipe, StepMetrics, TrainState, TrainStep};
use vit22b::vit::{ViT22B, ViT22BConfig};

type Batch = (Tensor<4>, Tensor<2>);

/// libtpu 0.0.52 died of the reduction that found the largest scores of each query.
#[test]
fn the_step_compiles_and_holds_what_the_plan_says() {
    let Some(topology) = tpu::eight_chips() else { return };
    let (device, batch, classes) = (Device::flex(), 64, 128);
    let config = ViT22BConfig::new(classes).with_image([64, 64]).with_patch(4).with_depth(1);
    let config = config.with_width(512).with_mlp_dim(2048).with_num_heads(8);
    let recipe = Recipe {
        batch_size: batch as u64,
        precision: Precision::Bf16,
        ..Recipe::vit22b_scaled(batch as u64, 100, 1e-3)
    };
    let model = params::initialize(config.init(&device).unwrap());
    let train = TrainStep::new(&recipe, None, &model).unwrap();
    let state = train.init(model, 0);
    let mesh: Mesh = "data=2,model=4".parse().unwrap();
    let sharding = Sharding::vit22b(Activations::Width);
    let plan = Plan::new(&mesh, &sharding, &train.state_leaves(&config).unwrap()).unwrap();
    let images = Tensor::zeros([batch, 3, 64, 64], &device);
    let arguments = (state, (images, Tensor::zeros([batch, classes], &device)));
    let step = move |(state, (images, targets)): (TrainState<ViT22B>, Batch)| {
        let next: (TrainState<ViT22B>, StepMetrics) = train.run(state, images, targets).unwrap();
        next
    };
    let layout = sharding.layout().unwrap();
    let donate = |path: &str| path.starts_with("0.");
    let lowered = Lowered::of("step", step, &arguments, (&mesh, &layout), donate, None).unwrap();

    let options = CompileOptions::new().with_partitions(8);
    let program = topology.compile(&lowered.program.text, &options).unwrap();
    let memory = program.memory_stats().unwrap();
    let given = batch as u64 / 2 * 4 * (3 * 64 * 64 + classes as u64);
    // Padding of small tensors to tiles comes on top.
    let expected = plan.bytes_per_device() + given;
    assert!(memory.argument_bytes >= expected, "{memory:?} for {expected}");
    assert!(memory.argument_bytes < expected + expected / 4, "{memory:?} for {expected}");
    // The state is updated in place.
    assert!(memory.alias_bytes >= plan.bytes_per_device(), "{memory:?}");
}

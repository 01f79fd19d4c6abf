//! The training step compiled ahead of time for eight chips of a TPU v4, where libtpu is installed
//! (`vit22b install tpu`). No TPU is needed.

mod tpu;

use burn_trace::Save;
use burn_xla::cost::CollectiveKind;
use burn_xla::pjrt::{CompileOptions, Topology};
use burn_xla::program::Lowering;
use vit22b::forecast::{Forecast, ForecastError, Programs};
use vit22b::layers::activation;
use vit22b::shard::{Activations, Mesh, Plan, Sharding, StatePart};
use vit22b::train::{Classify, Loss, Precision, Recipe, TrainStep};
use vit22b::vit::ViT22BConfig;

const CLASSES: usize = 128;
const WIDTH: usize = 512;
const TOKENS: usize = 256;

fn config(depth: usize) -> ViT22BConfig {
    let config = ViT22BConfig::new(CLASSES).with_image([64, 64]).with_patch(4).with_depth(depth);
    config.with_width(WIDTH).with_mlp_dim(4 * WIDTH).with_num_heads(8)
}

fn train(config: &ViT22BConfig, batch: usize, save: Option<Save>) -> TrainStep<Classify> {
    let recipe = Recipe {
        batch_size: batch as u64,
        precision: Precision::Bf16,
        ..Recipe::vit22b_scaled(batch as u64, 100, 1e-3)
    };
    let task = Classify::new(config.clone(), Loss::SigmoidCrossEntropy).unwrap();
    let train = TrainStep::new(task, &recipe, None).unwrap();
    match save {
        Some(save) => train.with_rolled_blocks(save),
        None => train,
    }
}

fn mesh() -> Mesh {
    "data=2,model=4".parse().unwrap()
}

fn plan(train: &TrainStep<Classify>) -> Plan {
    let sharding = Sharding::vit22b(Activations::Width);
    Plan::new(&mesh(), &sharding, &train.state_leaves().unwrap()).unwrap()
}

fn forecast(
    train: &TrainStep<Classify>,
    batch: usize,
    topology: &Topology,
) -> Result<(Forecast, Programs), ForecastError> {
    let sharding = Sharding::vit22b(Activations::Width);
    let options = CompileOptions::new();
    Forecast::new(train, batch, (&mesh(), &sharding), topology, (Lowering::new(), options))
}

/// libtpu 0.0.52 died of the reduction that found the largest scores of each query.
#[test]
fn the_step_compiles_and_holds_what_the_plan_says() {
    let Some(topology) = tpu::eight_chips() else { return };
    let (config, batch) = (config(1), 64);
    let train = train(&config, batch, None);
    let plan = plan(&train);
    let (_, programs) = forecast(&train, batch, &topology).unwrap();
    let memory = programs.executable.memory_stats().unwrap();
    let given = batch as u64 / 2 * 4 * (3 * 64 * 64 + CLASSES as u64);
    // Padding of small tensors to tiles comes on top.
    let expected = plan.bytes_per_device() + given;
    assert!(memory.argument_bytes >= expected, "{memory:?} for {expected}");
    assert!(memory.argument_bytes < expected + expected / 4, "{memory:?} for {expected}");
    // The state is updated in place.
    assert!(memory.alias_bytes >= plan.bytes_per_device(), "{memory:?}");
}

/// Seconds of computing in the loops over the blocks.
fn in_loops(forecast: &Forecast) -> f64 {
    let parts = forecast.by_label();
    parts.iter().filter(|(part, _)| part.contains('/')).map(|(_, seconds)| seconds).sum()
}

#[test]
fn a_forecast_tells_memory_time_and_communication() {
    let Some(topology) = tpu::eight_chips() else { return };
    // So large that what is kept has no place in the 128 MiB beside the cores.
    let batch = 1024;
    let save = || Some(Save::Named(vec![activation::VALUE.to_owned()]));
    let run = |depth: usize| {
        let config = config(depth);
        let train = train(&config, batch, save());
        let plan = plan(&train);
        (forecast(&train, batch, &topology).unwrap().0, plan)
    };
    let ((short, _), (long, plan)) = (run(2), run(4));

    assert_eq!(long.memory.parameters, plan.bytes_of(StatePart::Parameters));
    assert_eq!(long.memory.optimizer, plan.bytes_of(StatePart::Optimizer));
    // The input of each of four blocks and its values, in bf16 and cut over all devices.
    let kept = (2 * 4 * batch * TOKENS * WIDTH * 2 / 8) as u64;
    assert_eq!((long.memory.activations, short.memory.activations), (kept, kept / 2));
    assert!(long.memory.total() < long.memory.limit.unwrap(), "{:?}", long.memory);

    // A loop of twice as many rounds takes twice as long.
    let ratio = in_loops(&long) / in_loops(&short);
    assert!((1.8..2.2).contains(&ratio), "{ratio}");
    assert!(0.0 < long.utilisation() && long.utilisation() < long.utilisation_compute_only());
    assert!(long.utilisation_compute_only() < 1.0, "{long}");
    let schedule = &long.schedule;
    let parts = schedule.compute_s() + schedule.exposed_s();
    assert!((schedule.step_s / parts - 1.0).abs() < 1e-9, "{} not {parts}", schedule.step_s);
    assert!(schedule.exposed_s() <= schedule.collectives_s() * (1.0 + 1e-9));

    // Weights come from the axis `data`, inputs of products from `model`, and each round of a block
    // sends as much as the one before.
    let gathered = |forecast: &Forecast, size: usize| {
        let all = forecast.schedule.collectives.iter();
        let these = all.filter(|one| one.group_size == size && one.times > 1.0);
        these.filter(|one| one.kind == CollectiveKind::AllGather).map(|one| one.bytes).sum::<f64>()
    };
    for size in [2, 4] {
        let (long, short) = (gathered(&long, size), gathered(&short, size));
        assert!(short > 0.0 && (long / short - 2.0).abs() < 0.1, "{size}: {long} and {short}");
    }

    let json = long.to_json();
    let keys: Vec<_> = json.as_object().unwrap().keys().map(String::as_str).collect();
    let mut expected = [
        "devices",
        "compile_s",
        "hbm_gib",
        "compute_s",
        "collectives_s",
        "collectives_exposed_s",
        "step_s",
        "utilisation_compute_only",
        "utilisation",
        "tokens_per_s_per_chip",
    ];
    expected.sort_unstable();
    let mut got = keys.clone();
    got.sort_unstable();
    assert_eq!(got, expected);
    assert_eq!(json["devices"], 8);
}

/// The compiler makes one reduce-scatter of a sum of which each device keeps a part, if it goes over
/// just the devices that share.
#[test]
fn replicas_scatter_gradients_among_the_devices_that_share_a_weight() {
    let Some(topology) = tpu::eight_chips() else { return };
    let (config, batch) = (config(1), 64);
    let train = train(&config, batch, None);
    let sharding = Sharding::vit22b(Activations::Width).with_replicas("replica").unwrap();
    let mesh = "replica=2,data=4,model=1".parse().unwrap();
    let options = CompileOptions::new();
    let (forecast, _) =
        Forecast::new(&train, batch, (&mesh, &sharding), &topology, (Lowering::new(), options))
            .unwrap();
    let sums = |kind, group_size| {
        let all = forecast.schedule.collectives.iter();
        let these = all.filter(|one| one.kind == kind && one.group_size == group_size);
        these.map(|one| one.bytes).sum::<f64>()
    };
    // In f32: of three quarters of each matrix of the block every device sends the others their parts.
    let block = (12 * WIDTH * WIDTH * 4 * 3 / 4) as f64;
    let scattered = sums(CollectiveKind::ReduceScatter, 4);
    assert!(scattered >= block, "{scattered} of {block}: {forecast}");
    let whole = sums(CollectiveKind::AllReduce, 8);
    assert!(whole < block / 10.0, "{whole} of {block}: {forecast}");
}

#[test]
fn a_step_that_does_not_fit_says_by_how_much_and_what_helps() {
    let Some(topology) = tpu::eight_chips() else { return };
    let (config, batch) = (config(2), 1 << 16);
    let train = train(&config, batch, Some(Save::Everything));
    let error = forecast(&train, batch, &topology).unwrap_err();
    assert!(matches!(error, ForecastError::DoesNotFit { .. }), "{error}");
    let text = error.to_string();
    assert!(text.contains(" GiB too much; what helps: "), "{text}");
    assert!(text.ends_with("take more devices") && text.contains("keep less"), "{text}");
    assert!(text.len() < 500, "{text}");
}

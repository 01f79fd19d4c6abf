//! ViT-22B against its definition in plain JAX: every intermediate, every gradient, six steps of
//! the recipe with big_vision's own Adafactor.

use burn::tensor::{DType, Int, Tensor};
use vit22b::data::ImageBatch;
use vit22b::params::{self, NamedTensors};
use vit22b::train::loss::sigmoid_cross_entropy;
use vit22b::train::{
    Adafactor, Budget, Classify, Decay, Duration, Loss, Optimizer, Recipe, Rules, Schedule, Stage,
    TrainState, TrainStep, Tune, value_and_grad, weight_decay,
};
use vit22b::vit::{FeatureRequest, Pool, Projections, ViT22B, ViT22BConfig};

use crate::fixture::{Fixture, largest_difference, relative_error, runtimes};
use crate::golden::{assert_close, device};

fn config(fixture: &Fixture) -> ViT22BConfig {
    let image = fixture.number("image");
    ViT22BConfig::new(fixture.number("classes"))
        .with_image([image, image])
        .with_patch(fixture.number("patch"))
        .with_width(fixture.number("width"))
        .with_depth(fixture.number("depth"))
        .with_mlp_dim(fixture.number("mlp"))
        .with_num_heads(fixture.number("heads"))
        .with_epsilon(fixture.config["eps"].as_f64().unwrap())
        .with_pool(match fixture.config["pool"].as_str().unwrap() {
            "map" => Pool::Map,
            "gap" => Pool::Average,
            other => panic!("pool {other}"),
        })
}

/// The reference calls the layers of an MLP `in` and `out`.
fn our_names(tensors: NamedTensors) -> NamedTensors {
    let rename = |name: String| name.replace("mlp.in.", "mlp.fc1.").replace("mlp.out.", "mlp.fc2.");
    tensors.into_iter().map(|(name, any)| (rename(name), any)).collect()
}

fn model(fixture: &Fixture, projections: Projections) -> ViT22B {
    let model = config(fixture).init(&device()).unwrap().with_projections(projections);
    params::replace(model, our_names(fixture.tensors("model"))).unwrap()
}

fn batch(fixture: &Fixture) -> (Tensor<4>, Tensor<2>) {
    let io = fixture.tensors("io");
    (io.get("images").unwrap(), io.get("labels").unwrap())
}

/// 1e-4 in every element: f32 sums over some hundred terms of size 1, in another order.
fn forward(name: &str) {
    let fixture = Fixture::open(name);
    let depth = fixture.number("depth");
    let (images, _) = batch(&fixture);
    for runtime in runtimes() {
        for projections in [Projections::Separate, Projections::Fused] {
            let features = runtime.jit(move |(model, images): (ViT22B, Tensor<4>)| {
                let features = model.features(images, &FeatureRequest::all(depth)).unwrap();
                features.in_order().into_iter().collect::<NamedTensors>()
            });
            let model = model(&fixture, projections);
            let got = features.call((model, images.clone())).unwrap();
            let (mut compared, mut apart) = (0, 0.0_f32);
            for (name, expected) in fixture.tensors("io").iter() {
                if name != "images" && name != "labels" {
                    let got = got.iter().find(|(n, _)| *n == name);
                    let got = got.unwrap_or_else(|| panic!("{name}"));
                    assert_close(name, got.1, expected, 1e-4);
                    apart = apart.max(largest_difference(got.1, expected));
                    compared += 1;
                }
            }
            assert_eq!(compared, depth + 4);
            println!("{runtime}: intermediates at most {apart:.1e} apart");
        }
    }
}

/// Each gradient within 1e-3 of its norm, for sums over batch and tokens in another order.
fn gradients(name: &str) {
    let fixture = Fixture::open(name);
    let expected_loss = fixture.config["loss"].as_f64().unwrap();
    let expected = our_names(fixture.tensors("grads"));
    for runtime in runtimes() {
        for projections in [Projections::Separate, Projections::Fused] {
            type Arguments = (ViT22B, (Tensor<4>, Tensor<2>));
            let gradients = runtime.jit(|(model, batch): Arguments| {
                value_and_grad(
                    &model,
                    |_| false,
                    batch,
                    |model, (images, labels)| sigmoid_cross_entropy(model.forward(images), labels),
                )
            });
            let model = model(&fixture, projections);
            let (loss, got) = gradients.call((model, batch(&fixture))).unwrap();
            let loss: f64 = loss.into_scalar();
            let error = (loss - expected_loss).abs();
            assert!(error < 1e-4 * expected_loss, "{loss} not {expected_loss} on {runtime}");
            assert_eq!(got.len(), expected.len());
            let mut apart = 0.0_f64;
            for ((path, got), (expected_path, expected)) in got.iter().zip(expected.iter()) {
                assert_eq!(path, expected_path);
                let error = relative_error(got, expected);
                assert!(error < 1e-3, "gradient of {path} on {runtime}: {error} of its norm");
                apart = apart.max(error);
            }
            println!("{runtime}: gradients at most {apart:.1e} of their norms apart");
        }
    }
}

#[test]
fn map_forward() {
    forward("vit22b_map");
}

#[test]
fn gap_forward() {
    forward("vit22b_gap");
}

#[test]
fn map_gradients() {
    gradients("vit22b_map");
}

#[test]
fn gap_gradients() {
    gradients("vit22b_gap");
}

fn task(model: &ViT22B) -> Classify {
    Classify::new(model.config().clone(), Loss::SigmoidCrossEntropy).unwrap()
}

/// The recipe that the fixture was trained with.
fn recipe(training: &serde_json::Value, batch_size: usize) -> Recipe {
    let number = |value: &serde_json::Value| value.as_f64().unwrap();
    let steps = |value: &serde_json::Value| Duration::Steps(value.as_u64().unwrap());
    let (adafactor, schedule) = (&training["adafactor"], &training["schedule"]);
    assert_eq!(
        (schedule["kind"].as_str(), training["momentum_dtype"].as_str()),
        (Some("rsqrt"), Some("bfloat16"))
    );
    Recipe {
        batch_size: batch_size as u64,
        total: steps(&schedule["total"]),
        update: vec![
            Stage::ClipGlobalNorm { max_norm: number(&training["clip_global_norm"]) },
            Stage::Adafactor(Adafactor {
                momentum: number(&training["momentum"]),
                decay_rate: number(&adafactor["decay_rate"]),
                beta2_cap: number(&adafactor["beta2_cap"]),
                min_dim_size_to_factor: number(&adafactor["min_dim_size_to_factor"]) as usize,
                epsilon: number(&adafactor["epsilon"]),
                attention_heads: None,
            }),
            Stage::WeightDecay(weight_decay(
                number(&training["weight_decay_body"]),
                number(&training["weight_decay_head"]),
            )),
            Stage::LearningRate {
                peak: number(&training["lr"]),
                factors: Rules::all(Tune::Factor(1.0)),
            },
            Stage::Schedule(Schedule {
                decay: Decay::ReciprocalSqrt { timescale: steps(&schedule["timescale"]) },
                warmup: steps(&schedule["warmup"]),
                cooldown: steps(&schedule["cooldown"]),
            }),
        ],
        ema: None,
        ..Recipe::vit22b()
    }
}

/// Losses within 1e-3. The parameters at the end differ by roundings of the bf16 momentum (2^-9 of
/// an update), where a near-zero gradient can also turn its sign: 2 % of the distance travelled.
#[test]
fn six_optimizer_steps() {
    let fixture = Fixture::open("vit22b_map");
    let training = &fixture.config["training"];
    if training.is_null() {
        eprintln!("SKIPPED: this fixture holds no training run (it was made without big_vision)");
        return;
    }
    let (images, labels) = batch(&fixture);
    let start = model(&fixture, Projections::Auto);
    let recipe = recipe(training, images.dims()[0]);
    for runtime in runtimes() {
        if !runtime.device().supports_dtype(DType::BF16) {
            eprintln!(
                "SKIPPED on {runtime}: the fixture's first moments are bf16, which it has not"
            );
            continue;
        }
        let train = TrainStep::new(task(&start), &recipe, None).unwrap();
        let mut state = train.init(start.clone(), 0);
        let step = runtime.jit(move |(state, (images, labels))| -> (TrainState<ViT22B>, _) {
            train.run(state, ImageBatch { images, targets: labels }).unwrap()
        });
        let schedule = training["schedule_values"].as_array().unwrap();
        for (index, expected) in training["losses"].as_array().unwrap().iter().enumerate() {
            let (next, metrics) = step.call((state, (images.clone(), labels.clone()))).unwrap();
            state = next;
            let (loss, expected): (f64, _) =
                (metrics.loss.into_scalar(), expected.as_f64().unwrap());
            let error = (loss - expected).abs();
            assert!(error < 1e-3, "step {index} on {runtime}: loss {loss}, expected {expected}");
            let rate: f64 = metrics.learning_rate.into_scalar();
            let expected = training["lr"].as_f64().unwrap() * schedule[index].as_f64().unwrap();
            let error = (rate - expected).abs();
            assert!(error < 1e-8, "step {index} on {runtime}: rate {rate}, expected {expected}");
        }
        let before = our_names(fixture.tensors("model"));
        let expected = our_names(fixture.tensors("trained"));
        let got = params::collect(&state.model);
        for ((path, got), (expected, before)) in
            got.iter().zip(expected.iter().map(|(_, e)| e).zip(before.iter().map(|(_, b)| b)))
        {
            let travelled = relative_error(before, expected);
            let error = relative_error(got, expected);
            assert!(
                error < 0.02 * travelled,
                "{path} on {runtime}: {error} of the norm, travelled {travelled}"
            );
        }
    }
}

/// The update depends on nothing but its tensors: called at step 7, then 8, then 7 again, the
/// optimizer answers the first and the last time alike, and 7 and 8 differ.
#[test]
fn updates_follow_from_tensors_alone() {
    let fixture = Fixture::open("vit22b_map");
    let (images, labels) = batch(&fixture);
    let start = model(&fixture, Projections::Auto);
    let train = TrainStep::new(task(&start), &Recipe::vit22b_scaled(4, 100, 1e-3), None).unwrap();
    let state = train.init(start, 1);
    let at = |step: i64| {
        let step: Tensor<1, Int> = Tensor::from_ints([step], &device());
        let state = TrainState { step, ..state.clone() };
        let (state, _) = train
            .run(state, ImageBatch { images: images.clone(), targets: labels.clone() })
            .unwrap();
        params::collect(&state.model).get::<2>("head.weight").unwrap().into_data()
    };
    let (seven, eight) = (at(7), at(8));
    assert_eq!(seven, at(7));
    assert_ne!(seven, eight);
}

#[test]
fn a_state_of_another_model_is_refused() {
    let fixture = Fixture::open("vit22b_gap");
    let model = model(&fixture, Projections::Auto);
    let budget = Budget::new(Duration::Steps(10), 4, None).unwrap();
    let optimizer =
        Optimizer::new(&[Stage::Momentum(Default::default())], &budget, &model).unwrap();
    let gradients = params::collect(&model);
    let step = Tensor::<1>::zeros([1], &device());
    let update = |state| optimizer.update(model.clone(), gradients.clone(), state, &step, &step);
    let error = update(NamedTensors::default()).unwrap_err();
    assert!(
        error.to_string().contains("missing [momentum/blocks.0.attn.k_norm.scale, "),
        "{error}"
    );
    // The same names with another rank.
    let mut state = optimizer.init(&model);
    let classes = fixture.number("classes");
    state.insert("momentum/head.bias", Tensor::<2>::zeros([1, classes], &device()));
    let error = update(state).unwrap_err();
    let expected = format!("momentum/head.bias: expected [{classes}], got [1, {classes}]");
    assert!(error.to_string().contains(&expected), "{error}");
}

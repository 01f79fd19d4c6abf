//! Measurements and pieces of training beside their definitions, from a folder that other libraries wrote.
//!
//! `VIT22B_FIXTURES=DIR` takes another folder of the same form where DIR, or its folder `parts`, has one. Numbers
//! are double precision on both sides unless a test says otherwise, and sums differ in their order: 1e-9.

use std::path::PathBuf;

use burn::module::Param;
use burn::nn::Linear;
use burn::tensor::{DType, Device, Tensor, TensorData};
use safetensors::SafeTensors;
use serde_json::Value;
use vit22b::eval::{
    Binning, DemographicParityConfig, GroupTable, Matrix, NearestNeighbours, Predictions,
    Reliability, accuracy, class_wise_error, oracle_collaborative_auc,
};
use vit22b::params::NamedTensors;
use vit22b::train::{
    CutMix, Decay, Duration, Ema, Mixup, Momentum, Recipe, Rules, Schedule, Stage, TrainStep, Tune,
    loss, task,
};

use super::{assert_close, copies, list, number, read};

fn folder() -> PathBuf {
    let given = std::env::var_os("VIT22B_FIXTURES").map(PathBuf::from);
    let given = given.into_iter().flat_map(|dir| [dir.clone(), dir.join("parts")]);
    let mut folders = given.chain([copies().join("parts")]).map(|dir| dir.join("measurements"));
    folders.find(|folder| folder.join("ema.json").exists()).expect("a folder of measurements")
}

fn case(name: &str) -> Value {
    read(&folder().join(name).with_extension("json"))
}

fn rows(value: &Value) -> Vec<Vec<f64>> {
    list(value)
}

#[track_caller]
fn assert_all_close(name: &str, got: &[f64], expected: &[f64], tolerance: f64) {
    assert_eq!(got.len(), expected.len(), "{name}");
    for (at, (got, expected)) in got.iter().zip(expected).enumerate() {
        assert_close(&format!("{name}, {at}"), *got, *expected, tolerance);
    }
}

fn double<const D: usize>(values: Vec<f64>, shape: [usize; D]) -> Tensor<D> {
    Tensor::from_data(TensorData::new(values, shape), (&Device::flex(), DType::F64))
}

/// The averages of timm and optax begin in other ways, which `Ema` says; their ramps are not ours.
#[test]
fn averages_follow_the_ramp() {
    let case = case("ema");
    let parameters = rows(&case["parameters"]);
    let (first, later) = parameters.split_first().unwrap();
    let named = |values: &[f64]| {
        let mut tensors = NamedTensors::default();
        tensors.insert("p", double(values.to_vec(), [values.len()]));
        tensors
    };
    let ema = Ema { decay: number(&case["ramp"]["decay"]) };
    let mut averages = named(first);
    for (step, (parameters, expected)) in
        later.iter().zip(rows(&case["ramp"]["averages"])).enumerate()
    {
        averages = ema.update(averages, &named(parameters), &double(vec![step as f64], [1]));
        let got: Vec<f64> = averages.get::<1>("p").unwrap().to_data().iter().collect();
        assert_all_close(&format!("step {step}"), &got, &expected, 1e-9);
    }
}

#[test]
fn calibration_in_bins_and_by_class() {
    let case = case("calibration");
    let logits = rows(&case["logits"]);
    let (columns, logits) = (logits[0].len(), logits.concat());
    let logits = Matrix::new(&logits, columns).unwrap();
    let labels: Vec<usize> = list(&case["labels"]);
    let bins = number(&case["bins"]) as usize;
    let predictions = Predictions::new(logits, 1.0).unwrap();
    let correct = predictions.correct(&labels).unwrap();
    for (binning, kind) in
        [(Binning::EqualWidth(bins), "equal_width"), (Binning::EqualMass(bins), "equal_mass")]
    {
        let diagram = Reliability::new(&predictions.confidence, &correct, binning).unwrap();
        let expected = number(&case[format!("ece_{kind}")]);
        assert_close(kind, diagram.expected_error(), expected, 1e-9);
        if let Some(expected) = case.get(format!("maximum_error_{kind}")) {
            assert_close("largest gap", diagram.maximum_error(), number(expected), 1e-9);
        }
        let by_class = class_wise_error(logits, &labels, binning).unwrap();
        assert_close("by class", by_class, number(&case[format!("class_wise_{kind}")]), 1e-9);
    }
}

#[test]
fn nearest_neighbours_with_ties() {
    let case = case("neighbours");
    let (train, queries) = (rows(&case["train"]), rows(&case["queries"]));
    let (columns, train, queries) = (train[0].len(), train.concat(), queries.concat());
    let train = Matrix::new(&train, columns).unwrap();
    let queries = Matrix::new(&queries, columns).unwrap();
    let labels: Vec<usize> = list(&case["labels"]);
    let [k, classes] = ["k", "classes"].map(|key| number(&case[key]) as usize);
    for (kind, weighted) in [("cosine", false), ("cosine_weighted", true)] {
        let case = &case[kind];
        let temperature = weighted.then(|| number(&case["temperature"]));
        let neighbours = NearestNeighbours { k, temperature };
        let classes = neighbours.predict((train, &labels), classes, queries).unwrap();
        assert_eq!(classes, list::<usize>(&case["prediction"]), "{kind}");
    }
}

/// The published approximation, beside the exact values in the file, differs by some thousandths.
#[test]
fn an_oracle_that_decides_the_unsure() {
    let case = case("collaborative_auc");
    let numbers = |key: &str| -> Vec<f64> { list(&case[key]) };
    let positive: Vec<usize> = list(&case["positive"]);
    let positive: Vec<bool> = positive.iter().map(|flag| *flag == 1).collect();
    let scores = numbers("scores");
    for (confidence, expected) in [
        (numbers("confidence"), numbers("exact")),
        (scores.clone(), numbers("exact_when_confidence_is_the_score")),
    ] {
        let area = |fraction: &f64| {
            oracle_collaborative_auc(&scores, &positive, &confidence, *fraction).unwrap()
        };
        let got: Vec<f64> = numbers("fractions").iter().map(area).collect();
        assert_all_close("area", &got, &expected, 1e-9);
    }
}

/// The file's optimum is that of a solver of quadratic programmes, to about 1e-4.
#[test]
fn randomised_thresholds() {
    let case = case("parity");
    let scores: Vec<f64> = list(&case["scores"]);
    let group: Vec<usize> = list(&case["group"]);
    let truth: Vec<bool> = list::<usize>(&case["truth"]).iter().map(|flag| *flag == 1).collect();
    let (randomisation, max_gap) = (number(&case["randomisation"]), number(&case["max_gap"]));
    let groups = group.iter().max().unwrap() + 1;
    let hard: Vec<bool> = scores.iter().map(|score| *score > 0.0).collect();
    let table = GroupTable::new(&hard, &truth, &group, groups).unwrap();
    let hard: Vec<f64> = table.groups.iter().map(|rates| rates.positive_rate().unwrap()).collect();
    assert_all_close("hard rates", &hard, &list::<f64>(&case["hard_rates"]), 1e-9);

    let rates = |probabilities: &[f64]| -> Vec<f64> {
        let of = |k: usize| {
            let own = group.iter().zip(probabilities).filter(|(group, _)| **group == k);
            let own: Vec<f64> = own.map(|(_, p)| *p).collect();
            own.iter().sum::<f64>() / own.len() as f64
        };
        (0..groups).map(of).collect()
    };
    let objective = |probabilities: &[f64]| -> f64 {
        let pairs = probabilities.iter().zip(&scores);
        pairs.map(|(h, score)| 0.5 * randomisation * h * h - score * h).sum()
    };
    for (bound, when, exact) in [(1.0, "before", 1e-9), (max_gap, "after", 1e-3)] {
        let config = DemographicParityConfig { randomisation, max_gap: bound };
        let thresholds = config.fit(&scores, &group, groups).unwrap();
        let probabilities = thresholds.probabilities(&scores, &group).unwrap();
        let expected = |what: &str| &case[format!("{what}_{when}")];
        let gap = thresholds.gap(&scores, &group).unwrap();
        assert_close("gap", gap, number(expected("gap")), exact);
        assert!(gap <= bound + 1e-9, "{gap}");
        let accuracy = thresholds.accuracy(&scores, &group, &truth).unwrap();
        assert_close("accuracy", accuracy, number(expected("accuracy")), exact);
        assert_close("objective", objective(&probabilities), number(expected("objective")), 1e-5);
        assert_all_close("rates", &rates(&probabilities), &list(expected("rates")), exact);
    }
}

/// PyTorch's SGD: decay of weights and bias in front of the momentum. Training is single precision here: 1e-5 after
/// the steps, whose gradients are of the order of 1.
#[test]
fn steps_of_a_linear_probe() {
    let case = case("linear_probe");
    let (features, weight) = (rows(&case["features"]), rows(&case["weight"]));
    let labels: Vec<usize> = list(&case["labels"]);
    let ([n, d], c) = ([features.len(), features[0].len()], weight.len());
    let device = Device::flex();
    let single = |values: Vec<f64>, shape: [usize; 2]| {
        Tensor::<2>::from_data(TensorData::new(values, shape), (&device, DType::F32))
    };
    let linear = Linear {
        weight: Param::from_tensor(single(weight.concat(), [c, d]).transpose()),
        bias: Some(Param::from_tensor(single(list(&case["bias"]), [1, c]).reshape([c]))),
    };
    let batches: Vec<Vec<usize>> = list(&case["batches"]);
    let constant = Schedule {
        decay: Decay::Constant,
        warmup: Duration::Steps(0),
        cooldown: Duration::Steps(0),
    };
    let recipe = Recipe {
        batch_size: batches[0].len() as u64,
        total: Duration::Steps(batches.len() as u64),
        update: vec![
            Stage::WeightDecay(Rules::all(number(&case["weight_decay"]))),
            Stage::Momentum(Momentum {
                momentum: number(&case["momentum"]),
                ..Momentum::default()
            }),
            Stage::LearningRate {
                peak: number(&case["lr"]),
                factors: Rules::all(Tune::Factor(1.0)),
            },
            Stage::Schedule(constant),
        ],
        ..Recipe::vit22b()
    };
    let first = linear.clone();
    let task = task::from_fn(
        move |_: &Device| first.clone(),
        |model: &Linear, (x, y): (Tensor<2>, Tensor<2>), _| {
            loss::softmax_cross_entropy(model.forward(x), y, 0.0)
        },
    );
    let train = TrainStep::new(task, &recipe, Some(n as u64)).unwrap();
    let mut state = train.init(linear, 0);
    for (batch, expected) in batches.iter().zip(list::<f64>(&case["losses"])) {
        let x = batch.iter().flat_map(|row| features[*row].clone()).collect();
        let y = batch.iter().flat_map(|row| (0..c).map(|k| f64::from(u8::from(labels[*row] == k))));
        let batch = (single(x, [batch.len(), d]), single(y.collect(), [batch.len(), c]));
        let (next, metrics) = train.run(state, batch).unwrap();
        assert_close("loss", metrics.loss.into_scalar::<f32>().into(), expected, 1e-5);
        state = next;
    }
    let numbers = |tensor: Tensor<2>| -> Vec<f64> { tensor.into_data().iter().collect() };
    let after = state.model.weight.val().transpose();
    assert_all_close("weight", &numbers(after), &rows(&case["weight_after"]).concat(), 1e-5);
    let bias = state.model.bias.clone().unwrap().val().reshape([1, c]);
    assert_all_close("bias", &numbers(bias), &list::<f64>(&case["bias_after"]), 1e-5);
    let logits = numbers(state.model.forward(single(features.concat(), [n, d])));
    let predictions = Predictions::new(Matrix::new(&logits, c).unwrap(), 1.0).unwrap();
    let right = accuracy(&predictions.classes, &labels);
    assert_close("accuracy", right, number(&case["accuracy_after"]), 1e-9);
}

/// Single precision on both sides, in another order: 1e-6.
#[test]
fn mixtures_of_images_and_targets() {
    let case = case("mixing");
    let bytes = std::fs::read(folder().join("mixing.safetensors")).unwrap();
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let shape = |name: &str| file.tensor(name).unwrap().shape().to_vec();
    let values = |name: &str| -> Vec<f32> {
        let data = file.tensor(name).unwrap().data();
        data.as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect()
    };
    let device = Device::flex();
    let images = || {
        let shape: [usize; 4] = shape("images").try_into().unwrap();
        Tensor::<4>::from_data(TensorData::new(values("images"), shape), &device)
    };
    let labels = file.tensor("labels").unwrap();
    let classes = shape("mixup_targets")[1];
    let (chunks, _) = labels.data().as_chunks::<8>();
    let targets = || {
        let one_hot = |label: &[u8; 8]| {
            let label = i64::from_le_bytes(*label) as usize;
            (0..classes).map(move |class| f32::from(u8::from(class == label)))
        };
        let values: Vec<f32> = chunks.iter().flat_map(one_hot).collect();
        Tensor::<2>::from_data(TensorData::new(values, [chunks.len(), classes]), &device)
    };
    let compare = |name: &str, got: TensorData| {
        let got: Vec<f64> = got.iter().collect();
        let expected: Vec<f64> = values(name).into_iter().map(f64::from).collect();
        assert_all_close(name, &got, &expected, 1e-6);
    };
    let one = |value: f64| Tensor::<1>::from_data([value as f32], &device);
    let share = one(number(&case["mixup_lam"]));
    let (mixed, mixed_targets) = Mixup::mix(images(), targets(), &share);
    compare("mixup_images", mixed.into_data());
    compare("mixup_targets", mixed_targets.into_data());

    let boxes = case["boxes"].as_array().unwrap();
    for (index, drawn) in boxes.iter().enumerate() {
        let [height, width] = ["height", "width"].map(|key| number(&case[key]) as usize);
        let at = |key: &str| number(&drawn[key]) as usize;
        let centre = ["centre_y", "centre_x"].map(|key| one(number(&drawn[key])));
        // One image of ones behind one of zeros shows the rectangle, and targets show its area.
        let device = &device;
        let probe = Tensor::cat(
            vec![
                Tensor::ones([1, 1, height, width], device),
                Tensor::zeros([1, 1, height, width], device),
            ],
            0,
        );
        let lam = one(number(&drawn["lam"]));
        let (cut, cut_targets) =
            CutMix::mix(probe, Tensor::eye(2, device), lam.clone(), centre.clone());
        let cut: Vec<f32> = cut.narrow(0, 1, 1).into_data().iter().collect();
        for (place, value) in cut.iter().enumerate() {
            let (y, x) = (place / width, place % width);
            let inside = (at("y1")..at("y2")).contains(&y) && (at("x1")..at("x2")).contains(&x);
            assert_eq!(*value, f32::from(u8::from(inside)), "box {index}, row {y}, column {x}");
        }
        let own: Vec<f64> = cut_targets.into_data().iter().collect();
        assert_close("own share", own[0], number(&drawn["lam_adjusted"]), 1e-6);
        if index == number(&case["cutmix_uses_box"]) as usize {
            let (cut, cut_targets) = CutMix::mix(images(), targets(), lam, centre);
            compare("cutmix_images", cut.into_data());
            compare("cutmix_targets", cut_targets.into_data());
        }
    }
}

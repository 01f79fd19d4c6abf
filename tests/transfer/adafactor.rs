//! Adafactor on the parameters of attention in the authors' shapes, against optax.

use burn::module::Module;
use burn::nn::{Linear, LinearConfig};
use burn::tensor::{Device, Tensor, TensorData};
use vit22b::Rules;
use vit22b::params::{self, NamedTensors};
use vit22b::train::{Adafactor, Budget, Duration, Optimizer, Stage, TrainError, Tune};

#[derive(Module, Debug)]
struct Attention {
    query: Linear,
    value: Linear,
    out: Linear,
}

#[derive(Module, Debug)]
struct Model {
    attn: Attention,
}

/// Attention of width `d` with heads `[h, k]`.
fn model([d, h, k]: [usize; 3]) -> Model {
    let device = Device::flex();
    let query = LinearConfig::new(d, h * k).with_bias(false).init(&device);
    let value = LinearConfig::new(d, h * k).init(&device);
    let out = LinearConfig::new(h * k, d).with_bias(false).init(&device);
    Model { attn: Attention { query, value, out } }
}

/// Step `t`'s gradient of each parameter: any numbers that NumPy makes too.
fn gradients(model: &Model, t: usize) -> NamedTensors {
    let parameters = params::shapes(model).into_iter();
    let tensor = |(path, shape): (String, burn::tensor::Shape)| {
        let values: Vec<f32> = (0..shape.num_elements())
            .map(|i| ((0.37 * i as f64 + 1.3 * t as f64).sin() * (1 + i % 7) as f64) as f32)
            .collect();
        let data = TensorData::new(values, shape);
        (path, vit22b::params::AnyTensor::from_data(data, &Device::flex()))
    };
    parameters.map(tensor).collect()
}

fn stages(heads: Option<usize>) -> [Stage; 2] {
    let adafactor = Adafactor {
        momentum: 0.0,
        min_dim_size_to_factor: 8,
        attention_heads: heads,
        ..Adafactor::default()
    };
    let factors = Rules::all(Tune::Factor(1.0));
    [Stage::Adafactor(adafactor), Stage::LearningRate { peak: 1.0, factors }]
}

/// Six elements of the third update, evenly apart, and the shapes of the moments.
type Third = ([f32; 6], [&'static [usize]; 2]);

#[track_caller]
fn assert_third(sizes: [usize; 3], path: &str, (expected, moments): Third) {
    let module = model(sizes);
    let budget = Budget::new(Duration::Steps(10), 1, None).unwrap();
    let optimizer = Optimizer::new(&stages(Some(sizes[1])), &budget, &module).unwrap();
    let (mut state, mut now) = (optimizer.init(&module), module);
    let mut before = params::collect(&now);
    for t in 0..3 {
        before = params::collect(&now);
        let step = Tensor::<1>::from_floats([t as f32], &Device::flex());
        let gradients = gradients(&now, t);
        (now, state, _) = optimizer.update(now, gradients, state, &step, &step).unwrap();
    }
    let flat = |tensors: &NamedTensors| -> Vec<f32> {
        let (_, any) = tensors.iter().find(|(name, _)| *name == path).unwrap();
        any.to_data().try_to_vec().unwrap()
    };
    let (before, after) = (flat(&before), flat(&params::collect(&now)));
    let apart = before.len() / 6;
    for (index, expected) in expected.into_iter().enumerate() {
        let got = before[index * apart] - after[index * apart];
        assert!((got - expected).abs() < 1e-5, "{path} {index}: {got} not {expected}");
    }
    for (name, expected) in ["row", "column"].iter().zip(moments) {
        let name = format!("adafactor.{name}/{path}");
        let (_, any) = state.iter().find(|(held, _)| *held == name).unwrap();
        assert_eq!(any.shape().as_slice(), expected, "{name}");
    }
}

/// optax 0.2.8's `scale_by_factored_rms` on the same gradients as `[d, h, k]`, `[h, k, d]` and `[h, k]`; 1e-5: sums in f32 in
/// another order, of updates up to 2 that were taken from parameters up to 1.
#[test]
fn attention_is_factored_as_optax_factors_the_shapes_of_the_authors() {
    let query = [0.176_027_8, -1.831_795, 1.677_434, -1.202_780_2, 0.696_870_6, -0.140_502_9];
    assert_third([24, 4, 10], "attn.query.weight", (query, [&[4, 10], &[24, 4]]));
    let key = [0.168_869_4, -1.019_856_6, 0.482_943_6, -1.615_265_8, 0.917_426_9, -2.053_594_8];
    assert_third([24, 12, 3], "attn.query.weight", (key, [&[12, 3], &[24, 3]]));
    let out = [0.161_790_4, -1.758_122_8, 1.703_733, -1.442_269_4, 0.729_506_4, -0.142_687_6];
    assert_third([24, 4, 10], "attn.out.weight", (out, [&[4, 10], &[4, 24]]));
    let tall = [0.172_185_2, -0.930_924_1, 0.489_039_1, -1.458_96, 0.860_301_7, -2.101_318_1];
    assert_third([24, 12, 3], "attn.out.weight", (tall, [&[12, 3], &[3, 24]]));
    let bias = [0.163_897_6, 1.325_973_2, -1.195_189_5, -0.126_140_6, 2.009_074_7, -0.577_126_8];
    assert_third([24, 9, 8], "attn.value.bias", (bias, [&[8], &[9]]));
}

#[test]
fn settings_without_meaning_are_named() {
    let budget = Budget::new(Duration::Steps(10), 1, None).unwrap();
    let module = model([24, 4, 10]);
    let message = |stages: &[Stage]| -> String {
        let error: TrainError = Optimizer::new(stages, &budget, &module).unwrap_err();
        error.to_string()
    };
    assert_eq!(
        message(&stages(Some(7))),
        "adafactor.attention_heads = 7 is not valid: a divisor of 40, the width of all heads in \
         attn.query.weight"
    );
    assert!(message(&stages(Some(0))).starts_with("adafactor.attention_heads = 0 is not valid"));
    let epsilon = Stage::Adafactor(Adafactor { epsilon: 0.0, ..Adafactor::default() });
    assert_eq!(message(&[epsilon]), "adafactor.epsilon = 0 is not valid: a finite number above 0");
}

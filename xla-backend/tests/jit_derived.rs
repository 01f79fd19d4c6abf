//! Types of one's own as arguments and results of compiled functions, by `#[derive(TensorTree)]`.

use std::marker::PhantomData;
use std::sync::OnceLock;

use burn::nn::{Linear, LinearConfig};
use burn::tensor::{Device, Int, Tensor};
use burn_trace::{TensorTree, describe, value_and_grad};
use burn_xla::program::Xla;

fn xla() -> Xla {
    static XLA: OnceLock<Xla> = OnceLock::new();
    XLA.get_or_init(|| Xla::cpu().expect("the CPU plugin")).clone()
}

fn ones(n: usize) -> Tensor<1> {
    Tensor::ones([n], &Device::flex())
}

#[derive(Debug, Clone, TensorTree)]
struct State<T, C = usize> {
    model: Model,
    inner: T,
    pair: (Tensor<1>, Option<Tensor<1, Int>>),
    #[tree(static)]
    count: C,
    #[tree(static)]
    r#type: &'static str,
}

#[derive(Debug, Clone, TensorTree)]
struct Model {
    #[tree(module)]
    linear: Linear,
    moments: Vec<Moment>,
}

#[derive(Debug, Clone, TensorTree)]
struct Moment(Tensor<1>, #[tree(static)] f32);

#[derive(Debug, Clone, TensorTree)]
struct Nothing;

#[derive(Debug, Clone, TensorTree)]
struct Tagged<K, const N: usize> {
    rows: [Tensor<1>; N],
    #[tree(static)]
    kind: PhantomData<K>,
}

#[derive(Debug, Clone, TensorTree)]
#[allow(clippy::large_enum_variant, reason = "a few of them")]
enum Choice<T> {
    None,
    One(T),
    Both {
        first: T,
        second: Tensor<1>,
        #[tree(static)]
        swapped: bool,
    },
}

type Whole = State<Choice<Tensor<1>>>;

fn state(inner: Choice<Tensor<1>>, count: usize) -> Whole {
    State {
        model: Model {
            linear: LinearConfig::new(2, 2).init(&Device::flex()),
            moments: vec![Moment(ones(2), 0.5), Moment(ones(2), 0.25)],
        },
        inner,
        pair: (ones(3), None),
        count,
        r#type: "adam",
    }
}

#[test]
fn paths_are_the_names_of_fields() {
    let both = Choice::Both { first: ones(1), second: ones(1), swapped: true };
    let leaves = describe(&state(both, 1)).unwrap();
    let paths: Vec<_> = leaves.iter().map(|leaf| leaf.path.as_str()).collect();
    assert_eq!(
        paths,
        [
            "model.linear.weight",
            "model.linear.bias",
            "model.moments.0.0",
            "model.moments.1.0",
            "inner.Both.first",
            "inner.Both.second",
            "pair.0",
        ]
    );
    assert!(describe(&Nothing).unwrap().is_empty());
    let tagged = Tagged::<fn(), 2> { rows: [ones(1), ones(2)], kind: PhantomData };
    assert_eq!(describe(&tagged).unwrap()[1].path, "rows.1");
}

#[test]
fn types_of_ones_own_are_arguments_and_results() {
    fn f(mut state: Whole) -> (Tensor<1>, Whole) {
        let inner = match &state.inner {
            Choice::None => ones(1).to_device(&state.pair.0.device()) * 100,
            Choice::One(x) => x.clone().sum() * 10,
            Choice::Both { first, second, swapped: false } => {
                (first.clone() - second.clone()).sum()
            }
            Choice::Both { first, second, swapped: true } => (second.clone() - first.clone()).sum(),
        };
        for moment in &mut state.model.moments {
            moment.0 = moment.0.clone() * moment.1;
        }
        let sum = inner + state.pair.0.clone().sum() * state.count as f32;
        state.count += 1;
        (sum, state)
    }
    let jit = xla().jit(f);
    let both = |swapped| Choice::Both { first: ones(3), second: ones(1) * 5, swapped };
    for inner in [Choice::One(ones(2)), both(false), both(true)] {
        let mut host = state(inner.clone(), 2);
        let mut on_device = xla().upload(&host).unwrap();
        for count in 3..5 {
            let (expected, _) = f(host.clone());
            let (sum, next) = jit.call(host).unwrap();
            let (sum_there, next_there) = jit.call_on_device(on_device).unwrap().split().unwrap();
            on_device = next_there;
            host = next;
            let sum_there: f32 = sum_there.to_host().unwrap().into_scalar();
            assert_eq!(
                (sum.into_scalar::<f32>(), sum_there),
                (expected.clone().into_scalar(), expected.into_scalar())
            );
            let there = on_device.to_host().unwrap();
            for got in [&host, &there] {
                assert_eq!((got.count, got.r#type), (count, "adam"));
                let moment: f32 = got.model.moments[1].0.clone().sum().into_scalar();
                assert_eq!(moment, 2.0 * 0.25f32.powi(count as i32 - 2));
            }
        }
    }
    // Three forms, with two counts each.
    assert_eq!(jit.compilations(), 6);
}

#[test]
fn gradients_have_the_type_of_parameters() {
    let model = Model {
        linear: LinearConfig::new(2, 2).init(&Device::flex()),
        moments: vec![Moment(ones(2), 3.0)],
    };
    let (_, grads) = value_and_grad(&model, &(), |model, ()| {
        let Moment(x, by) = model.moments[0].clone();
        (model.linear.forward(x.unsqueeze::<2>()) * by).sum()
    })
    .unwrap();
    let weight: f32 = grads.linear.weight.val().sum().into_scalar();
    assert_eq!(weight, 12.0);
    assert_eq!(grads.moments[0].1, 3.0);
}

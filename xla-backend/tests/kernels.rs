//! Attention and linear layers by kernels of this process: which programs call them, and that their numbers are those of the compiler's
//! own operations and of Burn's CPU backend.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use burn::tensor::activation::sigmoid;
use burn::tensor::module::{attention, linear};
use burn::tensor::ops::AttentionModuleOptions;
use burn::tensor::{Bool, DType, Device, Distribution, Tensor};
use burn_trace::{Save, checkpoint_name, scan, softmax, value_and_grad};
use burn_xla::program::Xla;

type Heads = (Tensor<4>, Tensor<4>, Tensor<4>);

/// XLA with kernels, and without.
fn both() -> [Xla; 2] {
    static XLA: OnceLock<Xla> = OnceLock::new();
    let xla = XLA.get_or_init(|| Xla::cpu().expect("the CPU plugin").with_kernels(true));
    [xla.clone(), xla.clone().with_kernels(false)]
}

/// `[b, m, h, k]`, with heads behind tokens, as layers have them.
fn tokens([b, m, n, h, k]: [usize; 5], dtype: DType) -> Heads {
    let device = Device::flex();
    let random = |tokens| {
        let dims = [b, tokens, h, k];
        Tensor::<4>::random(dims, Distribution::Normal(0.0, 1.0), &device).cast(dtype)
    };
    (random(m), random(n), random(n))
}

fn plain((q, k, v): Heads) -> Tensor<4> {
    let heads = |x: Tensor<4>| x.swap_dims(1, 2);
    attention(heads(q), heads(k), heads(v), None, None, AttentionModuleOptions::default())
        .swap_dims(1, 2)
}

/// Attention as layers record it where they need gradients.
fn recorded((q, k, v): Heads) -> Tensor<4> {
    let heads = |x: Tensor<4>| x.swap_dims(1, 2);
    let scores = heads(q).mul_scalar(0.3).matmul(heads(k).transpose());
    softmax(checkpoint_name(scores, "scores")).matmul(heads(v)).swap_dims(1, 2)
}

fn gradients(((q, k, v), weights): (Heads, Tensor<4>)) -> (Tensor<1>, Heads) {
    let loss = |heads: Heads, weights: Tensor<4>| (recorded(heads) * weights).sum();
    value_and_grad(&(q, k, v), &weights, loss).expect("tensors with gradients")
}

fn calls(text: &str) -> usize {
    text.matches("burn_xla.attention").count()
}

/// The largest difference, relative to the largest number.
fn difference(x: Tensor<4>, y: Tensor<4>) -> f32 {
    let (x, y) = (x.cast(DType::F32), y.cast(DType::F32));
    let largest = y.clone().abs().max().into_scalar::<f32>();
    (x - y).abs().max().into_scalar::<f32>() / largest
}

/// Roundings of f32; two of bf16 each of which is half of 1/128 for numbers as large as the largest.
fn bound(dtype: DType) -> f32 {
    if dtype == DType::F32 { 2e-5 } else { 2.0 / 128.0 }
}

const SIZES: [[usize; 5]; 4] =
    [[2, 6, 6, 3, 8], [1, 7, 20, 2, 5], [3, 50, 49, 2, 16], [1, 6, 1, 1, 1]];

#[test]
fn forward_is_as_without_kernels_and_on_flex() {
    for dtype in [DType::F32, DType::BF16] {
        for sizes in SIZES {
            let heads = tokens(sizes, dtype);
            let flex = plain(heads.clone());
            for (xla, expected) in both().into_iter().zip([1, 0]) {
                for function in [plain, recorded] {
                    let text = xla.jit(function).lower(&heads).unwrap().program.text;
                    assert_eq!(calls(&text), expected, "{text}");
                }
                let got = xla.jit(plain).call(heads.clone()).unwrap();
                let off = difference(got, flex.clone());
                assert!(off <= bound(dtype), "{sizes:?} {dtype:?} {expected}: {off}");
            }
        }
    }
}

#[test]
fn gradients_are_those_without_kernels_and_on_flex() {
    for dtype in [DType::F32, DType::BF16] {
        for sizes in SIZES {
            let heads = tokens(sizes, dtype);
            let weights = tokens(sizes, dtype).0;
            // In f32, of the numbers that bf16 can hold.
            let wide = |x: Tensor<4>| x.cast(DType::F32);
            let (q, k, v) = heads.clone();
            let (_, exact) = gradients(((wide(q), wide(k), wide(v)), wide(weights.clone())));
            for (xla, expected) in both().into_iter().zip([2, 0]) {
                let jit = xla.jit(gradients);
                let arguments = (heads.clone(), weights.clone());
                let text = jit.lower(&arguments).unwrap().program.text;
                assert_eq!(calls(&text), expected, "{text}");
                let (_, got) = jit.call(arguments).unwrap();
                let all = [(got.0, &exact.0), (got.1, &exact.1), (got.2, &exact.2)];
                for (got, exact) in all {
                    // With one key nothing depends on the scores.
                    if sizes[2] == 1 && exact.clone().abs().max().into_scalar::<f32>() < 1e-6 {
                        continue;
                    }
                    let off = difference(got, exact.clone());
                    // Gradients have roundings of weights, of gradients by scores and of the result in them.
                    assert!(off <= 2.0 * bound(dtype), "{sizes:?} {dtype:?} {expected}: {off}");
                }
            }
        }
    }
}

/// The whole gradient is there, or everything stays as it was.
#[test]
fn attention_of_which_more_is_read_is_the_compilers() {
    let [xla, without] = both();
    let heads = tokens([2, 8, 9, 2, 4], DType::F32);
    let with_weights = |(q, k, v): Heads| {
        let scores = q.swap_dims(1, 2).matmul(k.swap_dims(1, 2).transpose());
        let weights = softmax(scores);
        (weights.clone(), weights.matmul(v.swap_dims(1, 2)))
    };
    let by_values_alone = |((q, k, v), weights): (Heads, Tensor<4>)| {
        let loss = |v: Tensor<4>, (q, k, weights): Heads| (recorded((q, k, v)) * weights).sum();
        value_and_grad(&v, &(q, k, weights), loss).expect("a gradient").1
    };
    let masked = |((q, k, v), left_out): (Heads, Tensor<4, Bool>)| {
        let options = AttentionModuleOptions::default();
        attention(
            q.swap_dims(1, 2),
            k.swap_dims(1, 2),
            v.swap_dims(1, 2),
            Some(left_out),
            None,
            options,
        )
    };
    let causal = |(q, k, v): Heads| {
        let options = AttentionModuleOptions { is_causal: true, ..Default::default() };
        attention(q.swap_dims(1, 2), k.swap_dims(1, 2), v.swap_dims(1, 2), None, None, options)
    };
    let left_out = Tensor::<2, Bool>::tril_mask([8, 9], 0, &Device::flex());
    let left_out = left_out.unsqueeze::<4>().expand([2, 2, 8, 9]);
    let weights = tokens([2, 8, 9, 2, 4], DType::F32).0;
    let arguments = (heads.clone(), weights);
    for text in [
        xla.jit(with_weights).lower(&heads).unwrap().program.text,
        xla.jit(by_values_alone).lower(&arguments).unwrap().program.text,
        xla.jit(masked).lower(&(heads.clone(), left_out)).unwrap().program.text,
        xla.jit(causal).lower(&heads).unwrap().program.text,
    ] {
        assert_eq!(calls(&text), 0, "{text}");
    }
    let [got, expected] =
        [xla, without].map(|xla| xla.jit(by_values_alone).call(arguments.clone()).unwrap());
    assert!(difference(got, expected) <= 1e-5);
}

/// Rolled blocks: the loop backward computes what it needs once more, and so whole attentions.
#[test]
fn loops_call_kernels_too() {
    let step = |(start, lanes): (Tensor<4>, Vec<Tensor<4>>)| {
        let loss = |start: Tensor<4>, lanes: Vec<Tensor<4>>| {
            let block =
                |x: Tensor<4>, lane| (recorded((x.clone(), x.clone() * lane, x.clone())) + x, ());
            scan(start, lanes, block).0.sum()
        };
        value_and_grad(&start, &lanes, loss).expect("a gradient").1
    };
    let (x, lane, _) = tokens([1, 8, 8, 2, 4], DType::F32);
    let arguments = (x, vec![lane.clone(), lane * 0.5]);
    let [xla, without] = both();
    let expected = without.jit(step).call(arguments.clone()).unwrap();
    for save in [Save::Nothing, Save::Everything] {
        let jit = xla.jit(step).roll(save.clone());
        let count = calls(&jit.lower(&arguments).unwrap().program.text);
        // Kept weights are read by the loop, so that the compiler computes them.
        assert_eq!(count, if save == Save::Nothing { 2 } else { 0 }, "{save:?}");
        assert!(difference(jit.call(arguments.clone()).unwrap(), expected.clone()) <= 1e-5);
    }
}

type Layer = (Tensor<3>, Tensor<2>, Tensor<1>);

/// Rows of images, weights and a bias.
fn layer([b, n, k, columns]: [usize; 4], dtype: DType) -> Layer {
    let device = Device::flex();
    let random = || Distribution::Normal(0.0, 1.0);
    let x = Tensor::<3>::random([b, n, k], random(), &device).cast(dtype);
    let w = Tensor::<2>::random([k, columns], Distribution::Normal(0.0, 0.1), &device);
    (x, w.cast(dtype), Tensor::<1>::random([columns], random(), &device).cast(dtype))
}

/// GELU by the hyperbolic tangent, as vit22b has it.
fn gelu(x: Tensor<3>) -> Tensor<3> {
    let a = 2.0 * (2.0 / std::f64::consts::PI).sqrt();
    let slope = x.clone().square().mul_scalar(a * 0.044_715).add_scalar(a);
    sigmoid(x.clone() * slope) * x
}

fn hidden((x, w, bias): Layer) -> Tensor<3> {
    gelu(linear(x, w, Some(bias)))
}

/// The layers of each call of the kernel of linear layers, in numbers as the program has them: products, biases, GELU,
/// residual, whether weights are turned. None where this processor's kernel was not compared with the compiler.
fn linears(text: &str) -> Option<Vec<Vec<i32>>> {
    #[cfg(target_arch = "x86_64")]
    let has = std::arch::is_x86_feature_detected!("avx512f");
    #[cfg(not(target_arch = "x86_64"))]
    let has = false;
    let call = |line: &str| {
        let (_, operands) = line.split_once("custom_call\"(")?;
        let (form, _) = operands.split_once(',')?;
        let made =
            text.lines().find(|line| line.trim_start().starts_with(&format!("{form} = ")))?;
        let (_, rest) = made.split_once("\"0x")?;
        let (hex, _) = rest.split_once('"')?;
        let bytes = (0..hex.len()).step_by(2).map(|i| u8::from_str_radix(&hex[i..i + 2], 16));
        let bytes = bytes.collect::<Result<Vec<_>, _>>().ok()?;
        Some(bytes.chunks(4).map(|four| i32::from(four[0])).collect())
    };
    let calls = text.lines().filter(|line| line.contains("burn_xla.linear"));
    has.then(|| calls.map(|line| call(line).expect(line)).collect())
}

const PLAIN: [i32; 5] = [1, 0, 0, 0, 0];
const TURNED: [i32; 5] = [1, 0, 0, 0, 1];
const WITH_BIAS: [i32; 5] = [1, 1, 0, 0, 0];
const GELU: [i32; 5] = [1, 1, 1, 0, 0];

#[test]
fn linear_layers_are_as_without_kernels_and_on_flex() {
    for dtype in [DType::F32, DType::BF16] {
        for sizes in [[2, 30, 64, 70], [1, 97, 129, 64], [3, 49, 48, 200]] {
            let arguments = layer(sizes, dtype);
            let flex = {
                let (x, w, bias) = arguments.clone();
                hidden((x.cast(DType::F32), w.cast(DType::F32), bias.cast(DType::F32)))
            };
            for (xla, expected) in both().into_iter().zip([vec![GELU.to_vec()], vec![]]) {
                let text = xla.jit(hidden).lower(&arguments).unwrap().program.text;
                let found = linears(&text);
                // bf16 needs more than AVX-512 alone.
                if let Some(found) = found.filter(|_| dtype == DType::F32) {
                    assert_eq!(found, expected, "{text}");
                }
                let got = xla.jit(hidden).call(arguments.clone()).unwrap();
                let off = difference(got.unsqueeze(), flex.clone().unsqueeze());
                // The compiler rounds what stands between product and result, too.
                assert!(off <= 2.0 * bound(dtype), "{sizes:?} {dtype:?} {expected:?}: {off}");
            }
        }
    }
}

#[test]
fn gradients_of_linear_layers_are_those_without_kernels() {
    let step = |(layer, weights): (Layer, Tensor<3>)| {
        let loss = |layer: Layer, weights: Tensor<3>| (hidden(layer) * weights).sum();
        value_and_grad(&layer, &weights, loss).expect("tensors with gradients")
    };
    let arguments = (layer([2, 50, 64, 80], DType::F32), layer([2, 50, 80, 1], DType::F32).0);
    let [xla, without] = both();
    let text = xla.jit(step).lower(&arguments).unwrap().program.text;
    if let Some(found) = linears(&text) {
        // GELU's gradient reads what is inside, and the rows' gradient reads the weights along their rows.
        assert_eq!(found, [WITH_BIAS, TURNED], "{text}");
    }
    let (_, got) = xla.jit(step).call(arguments.clone()).unwrap();
    let (_, expected) = without.jit(step).call(arguments).unwrap();
    assert!(difference(got.0.unsqueeze(), expected.0.unsqueeze()) <= 1e-5);
    assert!(difference(got.1.unsqueeze(), expected.1.unsqueeze()) <= 1e-5);
    assert!(difference(got.2.unsqueeze(), expected.2.unsqueeze()) <= 1e-5);
}

/// What is no GELU after all, or of which more is read, keeps its operations.
#[test]
fn what_is_like_gelu_is_computed_as_it_is() {
    let other_slope = |(x, w, bias): Layer| {
        let x = linear(x, w, Some(bias));
        let slope = x.clone().square().mul_scalar(0.07).add_scalar(1.6);
        sigmoid(x.clone() * slope) * x
    };
    let with_hidden = |(x, w, bias): Layer| {
        let x = linear(x, w, Some(bias));
        (gelu(x.clone()), x)
    };
    let of_another = |(x, w, bias): Layer| {
        let y = linear(x.clone(), w, Some(bias));
        let a = 2.0 * (2.0 / std::f64::consts::PI).sqrt();
        let slope = y.clone().square().mul_scalar(a * 0.044_715).add_scalar(a);
        sigmoid(y.clone() * slope) * (y + 1.0)
    };
    let arguments = layer([2, 30, 64, 64], DType::F32);
    let [xla, without] = both();
    for text in [
        xla.jit(other_slope).lower(&arguments).unwrap().program.text,
        xla.jit(with_hidden).lower(&arguments).unwrap().program.text,
        xla.jit(of_another).lower(&arguments).unwrap().program.text,
    ] {
        if let Some(found) = linears(&text) {
            assert_eq!(found, [WITH_BIAS], "{text}");
        }
    }
    let [got, expected] =
        [xla, without].map(|xla| xla.jit(of_another).call(arguments.clone()).unwrap());
    assert!(difference(got.unsqueeze(), expected.unsqueeze()) <= 1e-5);
}

/// Rows with two layers beside each other and one whose result is added to others and to the rows.
fn block((x, w, bias): Layer) -> Tensor<3> {
    let (first, second) = (linear(x.clone(), w.clone(), None), linear(x.clone(), w.clone(), None));
    let other = hidden((x.clone(), w.clone(), bias.clone()));
    let attended = (first * second).clamp(-1.0, 1.0);
    linear(attended, w.clone(), Some(bias.clone())) + linear(other, w, Some(bias)) + x
}

#[test]
fn layers_of_the_same_rows_and_sums_of_products_are_one_call_each() {
    for dtype in [DType::F32, DType::BF16] {
        let arguments = layer([2, 30, 64, 64], dtype);
        let [xla, without] = both();
        let text = xla.jit(block).lower(&arguments).unwrap().program.text;
        if let Some(found) = linears(&text).filter(|_| dtype == DType::F32) {
            let beside = [PLAIN, PLAIN, GELU].concat();
            assert_eq!(found, [beside, vec![2, 2, 0, 1, 0, 0]], "{text}");
        }
        let got = xla.jit(block).call(arguments.clone()).unwrap();
        let wide = {
            let (x, w, bias) = arguments.clone();
            (x.cast(DType::F32), w.cast(DType::F32), bias.cast(DType::F32))
        };
        for expected in [without.jit(block).call(arguments).unwrap(), block(wide)] {
            let off = difference(got.clone().unsqueeze(), expected.unsqueeze());
            assert!(off <= 2.0 * bound(dtype), "{dtype:?}: {off}");
        }
    }
}

/// What else reads a sum on its way to another one keeps it.
#[test]
fn sums_of_which_more_is_read_stay() {
    let with_part = |(x, w, bias): Layer| {
        let part = linear(x.clone(), w.clone(), Some(bias.clone())) + x.clone();
        (part.clone() + linear(x.square(), w, None), part)
    };
    // Two tensors beside the product.
    let with_two = |(x, w, _): Layer| linear(x.clone(), w, None) + x.clone() * 2.0 + x;
    // A weight that is made after the first product.
    let later = |(x, w, _): Layer| {
        let first = linear(x.clone(), w.clone(), None);
        let second = linear(x, w * first.clone().mean().reshape([1, 1]), None);
        first * second
    };
    let arguments = layer([2, 30, 64, 64], DType::F32);
    let [xla, without] = both();
    let text = xla.jit(with_part).lower(&arguments).unwrap().program.text;
    if let Some(found) = linears(&text) {
        assert_eq!(found, [[1, 1, 0, 1, 0], [1, 0, 0, 1, 0]], "{text}");
    }
    let text = xla.jit(with_two).lower(&arguments).unwrap().program.text;
    if let Some(found) = linears(&text) {
        assert_eq!(found, [[1, 0, 0, 1, 0]], "{text}");
    }
    let text = xla.jit(later).lower(&arguments).unwrap().program.text;
    if let Some(found) = linears(&text) {
        assert_eq!(found, [PLAIN, PLAIN], "{text}");
    }
    let [(got, part), (expected, expected_part)] =
        both().map(|xla| xla.jit(with_part).call(arguments.clone()).unwrap());
    assert!(difference(got.unsqueeze(), expected.unsqueeze()) <= 2e-5);
    assert!(difference(part.unsqueeze(), expected_part.unsqueeze()) <= 2e-5);
    for function in [with_two, later] {
        let [got, expected] =
            [&xla, &without].map(|xla| xla.jit(function).call(arguments.clone()).unwrap());
        assert!(difference(got.unsqueeze(), expected.unsqueeze()) <= 2e-5);
    }
}

/// Queries and keys with norms as vit22b has them: over the numbers of a head, in f32.
fn normed(((q, k, v), scale): (Heads, Tensor<1>)) -> Tensor<4> {
    let norm = |x: Tensor<4>| {
        let dtype = x.dtype();
        let x = x.cast(DType::F32);
        let mean = x.clone().square().mean_dim(3);
        let inverse = mean.add_scalar(1e-6).sqrt().recip();
        (x * inverse * scale.clone().cast(DType::F32).unsqueeze()).cast(dtype)
    };
    plain((norm(q), norm(k), v))
}

#[test]
fn norms_of_queries_and_keys_are_part_of_attention() {
    for dtype in [DType::F32, DType::BF16] {
        for sizes in SIZES {
            let heads = tokens(sizes, dtype);
            let scale = layer([1, 1, 1, sizes[4]], dtype).2;
            let arguments = (heads.clone(), scale.clone());
            let flex = {
                let (q, k, v) = heads;
                let wide = |x: Tensor<4>| x.cast(DType::F32);
                normed(((wide(q), wide(k), wide(v)), scale.cast(DType::F32)))
            };
            for (xla, expected) in both().into_iter().zip([1, 0]) {
                let text = xla.jit(normed).lower(&arguments).unwrap().program.text;
                // One number may be a scale or what is scaled.
                let is_there = expected == 0 || sizes[2..] == [1, 1, 1];
                assert_eq!((calls(&text), text.contains("sqrt")), (expected, is_there), "{text}");
                let got = xla.jit(normed).call(arguments.clone()).unwrap();
                let off = difference(got, flex.clone());
                assert!(off <= 2.0 * bound(dtype), "{sizes:?} {dtype:?} {expected}: {off}");
            }
        }
    }
}

/// The norm of rows as vit22b has it.
fn row_norm((x, _, scale): Layer) -> Tensor<3> {
    let dtype = x.dtype();
    let x = x.cast(DType::F32);
    let inverse = x.clone().square().mean_dim(2).add_scalar(1e-6).sqrt().recip();
    (x * inverse * scale.cast(DType::F32).unsqueeze()).cast(dtype)
}

#[test]
fn norms_of_rows_are_one_call() {
    let count = |text: &str| text.matches("burn_xla.rms_norm").count();
    for dtype in [DType::F32, DType::BF16] {
        let arguments = layer([2, 40, 70, 70], dtype);
        let wide = {
            let (x, w, scale) = arguments.clone();
            (x.cast(DType::F32), w, scale.cast(DType::F32))
        };
        for (xla, expected) in both().into_iter().zip([1, 0]) {
            let text = xla.jit(row_norm).lower(&arguments).unwrap().program.text;
            assert_eq!(count(&text), expected, "{text}");
            let got = xla.jit(row_norm).call(arguments.clone()).unwrap();
            let off = difference(got.unsqueeze(), row_norm(wide.clone()).unsqueeze());
            assert!(off <= bound(dtype), "{dtype:?} {expected}: {off}");
        }
    }
    // The mean of another axis, and a mean that is read besides.
    let across = |(x, _, scale): Layer| {
        let inverse = x.clone().square().mean_dim(1).add_scalar(1e-6).sqrt().recip();
        x * inverse * scale.unsqueeze()
    };
    let with_mean = |(x, _, scale): Layer| {
        let mean = x.clone().square().mean_dim(2);
        (x * mean.clone().add_scalar(1e-6).sqrt().recip() * scale.unsqueeze(), mean)
    };
    let arguments = layer([2, 40, 70, 70], DType::F32);
    let [xla, _] = both();
    for text in [
        xla.jit(across).lower(&arguments).unwrap().program.text,
        xla.jit(with_mean).lower(&arguments).unwrap().program.text,
    ] {
        assert_eq!(count(&text), 0, "{text}");
    }
}

/// Programs may run at once, from threads of the caller.
#[test]
fn from_several_threads() {
    let [xla, _] = both();
    let heads = tokens([4, 33, 33, 3, 16], DType::F32);
    let expected = plain(heads.clone());
    let done = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let jit = xla.jit(plain);
                for _ in 0..20 {
                    let got = jit.call(heads.clone()).unwrap();
                    assert!(difference(got, expected.clone()) <= 2e-5);
                    done.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
    });
    assert_eq!(done.into_inner(), 80);
}

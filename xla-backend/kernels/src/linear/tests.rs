//! Each set of instructions beside the layer as it is defined, in f64.

use super::*;

/// Numbers that differ, between -1 and 1.
fn numbers<T: Number>(count: usize, seed: u32) -> Vec<T> {
    let mut state = seed.wrapping_mul(747_796_405).wrapping_add(1);
    let next = move |_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        T::nearest((state >> 8) as f32 / (1 << 23) as f32 - 1.0)
    };
    (0..count).map(next).collect()
}

fn gelu(x: f64) -> f64 {
    let inner = (2.0 / std::f64::consts::PI).sqrt() * (x + 0.044_715 * x.powi(3));
    x / 2.0 * (1.0 + inner.tanh())
}

fn defined<T: Number>(layer: &Linear, x: &[T], w: &[T], bias: Option<&[T]>) -> Vec<f64> {
    let mut out = Vec::new();
    for i in 0..layer.rows {
        for j in 0..layer.columns {
            let weight = |t: usize| {
                let at = if layer.is_turned { j * layer.depth + t } else { t * layer.columns + j };
                f64::from(w[at].wide())
            };
            let terms =
                (0..layer.depth).map(|t| f64::from(x[i * layer.depth + t].wide()) * weight(t));
            let sum = terms.sum::<f64>() + bias.map_or(0.0, |bias| f64::from(bias[j].wide()));
            out.push(if layer.then == Then::Gelu { gelu(sum) } else { sum });
        }
    }
    out
}

fn computed<T: Layers>(layer: &Linear, set: Set, x: &[T], w: &[T], bias: Option<&[T]>) -> Vec<T> {
    let mut out = vec![T::default(); layer.rows * layer.columns];
    layer.run(set, x, w, bias, &mut out, |tasks, task| (0..tasks).for_each(task));
    out
}

fn compare<T: Layers>(bound: f64) {
    for [rows, depth, columns] in [
        [1, 1, 1],
        [0, 3, 2],
        [3, 0, 5],
        [6, 8, 64],
        [13, 31, 70],
        [100, 64, 16],
        [7, 9, 200],
        [411, 34, 3],
        [53, 130, 129],
    ] {
        for (is_turned, then, has_bias) in [
            (false, Then::Nothing, false),
            (false, Then::Nothing, true),
            (true, Then::Nothing, false),
            (false, Then::Gelu, true),
            (true, Then::Gelu, false),
        ] {
            let layer = Linear { rows, depth, columns, is_turned, then };
            let (x, w) = (numbers::<T>(rows * depth, 1), numbers::<T>(depth * columns, 2));
            let bias = has_bias.then(|| numbers::<T>(columns, 3));
            let expected = defined(&layer, &x, &w, bias.as_deref());
            let largest = expected.iter().fold(1.0f64, |m, x| m.max(x.abs()));
            for set in Set::here() {
                let got = computed(&layer, set, &x, &w, bias.as_deref());
                for (i, (got, expected)) in got.iter().zip(&expected).enumerate() {
                    let off = (f64::from(got.wide()) - expected).abs();
                    assert!(
                        off <= bound * largest,
                        "{layer:?} {set:?} {i}: {} {expected}",
                        got.wide()
                    );
                }
            }
        }
    }
}

#[test]
fn in_f32_it_is_the_layer() {
    // A hundred roundings of numbers of the size of the largest.
    compare::<f32>(1e-5);
}

#[test]
fn in_bf16_it_is_the_layer_rounded_once() {
    // Half of the last of 8 bits, and what is approximate in GELU.
    compare::<bf16>(1.1 / 256.0);
}

#[test]
fn gelu_of_large_numbers_and_of_none() {
    let layer = Linear { rows: 1, depth: 1, columns: 7, is_turned: false, then: Then::Gelu };
    let w = [-1000.0, -13.0, 13.0, 1000.0, f32::INFINITY, f32::NAN, f32::NEG_INFINITY];
    for set in Set::here() {
        let got = computed(&layer, set, &[1.0], &w, None);
        assert!(got[0].abs() < 1e-30 && got[1].abs() < 1e-30, "{set:?} {got:?}");
        assert_eq!(got[2..5], [13.0, 1000.0, f32::INFINITY], "{set:?}");
        // Of -∞ as of NaN: PyTorch and the operations one by one compute 0 times -∞.
        assert!(got[5].is_nan() && got[6].is_nan(), "{set:?} {got:?}");
    }
}

#[test]
fn what_is_no_number_stays_in_its_row() {
    let layer = Linear { rows: 9, depth: 5, columns: 7, is_turned: false, then: Then::Nothing };
    let (mut x, w) = (numbers::<f32>(45, 1), numbers::<f32>(35, 2));
    x[8 * 5 + 2] = f32::NAN;
    for set in Set::here() {
        let got = computed(&layer, set, &x, &w, None);
        assert!(got[..56].iter().all(|x| x.is_finite()) && got[56..].iter().all(|x| x.is_nan()));
    }
}

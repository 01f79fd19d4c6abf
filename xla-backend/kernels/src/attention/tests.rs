//! Each set of instructions beside attention as it is defined, in f64.

use super::*;
use crate::norm::RmsNorm;

/// Numbers that differ, between -1 and 1.
fn numbers<T: Number>(count: usize, seed: u32) -> Vec<T> {
    let mut state = seed.wrapping_mul(747_796_405).wrapping_add(1);
    let next = move |_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        T::nearest((state >> 8) as f32 / (1 << 23) as f32 - 1.0)
    };
    (0..count).map(next).collect()
}

/// The result and the gradients by query, key and value.
fn defined<T: Number>(sizes: &Attention, all: [&[T]; 4]) -> [Vec<f64>; 4] {
    let [q, k, v, g] = all.map(|x| x.iter().map(|x| f64::from(x.wide())).collect::<Vec<_>>());
    let (size, token) = (sizes.size, sizes.token());
    let (mut out, mut by_q) = (vec![0.0; q.len()], vec![0.0; q.len()]);
    let (mut by_k, mut by_v) = (vec![0.0; k.len()], vec![0.0; k.len()]);
    for image in 0..sizes.batch {
        for head in 0..sizes.heads {
            let place = Place { image, head };
            let key = |j: usize| place.start(sizes, sizes.keys) + j * token;
            for i in 0..sizes.queries {
                let at = place.start(sizes, sizes.queries) + i * token;
                let dot = |x: &[f64], at: usize, y: &[f64], from: usize| {
                    (0..size).map(|d| x[at + d] * y[from + d]).sum::<f64>()
                };
                let score = |j| f64::from(sizes.scale) * dot(&q, at, &k, key(j));
                let scores: Vec<_> = (0..sizes.keys).map(score).collect();
                let largest = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                let e: Vec<_> = scores.iter().map(|s| (s - largest).exp()).collect();
                let sum: f64 = e.iter().sum();
                let by_p: Vec<_> = (0..sizes.keys).map(|j| dot(&g, at, &v, key(j))).collect();
                let mean: f64 = e.iter().zip(&by_p).map(|(e, by)| e / sum * by).sum();
                for j in 0..sizes.keys {
                    let p = e[j] / sum;
                    let by_s = p * (by_p[j] - mean) * f64::from(sizes.scale);
                    for d in 0..size {
                        out[at + d] += p * v[key(j) + d];
                        by_v[key(j) + d] += p * g[at + d];
                        by_q[at + d] += by_s * k[key(j) + d];
                        by_k[key(j) + d] += by_s * q[at + d];
                    }
                }
            }
        }
    }
    [out, by_q, by_k, by_v]
}

fn on_one_thread(tasks: usize, task: &(dyn Fn(usize) + Sync)) {
    (0..tasks).for_each(task);
}

fn computed<T: Heads>(sizes: &Attention, set: Set, [q, k, v, g]: [&[T]; 4]) -> [Vec<f32>; 4] {
    let tensors = Tensors { query: q, key: k, value: v };
    let mut out = vec![T::default(); q.len()];
    sizes.forward(set, (tensors, Norms::default()), &mut out, on_one_thread);
    let (mut by_q, mut by_k, mut by_v) =
        (vec![T::default(); q.len()], vec![T::default(); k.len()], vec![T::default(); k.len()]);
    let gradient = Gradient { query: &mut by_q, key: &mut by_k, value: &mut by_v };
    sizes.backward(set, tensors, g, gradient, on_one_thread);
    [out, by_q, by_k, by_v].map(|x| x.into_iter().map(Number::wide).collect())
}

fn compare<T: Heads>(sizes: &Attention, bound: f64) {
    let queries = sizes.batch * sizes.queries * sizes.token();
    let keys = sizes.batch * sizes.keys * sizes.token();
    let (q, g) = (numbers::<T>(queries, 1), numbers::<T>(queries, 2));
    let (k, v) = (numbers::<T>(keys, 3), numbers::<T>(keys, 4));
    let all = [&q[..], &k, &v, &g];
    let expected = defined(sizes, all);
    for set in Set::here() {
        let got = computed(sizes, set, all);
        for ((name, got), expected) in
            ["out", "by query", "by key", "by value"].iter().zip(got).zip(&expected)
        {
            let largest = expected.iter().fold(0.0f64, |m, x| m.max(x.abs()));
            for (got, expected) in got.iter().zip(expected) {
                let off = (f64::from(*got) - expected).abs();
                assert!(off <= bound * largest, "{sizes:?} {set:?} {name}: {got} for {expected}");
            }
        }
    }
}

fn sizes() -> Vec<Attention> {
    let mut all = Vec::new();
    for [batch, queries, keys, heads, size] in [
        [1, 1, 1, 1, 1],
        [2, 7, 7, 3, 16],
        [1, 1, 196, 2, 64],
        [1, 5, 17, 2, 3],
        [1, 49, 50, 1, 80],
        [1, 97, 16, 2, 13],
        [1, 50, 100, 1, 33],
    ] {
        for scale in [1.0, 1.0 / (size as f32).sqrt()] {
            all.push(Attention { batch, queries, keys, heads, size, scale });
        }
    }
    all
}

#[test]
fn in_f32_it_is_attention() {
    // Some hundred roundings, of differences of numbers of the size of the largest.
    sizes().iter().for_each(|sizes| compare::<f32>(sizes, 2e-5));
}

#[test]
fn in_bf16_it_is_attention_of_these_numbers_rounded_to_8_bits() {
    // Two roundings to 8 bits, of numbers up to the largest.
    sizes().iter().for_each(|sizes| compare::<bf16>(sizes, 2.0 / 256.0));
}

/// The rows of all heads, normalised, in f64.
fn normalised<T: Number>(rows: &[T], norm: RmsNorm<'_>) -> Vec<T> {
    let mut out = Vec::new();
    for row in rows.chunks(norm.scale.len()) {
        let squares = row.iter().map(|x| f64::from(x.wide()).powi(2)).sum::<f64>();
        let root = (squares / row.len() as f64 + f64::from(norm.epsilon)).sqrt();
        let scaled = row.iter().zip(norm.scale);
        let scaled = scaled.map(|(x, scale)| f64::from(x.wide()) / root * f64::from(*scale));
        out.extend(scaled.map(|x| T::nearest(x as f32)));
    }
    out
}

fn compare_normalised<T: Heads>(sizes: &Attention, bound: f64) {
    let queries = sizes.batch * sizes.queries * sizes.token();
    let keys = sizes.batch * sizes.keys * sizes.token();
    let (q, k, v) = (numbers::<T>(queries, 1), numbers::<T>(keys, 2), numbers::<T>(keys, 3));
    let scale = [numbers::<f32>(sizes.size, 4), numbers::<f32>(sizes.size, 5)];
    let norm = |i: usize| Some(RmsNorm { epsilon: 0.01, scale: &scale[i] });
    for norms in [
        Norms { query: norm(0), key: norm(1) },
        Norms { query: None, key: norm(1) },
        Norms { query: norm(0), key: None },
    ] {
        let of = |x: &[T], norm| match norm {
            Some(norm) => normalised(x, norm),
            None => x.to_vec(),
        };
        let [expected, ..] = defined(sizes, [&of(&q, norms.query), &of(&k, norms.key), &v, &q]);
        for set in Set::here() {
            let tensors = Tensors { query: &q[..], key: &k, value: &v };
            let mut out = vec![T::default(); q.len()];
            sizes.forward(set, (tensors, norms), &mut out, on_one_thread);
            let largest = expected.iter().fold(0.0f64, |m, x| m.max(x.abs()));
            for (got, expected) in out.iter().zip(&expected) {
                let off = (f64::from(got.wide()) - expected).abs();
                assert!(off <= bound * largest, "{sizes:?} {set:?}: {} {expected}", got.wide());
            }
        }
    }
}

#[test]
fn queries_and_keys_are_normalised_first() {
    sizes().iter().for_each(|sizes| compare_normalised::<f32>(sizes, 2e-5));
    // A rounding to 8 bits of a query or a key changes a score by so much of itself.
    sizes().iter().for_each(|sizes| compare_normalised::<bf16>(sizes, 3.0 / 256.0));
}

#[test]
fn what_is_no_number_stays_in_its_rows() {
    let sizes = Attention { batch: 1, queries: 8, keys: 20, heads: 2, size: 16, scale: 0.25 };
    for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        let (mut q, g) = (numbers::<f32>(256, 1), numbers::<f32>(256, 2));
        let (k, v) = (numbers::<f32>(640, 3), numbers::<f32>(640, 4));
        // The third query of the second head.
        q[2 * 32 + 16 + 5] = bad;
        for set in Set::here() {
            let [out, by_q, ..] = computed(&sizes, set, [&q, &k, &v, &g]);
            for (i, (out, by_q)) in out.iter().zip(&by_q).enumerate() {
                let is_bad = (80..96).contains(&i);
                assert_eq!((out.is_nan(), by_q.is_nan()), (is_bad, is_bad), "{bad} {set:?} {i}");
            }
        }
    }
}

/// Where a row has scores that are minus infinity beside others, the others share it.
#[test]
fn minus_infinity_is_left_out() {
    let sizes = Attention { batch: 1, queries: 1, keys: 3, heads: 1, size: 1, scale: 1.0 };
    for set in Set::here() {
        let key = [1.0, f32::NEG_INFINITY, 1.0];
        let [out, ..] = computed(&sizes, set, [&[1.0], &key, &[2.0, 8.0, 4.0], &[1.0]]);
        assert_eq!(out, [3.0], "{set:?}");
    }
}

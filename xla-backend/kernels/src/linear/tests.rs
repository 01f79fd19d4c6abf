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

/// A layer with tensors of its own.
#[derive(Debug)]
struct Case<T> {
    rows: usize,
    columns: usize,
    /// Rows of the weights, and whether they lie turned.
    products: Vec<(usize, bool)>,
    inputs: Vec<Vec<T>>,
    weights: Vec<Vec<T>>,
    biases: Vec<Vec<T>>,
    then: Then,
    residual: Option<Vec<T>>,
}

impl<T: Layers> Case<T> {
    fn new(rows: usize, columns: usize, products: &[(usize, bool)]) -> Self {
        let of = |size: fn([usize; 3]) -> usize, seed| {
            let sized = products.iter().zip(seed..);
            sized.map(|(&(depth, _), seed)| numbers(size([rows, depth, columns]), seed)).collect()
        };
        Self {
            rows,
            columns,
            products: products.to_vec(),
            inputs: of(|[rows, depth, _]| rows * depth, 1),
            weights: of(|[_, depth, columns]| depth * columns, 11),
            biases: Vec::new(),
            then: Then::Nothing,
            residual: None,
        }
    }

    fn with_biases(mut self, count: u32) -> Self {
        self.biases = (0..count).map(|i| numbers(self.columns, 21 + i)).collect();
        self
    }

    fn with_gelu(mut self) -> Self {
        self.then = Then::Gelu;
        self
    }

    fn with_residual(mut self) -> Self {
        self.residual = Some(numbers(self.rows * self.columns, 31));
        self
    }

    fn products(&self) -> Vec<Product<'_, T>> {
        let tensors = self.inputs.iter().zip(&self.weights).zip(&self.products);
        tensors
            .map(|((input, weight), &(depth, is_turned))| Product {
                depth,
                input,
                weight,
                is_turned,
            })
            .collect()
    }

    fn defined(&self) -> Vec<f64> {
        let mut out = Vec::new();
        for i in 0..self.rows {
            for j in 0..self.columns {
                let mut sum = 0.0;
                for ((x, w), &(depth, is_turned)) in
                    self.inputs.iter().zip(&self.weights).zip(&self.products)
                {
                    for t in 0..depth {
                        let at = if is_turned { j * depth + t } else { t * self.columns + j };
                        sum += f64::from(x[i * depth + t].wide()) * f64::from(w[at].wide());
                    }
                }
                for bias in &self.biases {
                    sum += f64::from(bias[j].wide());
                }
                if self.then == Then::Gelu {
                    sum = gelu(sum);
                }
                if let Some(residual) = &self.residual {
                    sum += f64::from(residual[i * self.columns + j].wide());
                }
                out.push(sum);
            }
        }
        out
    }
}

/// The results of cases that are computed together.
fn computed<T: Layers>(cases: &[Case<T>], set: Set) -> Vec<Vec<T>> {
    let sized = |case: &Case<T>| vec![T::default(); case.rows * case.columns];
    let mut results: Vec<_> = cases.iter().map(sized).collect();
    let products: Vec<_> = cases.iter().map(Case::products).collect();
    let biases: Vec<Vec<&[T]>> =
        cases.iter().map(|case| case.biases.iter().map(Vec::as_slice).collect()).collect();
    let mut layers: Vec<_> = (cases.iter().zip(&mut results).zip(products.iter().zip(&biases)))
        .map(|((case, out), (products, biases))| Layer {
            columns: case.columns,
            products,
            biases,
            then: case.then,
            residual: case.residual.as_deref(),
            out,
        })
        .collect();
    linear(set, cases[0].rows, &mut layers, |tasks, task| (0..tasks).for_each(task));
    results
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
        let case = |columns, products: &[_]| Case::<T>::new(rows, columns, products);
        let together = [
            vec![case(columns, &[(depth, false)])],
            vec![case(columns, &[(depth, true)])],
            vec![case(columns, &[(depth, true)]).with_gelu().with_residual()],
            vec![
                case(columns, &[(depth, false)]).with_biases(1),
                case(columns + 3, &[(depth, true)]),
                case(columns + 70, &[(depth, false)]).with_biases(1).with_gelu(),
            ],
            vec![case(columns, &[(depth, false), (2 * depth + 1, true)]).with_biases(2)],
            vec![case(columns, &[(depth + 1, false), (depth, false)]).with_residual()],
        ];
        for cases in together {
            let expected: Vec<_> = cases.iter().map(Case::defined).collect();
            for set in Set::here() {
                for ((case, expected), got) in
                    cases.iter().zip(&expected).zip(computed(&cases, set))
                {
                    let largest = expected.iter().fold(1.0f64, |m, x| m.max(x.abs()));
                    for (i, (got, expected)) in got.iter().zip(expected).enumerate() {
                        let off = (f64::from(got.wide()) - expected).abs();
                        assert!(
                            off <= bound * largest,
                            "{rows} {columns} {:?} {set:?} {i}: {} {expected}",
                            case.products,
                            got.wide()
                        );
                    }
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
    let mut case = Case::<f32>::new(1, 7, &[(1, false)]).with_gelu();
    case.inputs = vec![vec![1.0]];
    case.weights =
        vec![vec![-1000.0, -13.0, 13.0, 1000.0, f32::INFINITY, f32::NAN, f32::NEG_INFINITY]];
    let case = [case];
    for set in Set::here() {
        let got = computed(&case, set).remove(0);
        assert!(got[0].abs() < 1e-30 && got[1].abs() < 1e-30, "{set:?} {got:?}");
        assert_eq!(got[2..5], [13.0, 1000.0, f32::INFINITY], "{set:?}");
        // Of -∞ as of NaN: PyTorch and the operations one by one compute 0 times -∞.
        assert!(got[5].is_nan() && got[6].is_nan(), "{set:?} {got:?}");
    }
}

#[test]
fn what_is_no_number_stays_in_its_row() {
    let mut case = Case::<f32>::new(9, 7, &[(5, false)]);
    case.inputs[0][8 * 5 + 2] = f32::NAN;
    let case = [case];
    for set in Set::here() {
        let got = computed(&case, set).remove(0);
        assert!(got[..56].iter().all(|x| x.is_finite()) && got[56..].iter().all(|x| x.is_nan()));
    }
}

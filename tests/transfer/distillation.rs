//! The loss of distillation against PyTorch's.

use burn::tensor::{Device, Tensor, TensorData};
use vit22b::distil::{Fidelity, TopK};
use vit22b::eval::Matrix;
use vit22b::train::loss;

use crate::{json, matrix, number, numbers, rows};

/// 1e-5 relative: f32 against f64.
#[test]
fn loss_and_gradient_are_those_of_pytorch() {
    let fixture = json("distillation/distillation.json");
    let teacher = matrix(&fixture["teacher"]);
    let (student, columns) = rows(&fixture["student"]);
    for case in fixture["kl"].as_array().unwrap() {
        let temperature = number(&case["temperature"]);
        let device = Device::flex().autodiff();
        let shape = [student.len() / columns, columns];
        let student = Tensor::<2>::from_data(TensorData::new(student.clone(), shape), &device);
        let student = student.require_grad();
        let teacher = Tensor::from_data(teacher.to_data(), &device);
        let divergence = loss::distillation(student.clone(), teacher, temperature);
        let close = |got: f64, expected: f64, what: &str| {
            assert!(
                (got - expected).abs() < 1e-5 * (1.0 + expected.abs()),
                "{what}: {got} not {expected}"
            );
        };
        close(divergence.clone().into_scalar(), number(&case["without_t_squared"]), "divergence");
        let loss = divergence.mul_scalar(temperature * temperature);
        close(loss.clone().into_scalar(), number(&case["loss"]), "loss");
        let gradient = student.grad(&loss.backward()).unwrap().into_data();
        let expected = numbers(&case["gradient_of_first_row"]);
        for (got, expected) in gradient.iter::<f64>().zip(&expected) {
            close(got, *expected, "gradient");
        }
        assert_eq!(expected.len(), columns);
    }
}

/// 1e-6: probabilities in f32. What is kept in a file has them in f16, which `distil::TopK` tests.
#[test]
fn the_most_likely_classes_are_those_of_numpy() {
    let fixture = json("distillation/distillation.json");
    let ((teacher, columns), (student, _)) = (rows(&fixture["teacher"]), rows(&fixture["student"]));
    let close = |got: f64, expected: f64, what: &str| {
        assert!((got - expected).abs() < 1e-6 * (1.0 + expected), "{what}: {got} not {expected}");
    };
    for case in fixture["top_k"].as_array().unwrap() {
        let k = number(&case["k"]) as usize;
        let mut restored = Vec::new();
        for (row, logits) in teacher.chunks_exact(columns).enumerate() {
            let kept = TopK::of(logits, k);
            let classes: Vec<f64> = kept.classes.iter().map(|class| f64::from(*class)).collect();
            assert_eq!(classes, numbers(&case["indices"][row]), "row {row}, k {k}");
            for (got, expected) in kept.probabilities.iter().zip(numbers(&case["values"][row])) {
                close((*got).into(), expected, "probability");
            }
            let all = kept.restore(columns);
            for (got, expected) in all.iter().zip(numbers(&case["restored"][row])) {
                close((*got).into(), expected, "restored");
            }
            restored.extend(all);
        }
        let shape = [student.len() / columns, columns];
        let tensor = |values: &[f32]| {
            Tensor::<2>::from_data(TensorData::new(values.to_vec(), shape), &Device::flex())
        };
        let loss = loss::softmax_cross_entropy(tensor(&student), tensor(&restored), 0.0);
        let expected = number(&case["cross_entropy"]);
        // Sums in f32 against f64.
        let got: f64 = loss.into_scalar();
        assert!((got - expected).abs() < 1e-5 * expected, "k {k}: {got} not {expected}");
    }
}

/// 1e-6 relative: f64 on logits in f32.
#[test]
fn fidelity_is_that_of_numpy() {
    let fixture = json("distillation/distillation.json");
    let ((teacher, columns), (student, _)) = (rows(&fixture["teacher"]), rows(&fixture["student"]));
    let matrix = |values| Matrix::new(values, columns).unwrap();
    let fidelity = Fidelity::new(matrix(&student), matrix(&teacher)).unwrap();
    let agreement = &fixture["agreement"];
    let divergence = &fixture["kl"].as_array().unwrap().iter().find(|c| c["temperature"] == 1.0);
    for (got, expected) in [
        (fidelity.agreement_at_1, &agreement["at_1"]),
        (fidelity.teacher_in_students_five, &agreement["at_5_teacher_first_among_student_five"]),
        (fidelity.common_of_five, &agreement["at_5_same_sets"]),
        (fidelity.divergence, &divergence.unwrap()["loss"]),
        (fidelity.distance, &fixture["distance_of_log_probabilities"]),
        (fidelity.teacher_entropy, &fixture["entropy_teacher"]),
        (fidelity.student_entropy, &fixture["entropy_student"]),
    ] {
        let expected = number(expected);
        assert!((got - expected).abs() < 1e-6 * (1.0 + expected), "{got} not {expected}");
    }
}

//! The loss of distillation against PyTorch's.

use burn::tensor::{Device, Tensor, TensorData};
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

//! Operations of one's own: lowered by their names, with their gradients.

use burn::tensor::{Device, Tensor, TensorData};
use burn_std::Tolerance;
use burn_trace::{custom, custom_with_gradient, scan, value_and_grad};
use burn_xla::lower::{CustomOps, LowerError};
use burn_xla::program::{ProgramError, Xla};

fn device() -> Device {
    Device::flex()
}

fn floats(values: [f32; 3]) -> Tensor<1> {
    Tensor::from_floats(values, &device())
}

fn close(got: Tensor<1>, expected: [f32; 3]) {
    got.into_data().assert_approx_eq::<f32>(&TensorData::from(expected), Tolerance::default());
}

/// A plain function is the half of what its lowering computes, so that it shows which of them was called.
fn xla() -> Xla {
    let operations = CustomOps::new().with("test.product", |cx, op| {
        let b = cx.builder();
        let (x, y) = (cx.get(&op.inputs[0])?, cx.get(&op.inputs[1])?);
        let product = b.multiply(x, y)?;
        cx.set(&op.outputs[0], b.add(product, product)?)
    });
    Xla::cpu().expect("the CPU plugin").with_custom(operations)
}

fn product(x: Tensor<1>, y: Tensor<1>) -> Tensor<1> {
    custom("test.product", (x, y), |(x, y)| x * y)
}

#[test]
fn an_operation_is_lowered_by_its_name() {
    let (x, y) = (floats([1., 2., 3.]), floats([4., 5., 6.]));
    close(product(x.clone(), y.clone()), [4., 10., 18.]);
    let jit = xla().jit(|(x, y)| product(x, y) + 1);
    close(jit.call((x.clone(), y.clone())).unwrap(), [9., 21., 37.]);
    // What says of which type the result is does not get into the program.
    let text = jit.lower(&(x, y)).unwrap().program.text;
    assert_eq!(text.matches("stablehlo.multiply").count(), 1, "{text}");
}

#[test]
fn its_gradient_is_that_of_the_plain_function_or_the_given_one() {
    let (x, y) = (floats([1., 2., 3.]), floats([4., 5., 6.]));
    let of_plain = xla().jit(|(x, y): (Tensor<1>, Tensor<1>)| {
        let gradient = value_and_grad(&(x, y), &(), |(x, y), ()| product(x, y).sum());
        gradient.unwrap()
    });
    let (loss, (by_x, by_y)) = of_plain.call((x.clone(), y.clone())).unwrap();
    assert_eq!(loss.into_scalar::<f32>(), 64.0);
    close(by_x, [4., 5., 6.]);
    close(by_y, [1., 2., 3.]);

    let of_its_own = xla().jit(|(x, y): (Tensor<1>, Tensor<1>)| {
        let gradient = value_and_grad(&x, &y, |x, y| {
            let product = custom_with_gradient(
                "test.product",
                (x, y),
                |(x, y)| x * y,
                |(x, y), product, by_product| {
                    (y * by_product.clone() * 2, x * product * by_product)
                },
            );
            (product * 10).sum()
        });
        gradient.unwrap()
    });
    let (loss, by_x) = of_its_own.call((x, y)).unwrap();
    assert_eq!(loss.into_scalar::<f32>(), 640.0);
    close(by_x, [80., 100., 120.]);
}

#[test]
fn it_may_stand_in_a_rolled_loop() {
    let step = |(start, lanes): (Tensor<1>, Vec<Tensor<1>>)| {
        let gradient = value_and_grad(&start, &lanes, |start, lanes| {
            scan(start, lanes, |x, lane| (product(x, lane), ())).0.sum()
        });
        gradient.unwrap()
    };
    let lanes: Vec<_> = (1..=3).map(|lane| floats([lane as f32, 1., 2.])).collect();
    for roll in [None, Some(burn_trace::Save::Everything)] {
        let jit = xla().jit(step).roll(roll);
        let (loss, by_start) = jit.call((floats([1., 1., 1.]), lanes.clone())).unwrap();
        assert_eq!(loss.into_scalar::<f32>(), 8.0 * (6. + 1. + 8.));
        close(by_start, [6., 1., 8.]);
    }
}

#[test]
fn a_name_without_a_lowering_is_an_error_that_says_so() {
    let jit = xla().jit(|x: Tensor<1>| custom("test.unknown", x, |x| x * 2));
    let error = jit.call(floats([1., 2., 3.])).unwrap_err();
    let ProgramError::Lower { source, .. } = &error else { panic!("{error}") };
    assert!(matches!(**source, LowerError::Unsupported { .. }));
    assert!(source.to_string().contains("no lowering is registered"), "{source}");
    assert!(source.to_string().contains("test.unknown"), "{source}");
}

#[test]
#[should_panic(expected = "a name of a mark")]
fn names_of_marks_are_taken() {
    custom("burn_xla.mine", floats([1., 2., 3.]), |x| x);
}

/// An operation whose lowering calls a function of this process, with the gradient of its plain form.
#[test]
fn a_rust_function_is_an_operation() {
    let name = "test.cube";
    let xla = Xla::cpu().expect("the CPU plugin");
    let registered = xla.client().register_function(name, |arguments, results, _| {
        let x = arguments[0].values::<f32>()?;
        let y = results[0].values_mut::<f32>()?;
        y.iter_mut().zip(x).for_each(|(y, x)| *y = x.powi(3));
        Ok(())
    });
    registered.unwrap();
    let operations = CustomOps::new().with(name, move |cx, op| {
        let (b, x) = (cx.builder(), cx.get(&op.inputs[0])?);
        let results = b.custom_call(name, &[x], &[(*b.type_of(x)).clone()])?;
        cx.set(&op.outputs[0], results[0])
    });
    let step = xla.with_custom(operations).jit(move |x: Tensor<1>| {
        let gradient = value_and_grad(&x, &(), |x, ()| {
            custom(name, x, |x: Tensor<1>| x.clone() * x.clone() * x).sum()
        });
        gradient.unwrap()
    });
    let x = floats([1., -2., 3.]);
    assert!(step.lower(&x).unwrap().program.text.contains("call_target_name = \"test.cube\""));
    let (sum, by_x) = step.call(x).unwrap();
    assert_eq!(sum.into_scalar::<f32>(), 1. - 8. + 27.);
    close(by_x, [3., 12., 27.]);
}

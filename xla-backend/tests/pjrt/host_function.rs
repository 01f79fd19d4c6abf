//! Functions of this process that programs call.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use burn_xla::pjrt::{
    Argument, CallResult, CompileOptions, ErrorCode, ExecuteOptions, Extension, PjrtError, Workers,
};

use crate::{client, plugin};

fn calling(name: &str) -> String {
    format!(
        r#"module @calls {{
          func.func public @main(%a: tensor<2x3xf32>, %b: tensor<3xi32>) -> (tensor<2x3xf32>, tensor<i64>) {{
            %0:2 = "stablehlo.custom_call"(%a, %b) <{{api_version = 4 : i32, backend_config = {{}},
              call_target_name = "{name}"}}> : (tensor<2x3xf32>, tensor<3xi32>) -> (tensor<2x3xf32>, tensor<i64>)
            %1 = stablehlo.add %0#0, %0#0 : tensor<2x3xf32>
            return %1, %0#1 : tensor<2x3xf32>, tensor<i64>
          }}
        }}"#
    )
}

#[test]
fn a_program_calls_a_rust_function() {
    static CALLS: AtomicUsize = AtomicUsize::new(0);
    let client = client();
    assert!(plugin().capabilities().extensions.contains(&Extension::Ffi));
    let scale = |arguments: &[Argument<'_>], results: &mut [CallResult<'_>], _: Workers<'_>| {
        CALLS.fetch_add(1, Ordering::Relaxed);
        let [a, b] = arguments else { return Err("two arguments".into()) };
        let [scaled, sum] = results else { return Err("two results".into()) };
        let (x, by) = (a.values::<f32>()?, b.values::<i32>()?);
        assert_eq!(
            (a.ty().to_string(), b.ty().to_string()),
            ("tensor<2x3xf32>".into(), "tensor<3xi32>".into())
        );
        for (i, y) in scaled.values_mut::<f32>()?.iter_mut().enumerate() {
            *y = x[i] * by[i % 3] as f32;
        }
        sum.values_mut::<i64>()?[0] = by.iter().map(|&b| i64::from(b)).sum();
        Ok(())
    };
    client.register_function("tests.scale", scale).unwrap();
    let program = client.compile(calling("tests.scale"), &CompileOptions::new()).unwrap();
    let device = client.device(0).unwrap();
    let a = client.buffer_from_slice(&[1f32, 2., 3., 4., 5., 6.], &[2, 3], &device).unwrap();
    for factor in [1, -2] {
        let b = client.buffer_from_slice(&[factor, 10, 0], &[3], &device).unwrap();
        let results = program.execute(&[&a, &b], &ExecuteOptions::default()).unwrap();
        let f = 2. * factor as f32;
        let expected = [f, 40., 0., 4. * f, 100., 0.];
        assert_eq!(results[0].to_vec::<f32>().unwrap(), expected);
        assert_eq!(results[1].to_vec::<i64>().unwrap(), [i64::from(factor) + 10]);
    }
    assert_eq!(CALLS.load(Ordering::Relaxed), 2);
    // The name is taken, for this plugin and every client of it.
    let error = crate::client().register_function("tests.scale", scale).unwrap_err().to_string();
    assert_eq!(
        error,
        "`tests.scale`: expected a free name for a function, got one that is not: another function has it; take \
         another name"
    );
}

/// What a function returns as an error, and what it panics with, is the error of the execution.
#[test]
fn a_function_that_fails_fails_the_execution() {
    let client = client();
    let device = client.device(0).unwrap();
    let a = client.buffer_from_slice(&[1f32; 6], &[2, 3], &device).unwrap();
    let b = client.buffer_from_slice(&[1i32; 3], &[3], &device).unwrap();
    let wrong = client.register_function("tests.wrong_type", |arguments, _, _| {
        arguments[1].values::<f64>().map(drop)
    });
    let panics = client.register_function("tests.panics", |_, _, _| panic!("no {}", 7));
    wrong.and(panics).unwrap();
    for (name, told) in [
        (
            "tests.wrong_type",
            "the host function `tests.wrong_type`: expected a tensor of f64, got tensor<3xi32>",
        ),
        ("tests.panics", "the host function `tests.panics`: it panicked: no 7"),
    ] {
        let program = client.compile(calling(name), &CompileOptions::new()).unwrap();
        let ran = program.execute(&[&a, &b], &ExecuteOptions::default());
        let error = ran.and_then(|results| results[0].to_vec::<f32>()).unwrap_err();
        assert!(error.to_string().contains(told), "{error}");
        assert_eq!(error.code(), Some(ErrorCode::Internal), "{error}");
    }
}

#[test]
fn a_name_that_nobody_registered_does_not_compile_or_run() {
    let client = client();
    let device = client.device(0).unwrap();
    let a = client.buffer_from_slice(&[1f32; 6], &[2, 3], &device).unwrap();
    let b = client.buffer_from_slice(&[1i32; 3], &[3], &device).unwrap();
    let ran = client
        .compile(calling("tests.nobody"), &CompileOptions::new())
        .and_then(|program| program.execute(&[&a, &b], &ExecuteOptions::default()))
        .and_then(|results| results[0].to_vec::<f32>());
    let error = ran.unwrap_err();
    assert!(error.to_string().contains("tests.nobody"), "{error}");
    assert!(!matches!(error, PjrtError::Function { .. }));
}

/// Squares each number as a task of its own; the 13th number must not be negative.
fn squares(
    arguments: &[Argument<'_>],
    results: &mut [CallResult<'_>],
    workers: Workers<'_>,
) -> Result<(), String> {
    let (x, y) = (arguments[0].values::<f32>()?, results[0].values_mut::<f32>()?);
    let squares: Vec<_> = x.iter().map(|_| Mutex::new(None)).collect();
    workers.each(x.len(), &|i| {
        assert!(i != 13 || x[i] >= 0.0, "a negative number");
        let before = squares[i].lock().unwrap().replace(x[i] * x[i]);
        assert_eq!(before, None, "task {i} was done before");
    });
    for (y, square) in y.iter_mut().zip(squares) {
        *y = square.into_inner().unwrap().ok_or("a task was not done")?;
    }
    Ok(())
}

#[test]
fn the_plugins_threads_help() {
    let client = client();
    client.register_function("tests.squares", squares).unwrap();
    let program = r#"func.func @main(%x: tensor<500xf32>) -> tensor<500xf32> {
        %0 = "stablehlo.custom_call"(%x) <{api_version = 4 : i32, backend_config = {},
          call_target_name = "tests.squares"}> : (tensor<500xf32>) -> tensor<500xf32>
        return %0 : tensor<500xf32>
    }"#;
    let program = client.compile(program, &CompileOptions::new()).unwrap();
    let device = client.device(0).unwrap();
    let mut x: Vec<f32> = (0..500).map(|i| i as f32).collect();
    for _ in 0..50 {
        let argument = client.buffer_from_slice(&x, &[500], &device).unwrap();
        let results = program.execute(&[&argument], &ExecuteOptions::default()).unwrap();
        let expected: Vec<_> = x.iter().map(|x| x * x).collect();
        assert_eq!(results[0].to_vec::<f32>().unwrap(), expected);
    }
    x[13] = -1.0;
    let argument = client.buffer_from_slice(&x, &[500], &device).unwrap();
    let error = match program.execute(&[&argument], &ExecuteOptions::default()) {
        Ok(results) => results[0].to_vec::<f32>().unwrap_err(),
        Err(error) => error,
    };
    assert!(error.to_string().contains("it panicked: a negative number"), "{error}");
}

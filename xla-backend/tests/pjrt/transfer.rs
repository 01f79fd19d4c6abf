//! Values go to a device and come back.

use burn_xla::pjrt::{CompileOptions, ElementType, ExecuteOptions, TensorType};

use crate::{ADD, UPDATE, client};

/// A program that returns its argument.
fn identity(ty: &TensorType) -> String {
    format!(
        "module @identity {{ func.func public @main(%x: {ty}) -> {ty} {{ return %x : {ty} }} }}"
    )
}

const SHAPES: &[&[usize]] = &[
    &[],
    &[1],
    &[7],
    &[0],
    &[2, 0, 3],
    &[3, 5],
    &[2, 3, 4],
    &[1, 2, 1, 3, 1, 2],
    &[1, 1, 1, 1, 1, 1, 1, 2, 1],
];

/// Bytes that differ from each other; for bool, zeros and ones.
fn pattern(ty: &TensorType) -> Vec<u8> {
    let modulus = if ty.element == ElementType::Bool { 2 } else { 127 };
    (0..ty.bytes().unwrap()).map(|index| (index % modulus) as u8).collect()
}

#[test]
fn every_type_in_every_shape_comes_back_as_it_went() {
    let client = client();
    let device = client.device(0).unwrap();
    for element_type in ElementType::ALL {
        for &dims in SHAPES {
            let ty = TensorType::new(element_type, dims);
            let data = pattern(&ty);
            let copied = client.buffer_from_host(&data, element_type, dims, &device).unwrap();
            let owned =
                client.buffer_from_owned(data.clone(), element_type, dims, &device).unwrap();
            for buffer in [&copied, &owned] {
                assert_eq!((buffer.shape(), buffer.element_type()), (dims, element_type));
                assert_eq!(buffer.to_host().unwrap(), data, "{ty}");
                let mut target = vec![0; data.len()];
                buffer.to_host_into(&mut target).unwrap();
                assert_eq!(target, data, "{ty}");
                assert_eq!(buffer.device().unwrap(), device);
            }
        }
    }
}

#[test]
fn every_type_and_shape_goes_through_a_program() {
    let client = client();
    let device = client.device(0).unwrap();
    for element_type in ElementType::ALL {
        for &dims in &[SHAPES[0], SHAPES[4], SHAPES[6]] {
            let ty = TensorType::new(element_type, dims);
            let program = client.compile(identity(&ty), &CompileOptions::new()).unwrap();
            let data = pattern(&ty);
            let argument = client.buffer_from_host(&data, element_type, dims, &device).unwrap();
            let results = program.execute(&[&argument], &ExecuteOptions::default()).unwrap();
            assert_eq!(results[0].ty(), &ty);
            assert_eq!(results[0].to_host().unwrap(), data, "{ty}");
        }
    }
}

#[test]
fn results_are_ready_when_their_event_has_fired() {
    let client = client();
    let device = client.device(0).unwrap();
    let add = client.compile(ADD, &CompileOptions::new()).unwrap();
    let a = client.buffer_from_slice(&[0f32, 1., 2., 3., 4., 5.], &[2, 3], &device).unwrap();
    let sum = add.execute(&[&a, &a], &ExecuteOptions::default()).unwrap().remove(0);
    sum.ready().unwrap().wait().unwrap();
    assert!(sum.ready().unwrap().is_ready().unwrap());
    let (sender, receiver) = std::sync::mpsc::channel();
    sum.ready().unwrap().on_ready(move |result| sender.send(result.is_ok()).unwrap()).unwrap();
    assert!(receiver.recv().unwrap());
    assert_eq!(sum.to_vec::<f32>().unwrap(), [0., 2., 4., 6., 8., 10.]);
    assert_eq!(
        sum.to_vec::<i32>().unwrap_err().to_string(),
        "tensor<2x3xf32>: expected a buffer of i32, got one of f32; ask for its own type"
    );
    assert!(sum.on_device_size().unwrap() >= 24);
}

#[test]
fn burn_data_goes_to_a_device_and_comes_back() {
    use burn_backend::{BoolStore, TensorData};

    let client = client();
    let device = client.device(0).unwrap();
    for data in [
        TensorData::new(vec![1f32, 2., 3., 4., 5., 6.], [2, 3]),
        TensorData::new(vec![true, false, true], [3]),
        TensorData::new(vec![-1i64], [1]),
        TensorData::new(Vec::<half::bf16>::new(), [0, 4]),
    ] {
        let buffer = client.buffer_from_data(data.clone(), &device).unwrap();
        assert_eq!(buffer.to_data().unwrap(), data);
    }
    let stored = burn_backend::DType::Bool(BoolStore::U32);
    let wide = TensorData::from_bytes_vec([1u32, 0].map(u32::to_ne_bytes).concat(), [2], stored);
    let buffer = client.buffer_from_data(wide, &device).unwrap();
    assert_eq!(buffer.to_data().unwrap(), TensorData::new(vec![true, false], [2]));
}

#[test]
fn a_view_keeps_the_values_it_shows() {
    const SIZE: usize = 1 << 18;
    let client = client();
    let device = client.device(0).unwrap();
    let program = UPDATE.replace("4x", &format!("{SIZE}x"));
    let update = client.compile(program, &CompileOptions::new()).unwrap();
    let upload =
        |value: f32| client.buffer_from_slice(&vec![value; SIZE], &[SIZE], &device).unwrap();
    let step = upload(2.);
    for _ in 0..10 {
        // Donating what is looked at is refused or done with a copy; the view shows the same either way.
        let state = upload(1.);
        let view = state.host_view().unwrap().expect("the CPU's buffers can be read in place");
        let before = view.to_vec();
        let updated = update.execute(&[&state, &step], &ExecuteOptions::default());
        if let Ok(updated) = updated {
            assert_eq!(updated[0].to_vec::<f32>().unwrap(), vec![3.; SIZE]);
        }
        assert!(view[..] == before);
        drop(view);
        // Nor does giving up the memory take it from under a view.
        let state = upload(1.);
        let view = state.host_view().unwrap().unwrap();
        state.delete().unwrap();
        let noise: Vec<_> = (0..10).map(|_| upload(7.)).collect();
        assert!(view[..] == before);
        drop((view, noise));
    }
    // The asynchronous way reads the same.
    assert_eq!(step.to_host_async().unwrap().wait().unwrap(), step.to_host().unwrap());
}

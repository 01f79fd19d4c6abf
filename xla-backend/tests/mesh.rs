//! Programs over meshes of eight CPU devices.

use std::sync::OnceLock;

use burn::tensor::{Device, Distribution, Int, Tensor};
use burn_trace::mesh::{Layout, Mesh, MeshError, Spec};
use burn_trace::{Ring, constrain, constrain_as, ring_linear, value_and_grad};
use burn_xla::Xla;
use burn_xla::pjrt::{Client, ClientOptions};
use burn_xla::plugin::{self, Platform};
use burn_xla::program::{PlacementError, ProgramError};

fn client() -> Client {
    static CLIENT: OnceLock<Client> = OnceLock::new();
    let start = || {
        let plugin = plugin::load(&plugin::ensure(Platform::Cpu).unwrap()).unwrap();
        Client::new(&plugin, &ClientOptions::new().with_cpu_devices(8)).unwrap()
    };
    CLIENT.get_or_init(start).clone()
}

/// A layout that lists specs by path; other leaves are on every device.
fn layout(specs: &'static [(&'static str, &'static str)]) -> Layout {
    Layout::new(move |leaf| {
        let found = specs.iter().find(|(path, _)| *path == leaf.path);
        let spec: Spec = found.map_or("-", |(_, spec)| spec).parse()?;
        Ok(spec.for_shape(&leaf.ty.shape))
    })
}

fn over(mesh: &str, specs: &'static [(&'static str, &'static str)]) -> Xla {
    let mesh: Mesh = mesh.parse().unwrap();
    Xla::over(&client(), mesh).unwrap().with_layout(layout(specs))
}

fn random<const D: usize>(shape: [usize; D]) -> Tensor<D> {
    Tensor::random(shape, Distribution::Uniform(-1.0, 1.0), &Device::default())
}

fn close<const D: usize>(got: Tensor<D>, expected: Tensor<D>) {
    let scale = expected.clone().abs().max().into_scalar::<f32>();
    let difference = (got - expected).abs().max().into_scalar::<f32>();
    assert!(difference <= 1e-5 * scale, "{difference} of {scale}");
}

#[test]
fn a_sharded_product_is_the_product() {
    let (x, w) = (random([8, 16]), random([16, 24]));
    let expected = x.clone().matmul(w.clone());
    for mesh in ["data=8,model=1", "data=4,model=2", "data=2,model=4", "data=1,model=8"] {
        for specs in [
            &[("0", "data"), ("1", "-,model"), ("", "data,model")][..],
            &[("0", "data,model"), ("1", "model"), ("", "data")][..],
            &[("0", "data"), ("1", "data,model"), ("", "-,data")][..],
        ] {
            let xla = over(mesh, specs);
            let product = xla.jit(|(x, w): (Tensor<2>, Tensor<2>)| x.matmul(w));
            close(product.call((x.clone(), w.clone())).unwrap(), expected.clone());
        }
    }
}

#[test]
fn values_stay_in_parts_between_calls_and_their_memory_is_used_again() {
    let specs = &[("", "data,model"), ("0", "data,model"), ("1", "data")];
    let xla = over("data=2,model=4", specs);
    let step = xla
        .jit(|(state, batch): (Tensor<2>, Tensor<2>)| {
            state.mul_scalar(0.5) + batch.clone().transpose().matmul(batch)
        })
        .donate(|path| path == "0");
    let (start, batch) = (random([8, 8]), random([16, 8]));
    let mut state = xla.upload(&start).unwrap();
    let sizes: Vec<_> = state.buffers().map(|shard| shard.shape().to_vec()).collect();
    assert_eq!(sizes, vec![vec![4, 2]; 8]);
    let gram = batch.clone().transpose().matmul(batch.clone());
    let mut expected = start;
    for _ in 0..3 {
        let before = state.clone();
        // By itself the batch is the leaf `` of its tree.
        let placed = xla.with_layout(layout(&[("", "data")])).upload(&batch).unwrap();
        state = step.call_on_device((state, placed)).unwrap();
        assert!(before.buffers().all(|shard| shard.is_deleted().unwrap()));
        expected = expected.mul_scalar(0.5) + gram.clone();
    }
    close(state.to_host().unwrap(), expected);
    assert_eq!(step.compilations(), 1);
}

#[test]
fn a_constraint_and_its_gradient_are_in_the_program() {
    let xla = over("data=2,model=4", &[("0", "data"), ("1", "-,model")]);
    let spec: Spec = "data,model".parse().unwrap();
    let function = move |(x, w): (Tensor<2>, Tensor<2>)| {
        let (loss, grads) =
            value_and_grad(&w, &x, |w, x| constrain(x.matmul(w), &spec).square().sum()).unwrap();
        (loss, grads)
    };
    let (x, w) = (random([8, 16]), random([16, 8]));
    let jit = xla.jit(function.clone());
    let text = jit.lower(&(x.clone(), w.clone())).unwrap().program.text;
    let constraint = r#"sdy.sharding_constraint"#;
    assert_eq!(text.matches(constraint).count(), 2, "{text}");
    assert_eq!(text.matches(r#"<@mesh, [{"data"}, {"model"}]>"#).count(), 2, "{text}");
    let (loss, grad) = jit.call((x.clone(), w.clone())).unwrap();
    let alone = Xla::new(&client()).unwrap().jit(function);
    let lowered = alone.lower(&(x.clone(), w.clone())).unwrap().program.text;
    assert!(!lowered.contains("sdy."), "{lowered}");
    let (expected_loss, expected_grad) = alone.call((x.clone(), w.clone())).unwrap();
    close(loss, expected_loss);
    close(grad, expected_grad.clone());
    // And 2 xᵀ (x w), by hand.
    let product = x.clone().matmul(w);
    close(expected_grad, x.transpose().matmul(product).mul_scalar(2.0));
}

#[test]
fn a_layout_gives_named_constraints_their_specs() {
    let function = |(x, w): (Tensor<2>, Tensor<2>)| {
        let loss = |w: Tensor<2>, x: Tensor<2>| {
            let hidden = constrain_as(x.matmul(w), "hidden");
            constrain_as(hidden, "unknown").square().sum()
        };
        value_and_grad(&w, &x, loss).unwrap()
    };
    let (x, w) = (random([8, 16]), random([16, 8]));
    let lowered = |xla: &Xla| xla.jit(function).lower(&(x.clone(), w.clone()));
    let replicated = over("data=2,model=4", &[]);
    let text = lowered(&replicated).unwrap().program.text;
    assert!(!text.contains("sdy.sharding_constraint"), "{text}");
    let named = |spec: &str| {
        let names = [("hidden".to_owned(), spec.parse().unwrap())];
        replicated.with_layout(Layout::replicated().with_names(names))
    };
    let xla = named("data,model");
    // One for the product and one for its gradient.
    let text = lowered(&xla).unwrap().program.text;
    assert_eq!(text.matches(r#"<@mesh, [{"data"}, {"model"}]>"#).count(), 2, "{text}");
    let alone = Xla::new(&client()).unwrap().jit(function);
    let (expected_loss, expected_grad) = alone.call((x.clone(), w.clone())).unwrap();
    let (loss, grad) = xla.jit(function).call((x.clone(), w.clone())).unwrap();
    close(loss, expected_loss);
    close(grad, expected_grad);
    let error = match lowered(&named("-,-,data")) {
        Err(ProgramError::Lower { source, .. }) => source.to_string(),
        other => panic!("{other:?}"),
    };
    assert!(error.contains("hidden: spec `-,-,data` is for 3 dimensions"), "{error}");
}

#[test]
fn a_ring_that_does_not_fit_is_told() {
    let xla = over("data=2,model=4", &[]);
    let message = |spec: &str, width: usize| {
        let spec: Spec = spec.parse().unwrap();
        let ring = move |(x, w): (Tensor<2>, Tensor<2>)| ring_linear(x, w, Ring::Gather, &spec);
        match xla.jit(ring).lower(&(random([8, width]), random([width, 8]))) {
            Err(ProgramError::Lower { source, .. }) => source.to_string(),
            other => panic!("{other:?}"),
        }
    };
    for (spec, width, expected) in [
        ("data,pipeline", 8, "a ring over pipeline; the mesh data=2,model=4 has no such axis"),
        ("-,data+model", 8, "a ring is one axis, got data+model"),
        ("data,model", 6, "the input of a ring: dimension 1 of [8, 6] is cut into 4"),
    ] {
        let error = message(spec, width);
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn every_device_draws_the_same_numbers() {
    let xla = over("data=8", &[("", "data")]);
    let draw = |x: Tensor<1>| x.random_like(Distribution::Default);
    let numbers = xla.jit(draw).call_with_seed(Tensor::zeros([64], &Device::default()), 3).unwrap();
    let alone = Xla::new(&client()).unwrap().jit(draw);
    let expected = alone.call_with_seed(Tensor::zeros([64], &Device::default()), 3).unwrap();
    close(numbers, expected);
}

#[test]
fn integers_and_truth_values_are_cut_as_well() {
    let xla = over("data=8", &[("0", "data"), ("1", "-,data"), ("", "data")]);
    let device = Device::default();
    let count = Tensor::<1, Int>::arange(0..16, &device);
    let mask = Tensor::<2>::ones([3, 8], &device).greater_elem(0.5);
    let tree = (count.clone(), mask.clone());
    let (a, b) = xla.upload(&tree).unwrap().to_host().unwrap();
    assert_eq!(a.into_data(), count.into_data());
    assert_eq!(b.into_data().convert::<bool>(), mask.into_data().convert::<bool>());
}

fn mesh_error<T>(result: Result<T, ProgramError>) -> MeshError {
    match result {
        Err(ProgramError::Mesh(error)) => error,
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("it should fail"),
    }
}

/// What a process among several does, where it has all devices: its share is the whole.
#[test]
fn one_process_brings_all_rows() {
    let client = client();
    assert_eq!(client.process(), 0);
    let ids: Vec<_> = client.all_devices().iter().map(|device| device.id).collect();
    let own: Vec<_> = client.devices().iter().map(|device| device.id()).collect();
    assert_eq!(ids, own);
    let specs = &[("", "-,model"), ("0", "data"), ("1", "data,model")];
    // In another order the devices hold other parts.
    let reversed: Vec<_> = ids.iter().rev().copied().collect();
    let mesh: Mesh = "data=4,model=2".parse().unwrap();
    let reversed = Xla::over_ids(&client, &reversed, mesh).unwrap().with_layout(layout(specs));
    let spec: Spec = "data".parse().unwrap();
    let batch = (random([8, 3]), random([8, 4]));
    let expected = batch.0.clone().transpose().matmul(batch.1.clone());
    for xla in [over("data=4,model=2", specs), reversed] {
        assert_eq!(xla.rows(&spec, 8).unwrap(), 0..8);
        assert_eq!(xla.row_parts(&spec), 4);
        let product = xla.jit(|(x, y): (Tensor<2>, Tensor<2>)| x.transpose().matmul(y));
        for arguments in [xla.upload_share(&batch).unwrap(), xla.upload(&batch).unwrap()] {
            let shapes: Vec<_> = arguments.buffers().map(|part| part.shape().to_vec()).collect();
            assert_eq!(shapes, [vec![vec![2, 3]; 8], vec![vec![2, 2]; 8]].concat());
            close(arguments.to_host().unwrap().0, batch.0.clone());
            close(product.call_on_device(arguments).unwrap().to_host().unwrap(), expected.clone());
        }
        assert_eq!(product.compilations(), 1);
        let error = mesh_error(xla.upload_share(&(random([6, 3]), random([6, 4]))));
        assert!(error.to_string().contains("8 is the nearest size that divides"), "{error}");
        assert!(xla.rows(&spec, 6).is_err());
    }
    let error = Xla::over_ids(&client, &[0, 99], "data=2".parse().unwrap()).unwrap_err();
    assert!(
        error.to_string().starts_with("no process has the device 99; the devices are [0, 1,"),
        "{error}"
    );
}

#[test]
fn what_does_not_fit_is_told() {
    let error = Xla::over(&client(), "data=4".parse().unwrap()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the mesh data=4 takes 4 devices, got 8; change an axis, or the number of devices"
    );
    let xla = over("data=4,model=2", &[("0", "data"), ("", "data")]);
    let sum = xla.jit(|(x, y): (Tensor<1>, Tensor<1>)| x + y);
    let error = mesh_error(sum.call((random([6]), random([6]))));
    assert_eq!(
        error.to_string(),
        "0: dimension 0 of [6] is cut into 4 by spec `data`, which does not divide 6; 8 is the nearest \
         size that divides"
    );
    // Lying otherwise, or elsewhere, than the program takes it.
    let whole = xla.with_layout(Layout::replicated());
    let arguments = whole.upload(&(random([8]), random([8]))).unwrap();
    let error = sum.call_on_device(arguments).unwrap_err();
    assert_eq!(
        error.to_string(),
        "argument `0` lies as `-`, the program takes it as `data`; upload it by the same layout"
    );
    let alone = Xla::new(&client()).unwrap();
    let elsewhere = alone.upload(&(random([8]), random([8]))).unwrap();
    let error = sum.call_on_device(elsewhere).unwrap_err();
    let is_foreign =
        |e: &ProgramError| matches!(e, ProgramError::Placement(PlacementError::Foreign { .. }));
    assert!(is_foreign(&error), "{error}");
    let mixed = (alone.upload(&random([8])).unwrap(), whole.upload(&random([8])).unwrap());
    let error = sum.call_on_device(mixed).unwrap_err();
    assert!(is_foreign(&error), "{error}");
    // An axis that is not there, in a constraint.
    let spec: Spec = "pipeline".parse().unwrap();
    let constrained = xla.jit(move |x: Tensor<1>| constrain(x, &spec));
    let mut error: Box<dyn std::error::Error> =
        Box::new(constrained.call(random([8])).unwrap_err());
    let mut text = error.to_string();
    while let Some(source) = error.source() {
        text = format!("{text}: {source}");
        error = source.to_string().into();
    }
    assert!(text.contains("the mesh data=4,model=2 has no such axis"), "{text}");
}

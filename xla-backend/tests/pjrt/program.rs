//! Programs: what they tell, on one device, on eight, from many threads.

use burn_xla::pjrt::{
    ApiVersion, Client, ClientOptions, CompileOptions, DeviceAssignment, ErrorCode, ExecuteOptions,
    Extension, OptionValue, PjrtError, Plugin,
};

use crate::{ADD, client, plugin};

#[test]
fn an_executable_survives_serialisation() {
    let client = client();
    let device = client.device(0).unwrap();
    let compiled = client.compile(ADD, &CompileOptions::new()).unwrap();
    let bytes = compiled.program().serialize().unwrap();
    drop(compiled);
    let add = client.deserialize(&bytes).unwrap();
    assert_eq!(add.program().name(), "add");
    let a = client.buffer_from_slice(&[1f32; 6], &[2, 3], &device).unwrap();
    let sum = add.execute(&[&a, &a], &ExecuteOptions::default()).unwrap();
    assert_eq!(sum[0].to_vec::<f32>().unwrap(), [2.; 6]);
    // Its parameters are known as well.
    assert!(matches!(
        add.execute(&[&a], &ExecuteOptions::default()),
        Err(PjrtError::Count { expected: 2, got: 1, .. })
    ));
    for broken in [&bytes[..bytes.len() / 2], b"no executable", b""] {
        assert!(matches!(client.deserialize(broken), Err(PjrtError::Plugin { .. })));
    }
}

#[test]
fn a_program_tells_what_it_is_and_what_it_costs() {
    let client = client();
    let add = client.compile(ADD, &CompileOptions::new()).unwrap();
    let program = add.program();
    assert_eq!(program.name(), "add");
    let outputs: Vec<_> = program.outputs().map(ToString::to_string).collect();
    assert_eq!(outputs, ["tensor<2x3xf32>"]);
    assert_eq!((program.num_replicas().unwrap(), program.num_partitions().unwrap()), (1, 1));
    let signature = program.signature().unwrap();
    assert_eq!(signature.parameters.len(), 2);
    let memory = program.memory_stats().unwrap();
    assert_eq!((memory.argument_bytes, memory.output_bytes), (48, 24));
    assert!(memory.total_bytes() >= 72);
    // Six additions, from a plugin that estimates costs. One that does not says so, and gives no number.
    match program.cost_analysis() {
        Ok(cost) => {
            let flops = cost.iter().find(|(name, _)| name == "flops");
            assert_eq!(
                flops.map(|(_, flops)| flops.clone()),
                Some(OptionValue::Float(6.)),
                "{cost:?}"
            );
        }
        Err(error) => assert_eq!(error.code(), Some(ErrorCode::Unimplemented), "{error}"),
    }
    assert!(!program.optimized_program().unwrap().code.is_empty());
    if let Ok(fingerprint) = program.fingerprint() {
        assert!(!fingerprint.is_empty());
    }
}

/// The sum over eight shards of eight values each, by Shardy's annotations.
const SHARDED_SUM: &str = r#"
module @sum {
  sdy.mesh @mesh = <["data"=8]>
  func.func public @main(%x: tensor<64xf32> {sdy.sharding = #sdy.sharding<@mesh, [{"data"}]>})
      -> (tensor<f32> {sdy.sharding = #sdy.sharding<@mesh, []>}, tensor<64xf32> {sdy.sharding = #sdy.sharding<@mesh, [{"data"}]>}) {
    %zero = stablehlo.constant dense<0.0> : tensor<f32>
    %sum = stablehlo.reduce(%x init: %zero) applies stablehlo.add across dimensions = [0] : (tensor<64xf32>, tensor<f32>) -> tensor<f32>
    %twice = stablehlo.add %x, %x : tensor<64xf32>
    return %sum, %twice : tensor<f32>, tensor<64xf32>
  }
}"#;
#[test]
fn eight_devices_share_a_program() {
    let client = Client::new(&plugin(), &ClientOptions::new().with_cpu_devices(8)).unwrap();
    let devices = client.devices();
    assert_eq!(devices.len(), 8);
    let ids: Vec<i64> = devices.iter().map(|device| i64::from(device.id())).collect();
    // In reverse, to see that the assignment is heeded.
    let assignment = DeviceAssignment::partitions(ids.into_iter().rev());
    let options = CompileOptions::new().with_partitions(8).with_device_assignment(assignment);
    let sum = client.compile(SHARDED_SUM, &options).unwrap();
    assert_eq!(sum.devices().len(), 8);
    let parameter = sum.program().signature().unwrap().parameters[0].clone().unwrap();
    assert_eq!(parameter.to_string(), "tensor<8xf32>");
    let shards: Vec<_> = sum
        .devices()
        .iter()
        .enumerate()
        .map(|(index, device)| {
            let values: Vec<f32> = (0..8).map(|i| (8 * index + i) as f32).collect();
            client.buffer_from_slice(&values, &[8], device).unwrap()
        })
        .collect();
    let lists: Vec<[&_; 1]> = shards.iter().map(|shard| [shard]).collect();
    let lists: Vec<&[&_]> = lists.iter().map(|list| &list[..]).collect();
    let results = sum.execute_sharded(&lists, &ExecuteOptions::default()).unwrap();
    assert_eq!(results.len(), 8);
    let mut devices_used = Vec::new();
    for (index, shard) in results.iter().enumerate() {
        assert_eq!(shard[0].to_vec::<f32>().unwrap(), [2016.]);
        assert_eq!(shard[1].to_vec::<f32>().unwrap()[0], 16. * index as f32);
        devices_used.push(shard[1].device().unwrap().index());
    }
    let assigned: Vec<_> = sum.devices().iter().map(|device| device.index()).collect();
    assert_eq!(devices_used, assigned);
    assert_eq!(
        sum.execute(&[&shards[0]], &ExecuteOptions::default()).unwrap_err().to_string(),
        "sum: expected 8 argument lists, got 1; pass one per device"
    );
    // A shard goes from one device to another on request.
    let moved = shards[0].copy_to_device(&devices[3]).unwrap();
    assert_eq!(moved.device().unwrap(), devices[3]);
    assert_eq!(moved.to_vec::<f32>().unwrap(), shards[0].to_vec::<f32>().unwrap());
}

#[test]
fn buffers_are_used_from_many_threads() {
    let client = client();
    let device = client.device(0).unwrap();
    let add = client.compile(ADD, &CompileOptions::new()).unwrap();
    let a = client.buffer_from_slice(&[1f32; 6], &[2, 3], &device).unwrap();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..100 {
                    let sum = add.execute(&[&a, &a], &ExecuteOptions::default()).unwrap();
                    assert_eq!(sum[0].to_vec::<f32>().unwrap(), [2.; 6]);
                }
            });
        }
    });
}

#[test]
fn the_capabilities_are_told() {
    let plugin = plugin();
    let capabilities = plugin.capabilities();
    assert!(capabilities.api >= ApiVersion::TRANSCRIBED, "{}", capabilities.api);
    assert!(capabilities.stablehlo_current.is_some());
    assert!(capabilities.serialization && capabilities.optimized_program);
    // The same file is loaded once.
    let again = Plugin::load(plugin.path()).unwrap();
    assert_eq!(again.path(), plugin.path());
}

#[test]
fn a_device_tells_its_memory_or_that_it_does_not_count() {
    let device = client().device(0).unwrap();
    match device.memory() {
        Ok(memory) => assert!(memory.bytes_limit.is_none_or(|limit| limit >= memory.bytes_in_use)),
        Err(error) => assert_eq!(error.code(), Some(ErrorCode::Unimplemented), "{error}"),
    }
    assert_eq!(device.description().kind.to_lowercase(), "cpu");
}

#[test]
fn the_best_platform_that_works_is_chosen() {
    burn_xla::plugin::ensure(burn_xla::plugin::Platform::Cpu).unwrap();
    let choice = burn_xla::plugin::choose().unwrap();
    assert_eq!(choice.client.platform(), choice.plugin.platform.name());
    // Whatever comes before it has its reason.
    for skipped in &choice.skipped {
        assert!(skipped.to_string().len() > "tpu: ".len(), "{skipped}");
    }
}

/// The CPU's plugins have no profiler, and a profile says so instead of being empty.
#[test]
fn a_profile_of_a_plugin_without_a_profiler_is_told() {
    let plugin = plugin();
    let profiler = Extension::Profiler;
    let done = plugin.profile(|| 7);
    if plugin.capabilities().extensions.contains(&profiler) {
        assert_eq!(done.unwrap().0, 7);
        return;
    }
    assert_eq!(
        done.unwrap_err().to_string(),
        format!(
            "{}: expected the extension for profiles, got a plugin without; `doctor` tells what a plugin has",
            plugin.path().display()
        )
    );
}

/// Portable StableHLO: bytecode that an older version reads. `ADD`, serialised for these versions by the Python bindings of
/// MLIR in jaxlib 0.10.2 (`stablehlo.serialize_portable_artifact_str`). This crate writes text alone.
#[test]
fn programs_are_taken_as_bytecode_of_older_versions() {
    let client = client();
    let device = client.device(0).unwrap();
    let a = client.buffer_from_slice(&[1f32; 6], &[2, 3], &device).unwrap();
    for version in ["0_9_0", "1_0_0"] {
        let file =
            format!("{}/tests/fixtures/add_stablehlo_{version}.mlirbc", env!("CARGO_MANIFEST_DIR"));
        let program = std::fs::read(file).unwrap();
        let add = client.compile(program, &CompileOptions::new()).unwrap();
        let sum = add.execute(&[&a, &a], &ExecuteOptions::default()).unwrap();
        assert_eq!(sum[0].to_vec::<f32>().unwrap(), [2.; 6], "{version}");
    }
}

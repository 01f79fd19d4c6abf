//! Ownership and errors, on the fake plugin.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::fake::{assert_balanced, books, clear, plugin, table};
use super::ffi::{self, Call};
use super::*;

/// The whole way: load, start, compile, transfer, execute, read.
fn run(table: ffi::Api) -> Result<Vec<u8>, PjrtError> {
    let client = Client::new(&plugin(table)?, &ClientOptions::new().with("a", 1i64))?;
    assert_eq!(client.platform(), "fake");
    let device = client.device(0)?;
    assert_eq!((device.id(), device.to_string()), (7, "device 7".into()));
    let executable = client.compile("twice", &CompileOptions::new())?;
    let argument = client.buffer_from_host(&[0; 8], ElementType::F32, &[2], &device)?;
    // The client and the rest may go before what they made.
    drop((client, device));
    let results = executable.execute(&[&argument, &argument], &ExecuteOptions::default())?;
    drop((executable, argument));
    let result = &results[0];
    assert_eq!(result.ty().to_string(), "tensor<2xf32>");
    result.ready()?.wait()?;
    assert!(result.to_host_async()?.is_ready()?);
    result.to_host()
}

#[test]
fn every_object_is_destroyed_exactly_once() {
    assert_eq!(run(table()).unwrap(), [1; 8]);
    assert_balanced();
}

#[test]
fn whatever_call_fails_its_error_is_told_and_nothing_is_lost() {
    let calls = [
        Call::PluginInitialize,
        Call::ClientCreate,
        Call::ClientPlatformName,
        Call::ClientAddressableDevices,
        Call::DeviceGetDescription,
        Call::DeviceDescriptionId,
        Call::LoadedExecutableGetExecutable,
        Call::ExecutableNumOutputs,
        Call::ExecutableOutputElementTypes,
        Call::ExecutableOutputDimensions,
        Call::LoadedExecutableAddressableDevices,
        Call::ClientBufferFromHostBuffer,
        Call::LoadedExecutableExecute,
        Call::BufferReadyEvent,
        Call::EventAwait,
        Call::EventIsReady,
        Call::BufferToHostBuffer,
    ];
    for call in calls {
        books(|books| books.failing = Some(call));
        let error = run(table()).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("{} failed with RESOURCE_EXHAUSTED: no room, says the fake", call.name())
        );
        assert_eq!(error.code(), Some(ErrorCode::ResourceExhausted));
        assert_balanced();
    }
    books(|books| books.failing = Some(Call::ClientCompile));
    let error = run(table()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the program does not compile, RESOURCE_EXHAUSTED: no room, says the fake"
    );
    assert_balanced();
}

#[test]
fn an_error_without_a_code_is_an_error_all_the_same() {
    books(|books| books.failing = Some(Call::ErrorGetCode));
    let mut without_create = table();
    without_create.slots[Call::ClientCreate as usize] = None;
    let error = run(without_create).unwrap_err();
    assert_eq!(
        error.to_string(),
        "PJRT_Client_Create: expected the plugin to implement it, got none in its table (C API 0.81); try a newer \
         plugin, or do without (see Capabilities)"
    );
    assert_eq!(error.code(), Some(ErrorCode::Unimplemented));
}

#[test]
fn a_program_that_contradicts_itself_is_refused() {
    books(|books| books.num_outputs = Some(2));
    assert_eq!(
        run(table()).unwrap_err().to_string(),
        "PJRT_Executable_NumOutputs failed with INTERNAL: the plugin's lists of types and shapes are not as long as its \
         number of results"
    );
    assert_balanced();
}

#[test]
fn failing_destructors_do_not_panic() {
    for call in [Call::BufferDestroy, Call::EventDestroy, Call::ClientDestroy] {
        books(|books| books.failing = Some(call));
        assert!(run(table()).is_ok());
        clear();
    }
}

#[test]
fn other_versions_are_refused_or_served() {
    let with = |major, minor| {
        let mut table = table();
        (table.version.major, table.version.minor) = (major, minor);
        run(table)
    };
    assert_eq!(
        with(0, 56).unwrap_err().to_string(),
        "the fake: expected PJRT C API 0.57 or a later 0.x, got 0.56; install a current plugin with `burn-xla install`"
    );
    assert!(matches!(with(1, 0), Err(PjrtError::ApiVersion { .. })));
    for minor in [57, 63, 70, 77, 81, 96, 97, 117] {
        books(|books| books.minor = Some(minor));
        let mut newer = table();
        newer.version.minor = minor;
        // A newer plugin has a longer table.
        newer.struct_size += if minor > 81 { 160 } else { 0 };
        assert!(run(newer).is_ok());
        assert_balanced();
    }
}

#[test]
fn structs_are_as_long_as_the_plugin_knows_them() {
    let sizes = |minor| {
        (
            ffi::ClientCreateArgs::for_minor(minor).struct_size,
            ffi::ExecuteOptions::for_minor(minor).struct_size,
            ffi::CompiledMemoryStatsArgs::for_minor(minor).struct_size,
        )
    };
    assert_eq!(sizes(57), (72, 72, 104));
    assert_eq!(sizes(81), (88, 112, 112));
    assert_eq!(sizes(117), (88, 120, 144));
}

#[test]
fn a_table_that_ends_early_lacks_what_lies_behind() {
    let mut short = table();
    short.struct_size = std::mem::offset_of!(ffi::Api, slots)
        + (Call::ExecutableOutputElementTypes as usize) * size_of::<ffi::Slot>();
    let error = run(short).unwrap_err().to_string();
    assert!(
        error
            .starts_with("PJRT_Executable_OutputElementTypes: expected the plugin to implement it"),
        "{error}"
    );
    assert_balanced();
}

#[test]
fn a_table_without_a_header_is_no_plugin() {
    let mut tiny = table();
    tiny.struct_size = 16;
    assert_eq!(
        run(tiny).unwrap_err().to_string(),
        "the fake: expected a PJRT plugin, got something else: its api struct is 16 bytes, less than its header of 40; is the \
         path right?"
    );
    // SAFETY: a null pointer is allowed.
    let null = unsafe { super::api::Api::new(std::ptr::null(), "the fake") };
    assert!(matches!(null, Err(PjrtError::NotAPlugin { .. })));
}

/// Data that tells when it is dropped.
struct Watched(Vec<u8>, Arc<AtomicBool>);

impl AsRef<[u8]> for Watched {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.1.store(true, Ordering::SeqCst);
    }
}

#[test]
fn owned_data_lives_until_the_plugin_lets_go() {
    let gone = Arc::new(AtomicBool::new(false));
    let client = Client::new(&plugin(table()).unwrap(), &ClientOptions::new()).unwrap();
    let device = client.device(0).unwrap();
    let data = Watched(vec![0; 8], Arc::clone(&gone));
    let buffer = client.buffer_from_owned(data, ElementType::F32, &[2], &device).unwrap();
    drop((buffer, device, client));
    assert!(!gone.load(Ordering::SeqCst));
    let (callback, user_arg) = books(|books| books.callback.take()).unwrap();
    // SAFETY: as a plugin would, once, without an error.
    unsafe { callback.unwrap()(std::ptr::null_mut(), user_arg) };
    assert!(gone.load(Ordering::SeqCst));
    assert_balanced();
}

#[test]
fn a_callback_that_panics_does_not_unwind_into_the_plugin() {
    let client = Client::new(&plugin(table()).unwrap(), &ClientOptions::new()).unwrap();
    let device = client.device(0).unwrap();
    let buffer = client.buffer_from_host(&[0; 8], ElementType::F32, &[2], &device).unwrap();
    buffer.ready().unwrap().on_ready(|_| panic!("on purpose")).unwrap();
    let (callback, user_arg) = books(|books| books.callback.take()).unwrap();
    // SAFETY: as a plugin would, once, without an error.
    unsafe { callback.unwrap()(std::ptr::null_mut(), user_arg) };
}

#[test]
fn a_callback_that_cannot_be_registered_is_dropped_uncalled() {
    let client = Client::new(&plugin(table()).unwrap(), &ClientOptions::new()).unwrap();
    let device = client.device(0).unwrap();
    let buffer = client.buffer_from_host(&[0; 8], ElementType::F32, &[2], &device).unwrap();
    books(|books| books.failing = Some(Call::EventOnReady));
    let event = buffer.ready().unwrap();
    assert!(event.on_ready(|_| unreachable!()).is_err());
    drop((buffer, device, client));
    assert_balanced();
}

#[test]
fn host_data_of_the_wrong_size_is_refused_before_the_plugin_sees_it() {
    let client = Client::new(&plugin(table()).unwrap(), &ClientOptions::new()).unwrap();
    let device = client.device(0).unwrap();
    let error = client.buffer_from_host(&[0; 7], ElementType::F32, &[2], &device).unwrap_err();
    assert_eq!(
        error.to_string(),
        "host data of tensor<2xf32>: expected 8 bytes, got 7; check the type and the dimensions"
    );
    let buffer = client.buffer_from_host(&[0; 8], ElementType::F32, &[2], &device).unwrap();
    assert!(buffer.to_host_into(&mut [0; 9]).is_err());
    let error = client.device(1).unwrap_err();
    assert_eq!(
        error.to_string(),
        "device 1: expected an index below 1, got 1; the client has 1 device(s)"
    );
    assert!(matches!(buffer.to_vec::<i32>(), Err(PjrtError::HostType { .. })));
}

#[test]
fn objects_of_two_clients_do_not_mix() {
    let plugin = plugin(table()).unwrap();
    let one = Client::new(&plugin, &ClientOptions::new()).unwrap();
    let two = Client::new(&plugin, &ClientOptions::new()).unwrap();
    let device = two.device(0).unwrap();
    let error = one.buffer_from_host(&[0; 8], ElementType::F32, &[2], &device).unwrap_err();
    assert_eq!(
        error.to_string(),
        "device: expected an object of the same client, got one of another; create it with the client that uses it"
    );
    let executable = one.compile("twice", &CompileOptions::new()).unwrap();
    let buffer = two.buffer_from_host(&[0; 8], ElementType::F32, &[2], &device).unwrap();
    let executed = executable.execute(&[&buffer], &ExecuteOptions::default());
    assert!(matches!(executed, Err(PjrtError::ForeignObject { what: "argument" })));
}

#[test]
fn the_types_may_cross_threads() {
    fn check<T: Send + Sync>() {}
    check::<Plugin>();
    check::<Client>();
    check::<Device>();
    check::<Buffer>();
    check::<HostCopy>();
    check::<Event>();
    check::<Executable>();
    check::<CompiledProgram>();
    check::<Topology>();
    check::<PjrtError>();
}

#[test]
fn struct_sizes_are_those_of_the_header() {
    // Printed by a C program from `PJRT_…_STRUCT_SIZE` of the header of version 0.81.
    #[rustfmt::skip]
    let sizes = [
        ("ErrorGetCodeArgs", ffi::ErrorGetCodeArgs::SIZE, 28),
        ("PluginAttributesArgs", ffi::PluginAttributesArgs::SIZE, 32),
        ("EventDestroyArgs", ffi::EventDestroyArgs::SIZE, 24),
        ("EventIsReadyArgs", ffi::EventIsReadyArgs::SIZE, 25),
        ("EventAwaitArgs", ffi::EventAwaitArgs::SIZE, 24),
        ("EventOnReadyArgs", ffi::EventOnReadyArgs::SIZE, 40),
        ("ClientCreateArgs", ffi::ClientCreateArgs::SIZE, 88),
        ("ClientDestroyArgs", ffi::ClientDestroyArgs::SIZE, 24),
        ("ClientPlatformNameArgs", ffi::ClientPlatformNameArgs::SIZE, 40),
        ("ClientPlatformVersionArgs", ffi::ClientPlatformVersionArgs::SIZE, 40),
        ("ClientAddressableDevicesArgs", ffi::ClientAddressableDevicesArgs::SIZE, 40),
        ("ClientCompileArgs", ffi::ClientCompileArgs::SIZE, 56),
        ("BufferFromHostArgs", ffi::BufferFromHostArgs::SIZE, 120),
        ("DeviceIdArgs", ffi::DeviceIdArgs::SIZE, 28),
        ("DeviceKindArgs", ffi::DeviceKindArgs::SIZE, 40),
        ("DeviceToStringArgs", ffi::DeviceToStringArgs::SIZE, 40),
        ("DeviceAttributesArgs", ffi::DeviceAttributesArgs::SIZE, 40),
        ("DeviceGetDescriptionArgs", ffi::DeviceGetDescriptionArgs::SIZE, 32),
        ("DeviceMemoryStatsArgs", ffi::DeviceMemoryStatsArgs::SIZE, 185),
        ("ExecutableDestroyArgs", ffi::ExecutableDestroyArgs::SIZE, 24),
        ("ExecutableNameArgs", ffi::ExecutableNameArgs::SIZE, 40),
        ("NumReplicasArgs", ffi::NumReplicasArgs::SIZE, 32),
        ("NumPartitionsArgs", ffi::NumPartitionsArgs::SIZE, 32),
        ("NumOutputsArgs", ffi::NumOutputsArgs::SIZE, 32),
        ("CostAnalysisArgs", ffi::CostAnalysisArgs::SIZE, 40),
        ("OptimizedProgramArgs", ffi::OptimizedProgramArgs::SIZE, 32),
        ("SerializeArgs", ffi::SerializeArgs::SIZE, 56),
        ("OutputElementTypesArgs", ffi::OutputElementTypesArgs::SIZE, 40),
        ("OutputDimensionsArgs", ffi::OutputDimensionsArgs::SIZE, 48),
        ("FingerprintArgs", ffi::FingerprintArgs::SIZE, 40),
        ("CompiledMemoryStatsArgs", ffi::CompiledMemoryStatsArgs::for_minor(81).struct_size, 112),
        ("LoadedExecutableDestroyArgs", ffi::LoadedExecutableDestroyArgs::SIZE, 24),
        ("GetExecutableArgs", ffi::GetExecutableArgs::SIZE, 32),
        ("ExecutableDevicesArgs", ffi::ExecutableDevicesArgs::SIZE, 40),
        ("ExecuteArgs", ffi::ExecuteArgs::SIZE, 80),
        ("DeserializeAndLoadArgs", ffi::DeserializeAndLoadArgs::SIZE, 64),
        ("BufferDestroyArgs", ffi::BufferDestroyArgs::SIZE, 24),
        ("BufferOnDeviceSizeArgs", ffi::BufferOnDeviceSizeArgs::SIZE, 32),
        ("BufferDeleteArgs", ffi::BufferDeleteArgs::SIZE, 24),
        ("BufferIsDeletedArgs", ffi::BufferIsDeletedArgs::SIZE, 25),
        ("BufferCopyToDeviceArgs", ffi::BufferCopyToDeviceArgs::SIZE, 40),
        ("BufferToHostArgs", ffi::BufferToHostArgs::SIZE, 56),
        ("MemoryLayoutArgs", ffi::MemoryLayoutArgs::SIZE, 104),
        ("IncreaseReferenceArgs", ffi::IncreaseReferenceArgs::SIZE, 24),
        ("DecreaseReferenceArgs", ffi::DecreaseReferenceArgs::SIZE, 24),
        ("DataPointerArgs", ffi::DataPointerArgs::SIZE, 32),
        ("BufferDeviceArgs", ffi::BufferDeviceArgs::SIZE, 32),
        ("BufferReadyEventArgs", ffi::BufferReadyEventArgs::SIZE, 32),
        ("TopologyCreateArgs", ffi::TopologyCreateArgs::SIZE, 56),
        ("TopologyDestroyArgs", ffi::TopologyDestroyArgs::SIZE, 24),
        ("TopologyPlatformNameArgs", ffi::TopologyPlatformNameArgs::SIZE, 40),
        ("TopologyPlatformVersionArgs", ffi::TopologyPlatformVersionArgs::SIZE, 40),
        ("TopologyDevicesArgs", ffi::TopologyDevicesArgs::SIZE, 40),
        ("TopologyAttributesArgs", ffi::TopologyAttributesArgs::SIZE, 40),
        ("CompileArgs", ffi::CompileArgs::SIZE, 64),
        ("KvGetArgs", ffi::KvGetArgs::SIZE, 80),
        ("KvTryGetArgs", ffi::KvTryGetArgs::SIZE, 72),
        ("KvPutArgs", ffi::KvPutArgs::SIZE, 64),
        ("ErrorDestroyArgs", ffi::ErrorDestroyArgs::SIZE, 24),
        ("ErrorMessageArgs", ffi::ErrorMessageArgs::SIZE, 40),
        ("PluginInitializeArgs", ffi::PluginInitializeArgs::SIZE, 16),
        ("Program", ffi::Program::SIZE, 48),
        ("LayoutTiled", ffi::LayoutTiled::SIZE, 56),
        ("MemoryLayout", ffi::MemoryLayout::SIZE, 76),
        ("NamedValue", ffi::NamedValue::SIZE, 56),
        ("ExecuteOptions", ffi::ExecuteOptions::for_minor(81).struct_size, 112),
    ];
    for (name, ours, header) in sizes {
        assert_eq!(ours, header, "{name}");
    }
    assert_eq!(size_of::<ffi::Api>(), 984);
}

/// A store in memory.
#[derive(Default)]
struct Memory(Mutex<BTreeMap<String, Vec<u8>>>);

impl KeyValueStore for Memory {
    fn get(&self, key: &str, timeout: Duration) -> Result<Vec<u8>, StoreError> {
        let timeout = || StoreError::Timeout { key: key.into(), timeout };
        self.try_get(key)?.ok_or_else(timeout)
    }

    fn try_get(&self, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.0.lock().unwrap().get(key).cloned())
    }

    fn put(&self, key: &str, value: &[u8]) -> Result<(), StoreError> {
        self.0.lock().unwrap().insert(key.into(), value.into());
        Ok(())
    }
}

/// A store that fails in each of two ways.
struct Broken {
    panics: bool,
}

impl KeyValueStore for Broken {
    fn get(&self, _: &str, _: Duration) -> Result<Vec<u8>, StoreError> {
        unreachable!("it fails before")
    }

    fn try_get(&self, _: &str) -> Result<Option<Vec<u8>>, StoreError> {
        unreachable!("it fails before")
    }

    fn put(&self, key: &str, _: &[u8]) -> Result<(), StoreError> {
        assert!(!self.panics, "no store");
        Err(StoreError::Failed { key: key.into(), reason: "no disk".into() })
    }
}

fn create_with(store: Arc<dyn KeyValueStore>) -> Vec<Result<Vec<u8>, (i32, String)>> {
    let plugin = plugin(table()).unwrap();
    books(|books| books.shares = true);
    // The fake lets its client fail with the last error, so that this is tried too.
    let error = Client::with_store(&plugin, &ClientOptions::new(), store).unwrap_err();
    assert!(matches!(error, PjrtError::Plugin { call: "PJRT_Client_Create", .. }), "{error}");
    assert_balanced();
    books(|books| std::mem::take(&mut books.heard))
}

#[test]
fn processes_share_values_through_a_store() {
    let value = b"1\0at host".to_vec();
    let missing = |told: &str| Err((if told.contains("nobody") { 5 } else { 4 }, told.to_owned()));
    let heard = create_with(Arc::new(Memory::default()));
    let expected = [
        Ok(value.clone()),
        Ok(value.clone()),
        missing("key `peer/2`: nobody put it"),
        missing(
            "key `peer/2`: expected a process to put it within 10ms, got none; do all processes run?",
        ),
    ];
    assert_eq!(heard, expected);
    // The same through a folder, and another run finds nothing of it.
    let folder = std::env::temp_dir().join(format!("burn-xla-store-{}", std::process::id()));
    let store = FolderStore::new(&folder, "run 1");
    assert_eq!(create_with(Arc::new(store.clone())), expected);
    assert_eq!(store.try_get("peer/1").unwrap(), Some(value));
    assert_eq!(FolderStore::new(&folder, "run 2").try_get("peer/1").unwrap(), None);
    std::fs::remove_dir_all(&folder).unwrap();
}

/// Against a real etcd, where the Debian package `etcd-server` or another one has brought it.
#[cfg(feature = "etcd")]
#[test]
fn processes_share_values_through_etcd() {
    use std::io::Write as _;
    use std::process::{Command, Stdio};

    use super::EtcdStore;

    let folder = std::env::temp_dir().join(format!("burn-xla-etcd-{}", std::process::id()));
    let port = || {
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        format!("http://{}", free.local_addr().unwrap())
    };
    let (clients, peers) = (port(), port());
    let started = Command::new("etcd")
        .args(["--name", "here", "--data-dir", folder.to_str().unwrap()])
        .args(["--listen-client-urls", &clients, "--advertise-client-urls", &clients])
        .args(["--listen-peer-urls", &peers, "--initial-advertise-peer-urls", &peers])
        .args(["--initial-cluster", &format!("here={peers}")])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    let Ok(mut etcd) = started else {
        // Past the harness, which keeps what a passing test prints to itself.
        let _ = writeln!(std::io::stderr(), "SKIPPED: no etcd on the path");
        return;
    };
    let connect = |run: &str| EtcdStore::connect(&[&clients], run, None);
    let start = std::time::Instant::now();
    let store = loop {
        match connect("run 1") {
            Ok(store) => break store,
            Err(error) => assert!(start.elapsed() < Duration::from_secs(30), "{error}"),
        }
    };
    let heard = create_with(Arc::new(store));
    assert_eq!(heard[..2], [(); 2].map(|()| Ok(b"1\0at host".to_vec())), "{heard:?}");
    let codes: Vec<_> = heard[2..].iter().map(|answer| answer.as_ref().unwrap_err().0).collect();
    assert_eq!(codes, [5, 4], "nobody put it; nobody did in time");

    let (one, other) = (connect("run 2").unwrap(), connect("run 2").unwrap());
    assert_eq!(one.try_get("peer/1").unwrap(), None, "another run");
    let waiting = std::thread::spawn(move || other.get("ä/ 1", Duration::from_secs(20)));
    one.put("ä/ 1", &[0, 255, 10]).unwrap();
    assert_eq!(waiting.join().unwrap().unwrap(), [0, 255, 10]);
    // On a thread that runs tasks, too.
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let here = connect("run 2").unwrap();
        assert_eq!(here.try_get("ä/ 1").unwrap(), Some(vec![0, 255, 10]));
    });

    etcd.kill().unwrap();
    etcd.wait().unwrap();
    std::fs::remove_dir_all(&folder).unwrap();
    let gone = one.try_get("ä/ 1").unwrap_err();
    assert!(matches!(gone, StoreError::Failed { .. }), "{gone}");
    let told = connect("run 3").unwrap_err().to_string();
    assert!(told.contains(&clients) && told.contains("does it run"), "{told}");
}

#[test]
fn a_store_that_fails_is_told_to_the_plugin() {
    const INTERNAL: i32 = 13;
    for (panics, told) in [(false, "key `peer/1`: no disk"), (true, "the store panicked")] {
        let heard = create_with(Arc::new(Broken { panics }));
        assert_eq!(heard, [Err((INTERNAL, told.to_owned()))]);
    }
}

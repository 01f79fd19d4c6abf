//! Burn programs on a remote device that the eager backend serves.

#[path = "../../../tests/harness/compare.rs"]
mod compare;
mod faults;
mod sweep;
#[allow(dead_code, reason = "its `main`")]
#[path = "../../examples/remote_training.rs"]
mod training;

use std::net::SocketAddr;
use std::process::Command;
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use burn::tensor::remote::RemoteHost;
use burn::tensor::{Device, Distribution, Tensor};
use burn_xla::eager::XlaDevice;
use burn_xla::plugin::Platform;
use burn_xla_cli::serve::Server;

const TOKEN: &str = "a long random word";

/// A server of this process, and its port on all addresses of this machine.
fn server() -> u16 {
    static PORT: LazyLock<u16> = LazyLock::new(|| {
        let anywhere: SocketAddr = "0.0.0.0:0".parse().unwrap();
        let server = Server::bind(Platform::Cpu, anywhere, Some(TOKEN)).unwrap();
        let port = server.address().port();
        std::thread::spawn(move || server.serve().unwrap());
        port
    });
    *PORT
}

/// A client of the server, which has a session for each number: the loopback has many addresses.
fn host(number: u8) -> RemoteHost {
    RemoteHost::websocket(&format!("ws://127.0.0.{number}:{}", server())).with_credential(TOKEN)
}

fn remote(number: u8) -> Device {
    Device::remote_options(&host(number)).init().unwrap()
}

/// Tests that count what the server's device holds or compiles take turns.
fn turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Waits until something is so.
fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < Duration::from_secs(60), "not so after a minute: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn training_gives_the_losses_of_the_cpu_backend_and_stays_compiled() {
    let _turn = turn();
    const STEPS: usize = 30;
    let model = training::Classifier::new(64, &Device::flex());
    let want = training::train(model.clone(), &Device::flex(), STEPS, |_| true, |_| {}).unwrap();
    let device = XlaDevice::default();
    let remote = remote(1);
    let run = |reads: &dyn Fn(usize) -> bool| {
        let mut seen = Vec::new();
        // A graph that comes back is compiled in the background, and interpreted until that is done.
        let told = |_| {
            until("graphs are compiled", || device.statistics().compiling == 0);
            seen.push(device.statistics());
        };
        let losses = training::train(model.clone(), &remote, STEPS, reads, told).unwrap();
        for (step, (loss, want)) in losses.iter().zip(&want).enumerate() {
            // Both sum in f32, in different orders.
            assert!((loss - want).abs() < 1e-4, "step {step}: {loss}, {want}");
        }
        assert!(losses[STEPS - 1] < 0.5 * losses[0], "{losses:?}");
        seen
    };
    let seen = run(&|_| true);
    for later in &seen[2..] {
        assert_eq!(later.tensors, seen[2].tensors, "{seen:?}");
    }
    // A graph is compiled when it repeats, and by the fifth step all have.
    assert!(seen[4].compiled > 0, "{seen:?}");
    for later in &seen[5..] {
        assert_eq!(later.compiled, seen[4].compiled, "compiled after the fifth step: {seen:?}");
    }
    // Read by tens, each step is a graph all the same, and the tenth has seen them all.
    let seen = run(&training::by_tens);
    for later in [&seen[19], &seen[29]] {
        assert_eq!(later.compiled, seen[9].compiled, "compiled after the tenth step: {seen:?}");
        assert_eq!(later.tensors, seen[9].tensors, "{seen:?}");
    }
    assert!(seen[29].executed - seen[19].executed >= 10, "{seen:?}");
}

#[test]
fn devices_of_a_server_have_sessions_of_their_own() {
    let _turn = turn();
    let devices = host(2).devices().unwrap();
    assert_eq!(devices.len(), XlaDevice::open(Platform::Cpu).unwrap().len());
    let x = Tensor::<2>::random([4, 3], Distribution::Default, &devices[0]);
    let y = x.clone().to_device(&devices[devices.len() - 1]) * 2;
    let back = y.to_device(&Device::flex()) / 2;
    back.into_data().assert_eq(&x.into_data(), true);
}

#[test]
fn a_seed_gives_the_same_numbers_again() {
    let _turn = turn();
    let device = remote(3);
    let draw = || {
        device.seed(11);
        Tensor::<1>::random([8], Distribution::Normal(0., 1.), &device).into_data()
    };
    let first = draw();
    first.assert_eq(&draw(), true);
    device.sync().unwrap();
}

/// As the README has it: the test again, as a program that only asks for the default device.
#[test]
fn the_environment_names_the_default_device() {
    if std::env::var_os("BURN_DEVICE").is_some() {
        let device = Device::default();
        assert!(format!("{device:?}").to_lowercase().contains("remote"), "{device:?}");
        let x = Tensor::<1>::from_floats([1., 2.], &device) * 2;
        assert_eq!(x.try_into_vec_as::<f32>().unwrap(), [2., 4.]);
        return;
    }
    let (mut server, address) = faults::process();
    let status = Command::new(std::env::current_exe().unwrap())
        .args(["the_environment_names_the_default_device", "--exact"])
        .env("BURN_DEVICE", "remote")
        .env("BURN_REMOTE_ADDRESS", address)
        .status()
        .unwrap();
    assert!(status.success(), "{status}");
    server.kill().unwrap();
    server.wait().unwrap();
}

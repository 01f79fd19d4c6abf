//! What goes wrong, on either side.

use std::io::{BufRead, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use burn::tensor::remote::RemoteHost;
use burn::tensor::{Device, Tensor};
use burn_backend::ops::FloatTensorOps;
use burn_backend::{DType, TensorData, read_sync};
use burn_ir::{BinaryOpIr, NumericOperationIr, OperationIr, TensorIr};
use burn_remote::RemoteBackend;
use burn_router::RouterClient;
use burn_xla::eager::XlaDevice;

use super::training::{Classifier, train};
use super::{TOKEN, remote, server, turn, until};

/// Whether it ends, be it in a panic, within a minute.
fn ends<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Option<std::thread::Result<T>> {
    let (done, told) = mpsc::channel();
    std::thread::spawn(move || {
        let _ = done.send(std::panic::catch_unwind(std::panic::AssertUnwindSafe(work)));
    });
    told.recv_timeout(Duration::from_secs(60)).ok()
}

fn still_serves(number: u8) {
    let x = Tensor::<1>::from_floats([1., 2.], &remote(number)) * 2;
    assert_eq!(x.try_into_vec_as::<f32>().unwrap(), [2., 4.]);
}

/// A server in a process of its own, and its address.
pub(crate) fn process() -> (Child, String) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_burn-xla-remote"))
        .args(["--listen", "127.0.0.1:0"])
        .env("RUST_LOG", "off")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let address = line.trim().rsplit(' ').next().unwrap().to_owned();
    assert!(address.starts_with("ws://127.0.0.1:"), "{line}");
    (child, address)
}

#[test]
fn without_the_token_nobody_is_served() {
    for token in ["", "a wrong word"] {
        let host = RemoteHost::websocket(&format!("ws://127.0.0.1:{}", server()));
        let refused = Device::remote_options(&host.with_credential(token)).init();
        assert!(format!("{refused:?}").contains("Unauthorized"), "{refused:?}");
    }
}

#[test]
fn a_server_that_is_killed_ends_the_loop() {
    let (mut child, address) = process();
    let device = Device::remote_options(&RemoteHost::websocket(&address)).init().unwrap();
    let outcome = ends(move || {
        let model = Classifier::new(64, &Device::flex());
        train(
            model,
            &device,
            1_000_000,
            |_| true,
            |step| {
                if step == 3 {
                    child.kill().unwrap();
                    child.wait().unwrap();
                }
            },
        )
    });
    // Reads say so; Burn's client panics where an operation finds no connection.
    match outcome.expect("the loop goes on without a server, or hangs") {
        Ok(trained) => drop(trained.unwrap_err()),
        Err(_panic) => {}
    }
}

#[test]
fn ctrl_c_ends_the_server_in_good_order() {
    let (mut child, address) = process();
    let device = Device::remote_options(&RemoteHost::websocket(&address)).init().unwrap();
    let x = Tensor::<1>::from_floats([1., 2.], &device) * 2;
    assert_eq!(x.try_into_vec_as::<f32>().unwrap(), [2., 4.]);
    let id = child.id().to_string();
    assert!(Command::new("kill").args(["-INT", &id]).status().unwrap().success());
    let status = ends(move || child.wait().unwrap()).expect("it does not end").unwrap();
    assert!(status.success(), "{status}");
}

/// The variable by which a test, run again in a process of its own, knows that it is the client.
const CLIENT_OF: &str = "BURN_XLA_TEST_SERVER";

/// A test run again as a client of the server at this port. A client in this process would stay:
/// Burn keeps its connections, and a thread for each.
fn client_process(test: &str, port: &str) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args([&format!("faults::{test}"), "--exact", "--nocapture"])
        .env(CLIENT_OF, port)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

/// The client with this number, of the server that another process has.
fn client(port: &str, number: u8) -> Device {
    let host = RemoteHost::websocket(&format!("ws://127.0.0.{number}:{port}"));
    Device::remote_options(&host.with_credential(TOKEN)).init().unwrap()
}

#[test]
fn a_client_that_is_killed_leaves_nothing() {
    let model = || Classifier::new(64, &Device::flex());
    if let Ok(port) = std::env::var(CLIENT_OF) {
        let told = |step| {
            if step == 3 {
                println!("trains");
            }
        };
        train(model(), &client(&port, 1), 1_000_000, |_| true, told).unwrap();
    }
    let _turn = turn();
    still_serves(20);
    let device = XlaDevice::default();
    let before = device.statistics();
    let mut process =
        client_process("a_client_that_is_killed_leaves_nothing", &server().to_string());
    let lines = BufReader::new(process.stdout.take().unwrap()).lines();
    assert!(lines.map_while(Result::ok).any(|line| line.contains("trains")));
    assert!(device.statistics().tensors > before.tensors);
    process.kill().unwrap();
    process.wait().unwrap();
    until("its tensors are gone", || {
        let now = device.statistics();
        now.tensors <= before.tensors && now.waiting <= before.waiting
    });
    still_serves(20);
}

/// The bytes that a process has in memory.
#[cfg(target_os = "linux")]
fn resident_bytes(process: &Child) -> usize {
    let statm = std::fs::read_to_string(format!("/proc/{}/statm", process.id())).unwrap();
    statm.split(' ').nth(1).unwrap().parse::<usize>().unwrap() * 4096
}

#[cfg(target_os = "linux")]
#[test]
fn clients_that_leave_take_their_bytes_with_them() {
    const MIB: usize = 1 << 20;
    if let Ok(port) = std::env::var(CLIENT_OF) {
        // 64 MiB that are uploaded, and 64 that are computed.
        let device = client(&port, 1);
        let x = Tensor::<2>::from_data(TensorData::new(vec![1f32; 16 * MIB], [16, MIB]), &device);
        let y = x.clone() * 2;
        assert!(y.clone().mean().try_into_scalar::<f32>().unwrap() == 2.);
        println!("holds");
        std::thread::sleep(Duration::from_secs(600));
        drop((x, y));
    }
    let (mut server, address) = process();
    let port = address.rsplit(':').next().unwrap();
    let one_client = || {
        let name = "clients_that_leave_take_their_bytes_with_them";
        let mut client = client_process(name, port);
        let lines = BufReader::new(client.stdout.take().unwrap()).lines();
        assert!(lines.map_while(Result::ok).any(|line| line.contains("holds")));
        let held = resident_bytes(&server);
        client.kill().unwrap();
        client.wait().unwrap();
        held
    };
    // The first one's program is compiled and stays.
    let held = one_client();
    until("the first one's bytes are gone", || resident_bytes(&server) + 100 * MIB < held);
    let before = resident_bytes(&server);
    for _ in 0..6 {
        let held = one_client();
        assert!(held > before + 100 * MIB, "{} MiB, {} before", held / MIB, before / MIB);
    }
    until("their bytes are gone", || resident_bytes(&server) < before + 64 * MIB);
    server.kill().unwrap();
    server.wait().unwrap();
}

#[test]
fn an_oversized_message_ends_its_own_connection() {
    let _turn = turn();
    let mut socket = TcpStream::connect(("127.0.0.1", server())).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    let request = "GET /session HTTP/1.1\r\nHost: here\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
                   Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    socket.write_all(request.as_bytes()).unwrap();
    let mut answer = [0; 12];
    socket.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"HTTP/1.1 101");
    // A whole binary message of 2 GiB, by its header, with an empty mask.
    let header = [&[0x82, 0x80 | 127][..], &(2u64 << 30).to_be_bytes(), &[0; 4]].concat();
    socket.write_all(&header).unwrap();
    let mut rest = Vec::new();
    // The end of the stream, or a reset: not a timeout.
    if let Err(error) = socket.read_to_end(&mut rest) {
        assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset, "{error}");
    }
    still_serves(22);
}

#[test]
fn a_shape_error_is_told_to_its_own_session() {
    // As a client that checks nothing sends it.
    let (mut child, address) = process();
    let device = Device::remote_options(&RemoteHost::websocket(&address)).init().unwrap();
    let tensor = |values: Tensor<1>| values.try_into_primitive::<RemoteBackend>().unwrap();
    let x = tensor(Tensor::from_floats([1., 2., 3.], &device));
    let y = tensor(Tensor::from_floats([1., 2.], &device));
    let client = x.client.clone();
    let out = TensorIr::uninit(client.create_empty_handle(), [3].into(), DType::F32);
    let (lhs, rhs) = (x.into_ir(), y.into_ir());
    let op = NumericOperationIr::Add(BinaryOpIr { lhs, rhs, out });
    let sum = client.register(OperationIr::NumericFloat(DType::F32, op)).remove(0);
    let outcome = ends(move || read_sync(RemoteBackend::float_into_data(sum)));
    match outcome.expect("the read hangs") {
        Ok(read) => drop(read.unwrap_err()),
        Err(_panic) => {}
    }
    let host = RemoteHost::websocket(&address.replace("127.0.0.1", "localhost"));
    let other = Device::remote_options(&host).init().unwrap();
    let x = Tensor::<1>::from_floats([1., 2.], &other) * 2;
    assert_eq!(x.try_into_vec_as::<f32>().unwrap(), [2., 4.]);
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn fifty_clients_train_at_once() {
    const CLIENTS: u8 = 50;
    if let Ok(port) = std::env::var(CLIENT_OF) {
        let model = Classifier::new(64, &Device::flex());
        let want = train(model.clone(), &Device::flex(), 3, |_| true, |_| {}).unwrap();
        let threads: Vec<_> = (1..=CLIENTS)
            .map(|number| (client(&port, number), model.clone()))
            .map(|(device, model)| {
                std::thread::spawn(move || train(model, &device, 3, |_| true, |_| {}).unwrap())
            })
            .collect();
        for thread in threads {
            let losses = thread.join().unwrap();
            for (loss, want) in losses.iter().zip(&want) {
                assert!((loss - want).abs() < 1e-4, "{losses:?}, {want:?}");
            }
        }
        return;
    }
    let _turn = turn();
    let before = XlaDevice::default().statistics();
    let process = client_process("fifty_clients_train_at_once", &server().to_string());
    let output = process.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    until("the tensors of all are gone", || {
        XlaDevice::default().statistics().tensors <= before.tensors
    });
    // They run the same programs. Those that miss one at the same time wait for one compilation.
    let compiled = XlaDevice::default().statistics().compiled - before.compiled;
    assert!(compiled <= 4, "{compiled} compilations for {CLIENTS} clients");
}

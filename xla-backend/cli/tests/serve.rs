//! `burn-xla serve` as a process, and what its clients see. The client is a few frames by hand: Burn's own one brings
//! 150 crates (`xla-backend/remote`).

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use burn_backend::{DType, StreamId, TensorData};
use burn_ir::{
    NumericOperationIr, OperationIr, ScalarIr, ScalarOpIr, TensorId, TensorIr, TensorStatus,
};
use serde::{Deserialize, Serialize};

/// The messages of Burn's protocol, version 2, that the tests need.
#[allow(clippy::large_enum_variant, reason = "as in the protocol")]
#[derive(Serialize)]
enum Message {
    Init(Init),
    Task(Task),
    Close(SessionId),
}

#[derive(Serialize)]
struct Init {
    version: u16,
    session_id: SessionId,
    device_index: u32,
    authorization: Binary,
}

#[derive(Serialize)]
struct SessionId {
    id: u64,
}

/// An empty token.
struct Binary;

impl Serialize for Binary {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&[])
    }
}

#[allow(clippy::large_enum_variant, reason = "as in the protocol")]
#[derive(Serialize)]
enum Task {
    RegisterOperation(StreamId, OperationIr),
    RegisterTensor(StreamId, TensorId, TensorData),
    ReadTensor(u64, StreamId, TensorIr),
}

#[derive(Deserialize)]
struct Response {
    content: Content,
    #[allow(dead_code, reason = "the tests have one request at a time")]
    id: u64,
}

#[derive(Deserialize)]
enum Content {
    Init(serde::de::IgnoredAny),
    ReadTensor(Result<TensorData, serde_json::Value>),
}

/// A server in a process of its own.
struct Server {
    process: Child,
    lines: BufReader<ChildStdout>,
    port: u16,
}

impl Server {
    fn start(arguments: &[&str]) -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_burn-xla"))
            .args(["serve", "--listen", "127.0.0.1:0"])
            .args(arguments)
            .env_remove("RUST_LOG")
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap());
        let mut line = String::new();
        lines.read_line(&mut line).unwrap();
        let port = line.trim().rsplit(':').next().unwrap();
        Self { port: port.parse().unwrap_or_else(|_| panic!("{line}")), process, lines }
    }

    /// Ends it in good order. Returns what it has told.
    fn stop(mut self) -> (Vec<String>, String) {
        let id = self.process.id().to_string();
        assert!(Command::new("kill").args(["-INT", &id]).status().unwrap().success());
        let (mut told, mut errors) = (String::new(), String::new());
        self.lines.read_to_string(&mut told).unwrap();
        self.process.stderr.take().unwrap().read_to_string(&mut errors).unwrap();
        let status = self.process.wait().unwrap();
        assert!(status.success(), "{status}\n{told}\n{errors}");
        (told.lines().map(str::to_owned).collect(), errors)
    }
}

/// A session of a client.
struct Session {
    socket: TcpStream,
    stream: StreamId,
    next: u64,
}

impl Session {
    fn open(server: &Server) -> Self {
        let mut socket = TcpStream::connect(("127.0.0.1", server.port)).unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        let request = "GET /session HTTP/1.1\r\nHost: here\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
                       Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
        socket.write_all(request.as_bytes()).unwrap();
        let mut answer = Vec::new();
        while !answer.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            socket.read_exact(&mut byte).unwrap();
            answer.extend(byte);
        }
        assert!(answer.starts_with(b"HTTP/1.1 101"), "{}", String::from_utf8_lossy(&answer));
        let mut session = Self { socket, stream: StreamId::current(), next: 0 };
        let session_id = SessionId { id: u64::from(session.socket.local_addr().unwrap().port()) };
        session.send(vec![Message::Init(Init {
            version: 2,
            session_id,
            device_index: 0,
            authorization: Binary,
        })]);
        assert!(matches!(session.receive(), Some(Content::Init(_))));
        session
    }

    fn send(&mut self, messages: Vec<Message>) {
        let body = rmp_serde::to_vec(&messages).unwrap();
        // A whole binary message, with an empty mask.
        let length = (body.len() as u64).to_be_bytes();
        let frame = [&[0x82, 0x80 | 127][..], &length, &[0; 4], &body].concat();
        self.socket.write_all(&frame).unwrap();
    }

    fn tasks(&mut self, tasks: Vec<Task>) {
        self.send(tasks.into_iter().map(Message::Task).collect());
    }

    /// The next message, or none if the server has ended the session.
    fn receive(&mut self) -> Option<Content> {
        loop {
            let mut head = [0; 2];
            if let Err(error) = self.socket.read_exact(&mut head) {
                let timed_out = matches!(
                    error.kind(),
                    std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut
                );
                assert!(!timed_out, "the client waits in vain");
                return None;
            }
            let length = match head[1] {
                126 => u64::from(u16::from_be_bytes(self.bytes(2).try_into().unwrap())),
                127 => u64::from_be_bytes(self.bytes(8).try_into().unwrap()),
                length => length.into(),
            };
            let body = self.bytes(length as usize);
            match head[0] & 15 {
                2 => return Some(rmp_serde::from_slice::<Response>(&body).unwrap().content),
                8 => return None,
                _ => {}
            }
        }
    }

    fn bytes(&mut self, count: usize) -> Vec<u8> {
        let mut bytes = vec![0; count];
        self.socket.read_exact(&mut bytes).unwrap();
        bytes
    }

    fn id(&mut self) -> TensorId {
        self.next += 1;
        TensorId::new(self.next)
    }

    /// Ends the session as Burn's client does.
    fn close(mut self) {
        let id = u64::from(self.socket.local_addr().unwrap().port());
        self.send(vec![Message::Close(SessionId { id })]);
        while self.receive().is_some() {}
    }

    /// Uploads values.
    fn tensor(&mut self, values: Vec<f32>) -> TensorIr {
        let (id, count) = (self.id(), values.len());
        let data = TensorData::new(values, [count]);
        self.tasks(vec![Task::RegisterTensor(self.stream, id, data)]);
        TensorIr { id, shape: [count].into(), status: TensorStatus::ReadOnly, dtype: DType::F32 }
    }

    fn times(&mut self, lhs: TensorIr, factor: f64) -> TensorIr {
        let out = TensorIr::uninit(self.id(), lhs.shape.clone(), DType::F32);
        let op = ScalarOpIr { lhs, rhs: ScalarIr::Float(factor), out: out.clone() };
        let op = OperationIr::NumericFloat(DType::F32, NumericOperationIr::MulScalar(op));
        self.tasks(vec![Task::RegisterOperation(self.stream, op)]);
        TensorIr { status: TensorStatus::ReadOnly, ..out }
    }

    fn ask(&mut self, tensor: TensorIr) {
        self.tasks(vec![Task::ReadTensor(self.next, self.stream, tensor)]);
    }

    /// Computes something, and reads it.
    fn works(&mut self) {
        let x = self.tensor(vec![1., 2., 3.]);
        let y = self.times(x, 2.);
        self.ask(y);
        match self.receive() {
            Some(Content::ReadTensor(Ok(data))) => {
                assert_eq!(data.try_to_vec::<f32>().unwrap(), [2., 4., 6.]);
            }
            _ => panic!("no values"),
        }
    }
}

#[test]
fn a_session_is_one_line_of_the_log() {
    let server = Server::start(&[]);
    for _ in 0..3 {
        let mut session = Session::open(&server);
        // Interpreted, compiled, and the program used.
        (0..4).for_each(|_| session.works());
        session.close();
    }
    let (told, errors) = server.stop();
    assert_eq!(told.len(), 3, "{told:#?}");
    for line in &told {
        assert!(line.contains("session of WebSocket client 127.0.0.1:"), "{line}");
        assert!(line.contains(" on cpu:0"), "{line}");
    }
    assert_eq!(errors, "");
}

#[test]
fn options_of_the_command_hold_for_the_devices() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("serve_options");
    let _ = fs::remove_dir_all(&folder);
    let (name, bytes) = (folder.to_str().unwrap(), "1MiB");
    let cache = ["--program-cache", name, "--program-cache-bytes", bytes];
    let bounds = ["--compilation-limit", "1", "--program-bytes", "1GiB", "--memory-maps", "9999"];
    let arguments = [&["--first-run", "compile"], &cache[..], &bounds[..]].concat();
    let server = Server::start(&arguments);
    let mut session = Session::open(&server);
    session.works();
    session.works();
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 1, "compiled when it was first seen");
    let x = session.tensor(vec![1.; 4]);
    let y = session.times(x, 2.);
    session.ask(y);
    match session.receive() {
        Some(Content::ReadTensor(Err(error))) => {
            let told = error.to_string();
            assert!(told.contains("its limit of 1 allows"), "{told}");
            assert!(told.contains("[3]") && told.contains("[4]"), "{told}");
        }
        _ => panic!("two programs"),
    }
    session.works();
    session.close();
    server.stop();
    fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn what_is_beyond_the_limit_of_compilations_runs_on_the_cpu_uncompiled() {
    let server = Server::start(&["--compilation-limit", "0"]);
    let mut session = Session::open(&server);
    (0..4).for_each(|_| session.works());
    session.close();
    let (told, _) = server.stop();
    let warnings: Vec<_> = told.iter().filter(|line| line.contains("WARN")).collect();
    assert_eq!(warnings.len(), 1, "{told:#?}");
    assert!(warnings[0].contains("limit=0"), "{warnings:?}");
}

#[test]
fn the_rest_is_told_on_request() {
    let server = Server::start(&["-v"]);
    let mut session = Session::open(&server);
    session.works();
    session.works();
    // It is compiled on another thread.
    std::thread::sleep(Duration::from_secs(3));
    session.close();
    let (told, _) = server.stop();
    assert!(told.iter().any(|line| line.contains("compiled")), "{told:#?}");
}

#[test]
fn a_session_that_panics_ends_with_its_clients_error_and_others_go_on() {
    let server = Server::start(&[]);
    let [mut bad, mut good] = [Session::open(&server), Session::open(&server)];
    good.works();
    let nowhere = TensorId::new(9_999);
    let nothing = TensorIr::uninit(nowhere, [3].into(), DType::F32);
    let start = Instant::now();
    bad.ask(TensorIr { status: TensorStatus::ReadOnly, ..nothing });
    assert!(bad.receive().is_none(), "the session goes on");
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
    good.works();
    let (told, errors) = server.stop();
    assert!(told.iter().any(|line| line.contains("ERROR")), "{told:#?}");
    assert_eq!(errors, "", "panics are lines of the log");
}

#[test]
fn what_memory_does_not_hold_is_told_to_its_session_and_others_go_on() {
    let server = Server::start(&[]);
    let [mut bad, mut good] = [Session::open(&server), Session::open(&server)];
    let x = bad.tensor(vec![1.]);
    let out = TensorIr::uninit(bad.id(), [1 << 20, 1 << 20].into(), DType::F32);
    let expand = burn_ir::ShapeOpIr { input: x, out: out.clone() };
    let expand = OperationIr::BaseFloat(burn_ir::BaseOperationIr::Expand(expand));
    bad.tasks(vec![Task::RegisterOperation(bad.stream, expand)]);
    let huge = bad.times(TensorIr { status: TensorStatus::ReadOnly, ..out }, 2.);
    bad.ask(huge);
    match bad.receive() {
        Some(Content::ReadTensor(Err(error))) => {
            assert!(error.to_string().contains("bytes"), "{error}");
        }
        Some(_) => panic!("4 TiB"),
        None => {}
    }
    good.works();
    server.stop();
}

/// Sorts and cumulative sums, one behind another, take the compiler seconds.
fn heavy(session: &mut Session) -> TensorIr {
    let values = (0..64).map(|i| (i as f32).sin()).collect();
    let mut x = session.tensor(values);
    for _ in 0..60 {
        let input = session.times(x, 0.9);
        let out = TensorIr::uninit(session.id(), input.shape.clone(), DType::F32);
        let op = burn_ir::DimOpIr { input, axis: 0, out: out.clone() };
        let op = OperationIr::NumericFloat(DType::F32, NumericOperationIr::CumSum(op));
        session.tasks(vec![Task::RegisterOperation(session.stream, op)]);
        let input = TensorIr { status: TensorStatus::ReadOnly, ..out };
        let out = TensorIr::uninit(session.id(), input.shape.clone(), DType::F32);
        let op = burn_ir::SortOpIr { input, dim: 0, descending: true, out: out.clone() };
        let op = OperationIr::NumericFloat(DType::F32, NumericOperationIr::Sort(op));
        session.tasks(vec![Task::RegisterOperation(session.stream, op)]);
        x = TensorIr { status: TensorStatus::ReadOnly, ..out };
    }
    x
}

#[test]
fn a_server_stops_in_good_order_while_it_compiles() {
    let server = Server::start(&[]);
    let mut session = Session::open(&server);
    for _ in 0..2 {
        let x = heavy(&mut session);
        session.ask(x);
        assert!(matches!(session.receive(), Some(Content::ReadTensor(Ok(_)))));
    }
    let (_, errors) = server.stop();
    assert_eq!(errors, "");
}

#[test]
fn a_server_that_is_killed_leaves_no_client_waiting() {
    let mut server = Server::start(&[]);
    let mut session = Session::open(&server);
    session.works();
    let start = Instant::now();
    server.process.kill().unwrap();
    server.process.wait().unwrap();
    assert!(session.receive().is_none());
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
}

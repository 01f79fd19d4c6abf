//! Recording: tensors without values yet, and when they get them.

use std::cell::Cell;
use std::collections::{HashMap, VecDeque};
use std::hash::{Hash, Hasher};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::ThreadId;

use burn_backend::{StreamId, TensorData};
use burn_ir::{OperationIr, TensorId, TensorIr, TensorStatus};

use super::device::XlaDevice;
use super::error::{EagerError, Failure};
use super::job::Job;
use super::memory;
use super::normal::{BuildFold, Tensors};
use super::pool::Pool;
use super::programs::Programs;
use super::queue::{Missing, Queue, Source};
use super::rhythm::Rhythm;
use super::value::{Value, as_dtype};
use crate::lower;
use crate::pjrt::{Buffer, Device, Event, PjrtError};

/// The state of one device, which all threads and sessions share.
#[derive(Debug)]
pub(super) struct Recorder {
    pub(super) name: XlaDevice,
    device: Result<Device, Failure>,
    state: Mutex<State>,
    pub(super) programs: Arc<Programs>,
    /// Graphs that a read waits for.
    readers: Pool,
    /// Executions that may not have ended, oldest first.
    under_way: Mutex<VecDeque<(ThreadId, Event)>>,
    executed: AtomicU64,
}

#[derive(Debug, Default)]
struct State {
    tensors: HashMap<TensorId, Place, BuildFold>,
    queues: HashMap<StreamKey, Queue>,
    rhythms: HashMap<StreamKey, Rhythm>,
}

/// Where a tensor is.
#[derive(Debug)]
enum Place {
    /// A graph that was not closed yet makes it.
    Queued(StreamKey, u64),
    Kept(Arc<Value>),
}

/// A stream of operations.
///
/// Each client of a server numbers its streams from 0, so a stream is identified by its thread too: each session
/// has a thread of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct StreamKey {
    thread: ThreadId,
    stream: StreamId,
}

impl Hash for StreamKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.thread.hash(state);
        state.write_u64(self.stream.value);
    }
}

impl StreamKey {
    fn here() -> Self {
        Self { thread: this_thread(), stream: StreamId::current() }
    }
}

fn this_thread() -> ThreadId {
    thread_local! {
        static ID: ThreadId = std::thread::current().id();
    }
    // While a thread ends, tensors in its own storage may still be dropped.
    ID.try_with(|id| *id).unwrap_or_else(|_| std::thread::current().id())
}

thread_local! {
    /// The state of the random numbers of this thread: each session has a thread of its own.
    static SEED: Cell<u64> = const { Cell::new(0x5eed) };
}

/// Seeds the random numbers of this thread.
pub(super) fn seed(seed: u64) {
    SEED.with(|cell| cell.set(seed));
}

/// A seed for the next graph: one step of SplitMix64.
fn next_seed() -> u64 {
    SEED.with(|cell| {
        let state = cell.get().wrapping_add(0x9e37_79b9_7f4a_7c15);
        cell.set(state);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    })
}

/// How many streams are remembered: those of threads that ended are forgotten.
const MOST_RHYTHMS: usize = 256;
/// Threads that run graphs which are read.
const MOST_READERS: usize = 32;
/// A graph may be interpreted or lowered there, as deep as the main thread could.
const READER_STACK_BYTES: usize = 8 << 20;
/// Executions that may be under way before recording waits for them.
const MOST_UNDER_WAY: usize = 8;

impl Recorder {
    pub(super) fn new(name: XlaDevice) -> Self {
        Self {
            name,
            device: name.start(),
            state: Mutex::default(),
            programs: Arc::new(Programs::new()),
            readers: Pool::new("burn-xla-read", MOST_READERS, READER_STACK_BYTES),
            under_way: Mutex::default(),
            executed: AtomicU64::new(0),
        }
    }

    pub(super) fn device(&self) -> Result<&Device, Failure> {
        self.device.as_ref().map_err(Arc::clone)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many tensors there are, with values or without.
    pub(super) fn count_tensors(&self) -> usize {
        self.lock().tensors.len()
    }

    /// How many operations wait to be executed.
    pub(super) fn count_waiting(&self) -> usize {
        self.lock().queues.values().map(Queue::len).sum()
    }

    pub(super) fn count_executed(&self) -> u64 {
        self.executed.load(Ordering::Relaxed)
    }

    /// Records an operation.
    pub(super) fn record(&self, op: OperationIr) {
        let here = StreamKey::here();
        match op {
            OperationIr::Drop(tensor) => return self.forget(tensor.id),
            OperationIr::Init(_) => return,
            _ => {}
        }
        let inputs: Tensors = op.inputs().map(|input| (input.id, input.status)).collect();
        let mut state = self.lock();
        // Inputs that another stream makes must have values first.
        while let Some(other) = state.other_stream(&inputs, here) {
            let job = state.close(other);
            drop(state);
            self.run_if_some(job);
            state = self.lock();
        }
        let (gone, job) = state.push(op, &inputs, here);
        drop(state);
        // Buffers are freed without the lock.
        drop(gone);
        self.run_if_some(job);
    }

    /// Drops a tensor.
    fn forget(&self, id: TensorId) {
        let mut state = self.lock();
        let gone = state.forget(id);
        drop(state);
        drop(gone);
    }

    /// Uploads values.
    pub(super) fn upload(&self, id: TensorId, data: TensorData) {
        let outcome = self.device().and_then(|device| {
            let what = || format!("an upload of {:?}", data.shape());
            memory::ensure(data.as_bytes().len() as u64, what)?;
            let buffer = device.client().buffer_from_data(data, device);
            buffer.map(Arc::new).map_err(|error| Arc::new(error.into()))
        });
        self.keep(id, Arc::new(Value::of(outcome)));
    }

    /// Gives a tensor its value.
    pub(super) fn keep(&self, id: TensorId, value: Arc<Value>) {
        let before = self.lock().tensors.insert(id, Place::Kept(value));
        drop(before);
    }

    /// The value of a tensor. If an open graph makes the tensor, the graph ends, and the caller must
    /// [run](Self::run) it.
    pub(super) fn value(&self, tensor: &TensorIr) -> (Arc<Value>, Option<Job>) {
        self.lock().value(tensor)
    }

    /// As [`value`](Self::value), after the graph was run.
    pub(super) fn value_now(&self, tensor: &TensorIr) -> Arc<Value> {
        let (value, job) = self.value(tensor);
        self.run_if_some(job);
        value
    }

    /// The values of a tensor on the host.
    pub(super) fn read(
        self: &Arc<Self>,
        tensor: &TensorIr,
    ) -> impl Future<Output = Result<TensorData, Failure>> + Send + use<> {
        let dtype = tensor.dtype;
        let thread = this_thread();
        let mut state = self.lock();
        let (value, job) = state.value(tensor);
        match job {
            // This may be a thread that serves many sessions: it must not wait for the compiler.
            Some(job) if job.is_ready() && self.programs.knows(&job.graph) => {
                drop(state);
                self.run(job, thread);
            }
            Some(job) => {
                // In the order in which graphs end: a graph waits for earlier ones alone, so that few threads are
                // enough for many.
                let recorder = Arc::clone(self);
                self.readers.push(move || recorder.run(job, thread));
                drop(state);
                if !self.readers.start() {
                    self.readers.work();
                }
            }
            None => drop(state),
        }
        async move {
            let outcome = Arc::clone(&value.outcome).later().await;
            let buffer = outcome?;
            let ready = Arc::new(super::promise::Promise::new());
            let told = Arc::clone(&ready);
            let event = buffer.ready().map_err(EagerError::from)?;
            // The copy reports an error again, with its causes.
            if event.on_ready(move |_| told.keep(())).is_ok() {
                ready.later().await;
            }
            let data = buffer.to_data().map_err(EagerError::from)?;
            Ok(as_dtype(data, dtype))
        }
    }

    /// Executes what this thread has recorded.
    pub(super) fn flush(&self) {
        let thread = this_thread();
        let mut state = self.lock();
        let mine = |key: &&StreamKey| key.thread == thread;
        let streams: Vec<_> = state.queues.keys().filter(mine).copied().collect();
        let jobs: Vec<_> = streams.into_iter().filter_map(|stream| state.close(stream)).collect();
        drop(state);
        jobs.into_iter().for_each(|job| self.run(job, thread));
    }

    /// Executes what this thread has recorded, and waits for it.
    pub(super) fn sync(&self) -> Result<(), Failure> {
        self.device()?;
        self.flush();
        let thread = this_thread();
        let (mine, others): (VecDeque<_>, VecDeque<_>) = {
            let mut under_way = self.events();
            under_way.drain(..).partition(|(of, _)| *of == thread)
        };
        self.events().extend(others);
        self.lock().rhythms.retain(|stream, _| stream.thread != thread);
        let waited: Vec<_> = mine.iter().map(|(_, event)| event.wait()).collect();
        waited.into_iter().collect::<Result<(), _>>().map_err(|error| Arc::new(error.into()))
    }

    fn events(&self) -> MutexGuard<'_, VecDeque<(ThreadId, Event)>> {
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn run_if_some(&self, job: Option<Job>) {
        if let Some(job) = job {
            self.run(job, this_thread());
        }
    }

    /// Executes a graph, for this thread.
    fn run(&self, job: Job, thread: ThreadId) {
        self.executed.fetch_add(1, Ordering::Relaxed);
        let event = match self.device() {
            Ok(device) => job.run(self.name.platform, device, &self.programs),
            Err(failure) => return job.fail(&failure),
        };
        let Some(event) = event else { return };
        let mut under_way = self.events();
        under_way.retain(|(_, event)| !event.is_ready().unwrap_or(true));
        under_way.push_back((thread, event));
        let oldest = (under_way.len() > MOST_UNDER_WAY).then(|| under_way.pop_front()).flatten();
        drop(under_way);
        if let Some((_, event)) = oldest {
            // Its results have the error.
            let _ = event.wait();
        }
    }
}

impl State {
    /// As [`Recorder::value`].
    fn value(&mut self, tensor: &TensorIr) -> (Arc<Value>, Option<Job>) {
        let job = match self.tensors.get(&tensor.id) {
            Some(&Place::Queued(stream, _)) => self.close(stream),
            _ => None,
        };
        let value = match self.tensors.get(&tensor.id) {
            Some(Place::Kept(value)) => Arc::clone(value),
            _ => Arc::new(Value::of(Err(Arc::new(EagerError::Missing {
                op: "reading a tensor".into(),
                id: tensor.id,
            })))),
        };
        if tensor.status == TensorStatus::ReadWrite {
            self.tensors.remove(&tensor.id);
        }
        (value, job)
    }

    /// A stream other than `here` that makes an input of the operation.
    fn other_stream(&self, inputs: &Tensors, here: StreamKey) -> Option<StreamKey> {
        inputs.iter().find_map(|(id, _)| match self.tensors.get(id) {
            Some(&Place::Queued(stream, _)) if stream != here => Some(stream),
            _ => None,
        })
    }

    /// Records an operation whose inputs are of this stream or have values. Returns values to be freed, and the
    /// graph that ends with the operation.
    fn push(
        &mut self,
        op: OperationIr,
        inputs: &Tensors,
        here: StreamKey,
    ) -> (Vec<Place>, Option<Job>) {
        let name = lower::name_of(&op);
        let queue = self.queues.entry(here).or_default();
        if queue.needs_seed() && lower::is_random(&op) {
            queue.set_seed(next_seed());
        }
        let tensors = &self.tensors;
        let pushed = queue.push(op, inputs.len(), |id| match tensors.get(&id)? {
            Place::Queued(_, number) => Some(Source::Number(*number)),
            Place::Kept(value) => Some(Source::Value(Arc::clone(value))),
        });
        let is_deep = queue.is_deep();
        let structure = match pushed {
            Ok((structure, made)) => {
                let queued = made.into_iter().map(|(id, at)| (id, Place::Queued(here, at)));
                self.tensors.extend(queued);
                structure
            }
            Err(Missing { input: id, outputs }) => {
                let op = format!("{}::{}", name.0, name.1);
                let failure = Arc::new(EagerError::Missing { op, id });
                let failed = |id| (id, Place::Kept(Arc::new(Value::of(Err(Arc::clone(&failure))))));
                self.tensors.extend(outputs.into_iter().map(failed));
                return (Vec::new(), None);
            }
        };
        let used_up = inputs.iter().filter(|(_, status)| *status == TensorStatus::ReadWrite);
        let gone = used_up.filter_map(|(id, _)| self.forget(*id)).collect();
        if !self.rhythms.contains_key(&here) && self.rhythms.len() >= MOST_RHYTHMS {
            self.rhythms.clear();
        }
        let ends = self.rhythms.entry(here).or_default().step(structure, is_deep);
        (gone, if ends { self.close(here) } else { None })
    }

    /// Drops a tensor.
    fn forget(&mut self, id: TensorId) -> Option<Place> {
        let place = self.tensors.remove(&id)?;
        if let Place::Queued(stream, number) = place
            && let Some(queue) = self.queues.get_mut(&stream)
            && queue.forget(number)
        {
            // No operation has an effect but its results.
            self.queues.remove(&stream);
            if let Some(rhythm) = self.rhythms.get_mut(&stream) {
                rhythm.cut();
            }
        }
        Some(place)
    }

    /// Ends the graph of a stream. Its results have values from now on, which are there when it was run.
    fn close(&mut self, stream: StreamKey) -> Option<Job> {
        let queue = self.queues.remove(&stream)?;
        if let Some(rhythm) = self.rhythms.get_mut(&stream) {
            rhythm.cut();
        }
        let (job, made) = queue.close();
        self.tensors.extend(made.into_iter().map(|(id, value)| (id, Place::Kept(value))));
        Some(job)
    }
}

/// Copies a value to another device.
pub(super) fn transfer(value: &Value, to: &Recorder) -> Value {
    let outcome = value.outcome.wait().and_then(|buffer| {
        let device = to.device()?;
        let copied = if device.client().is_same(buffer.client()) {
            buffer.copy_to_device(device)
        } else {
            let moved = |buffer: &Buffer| -> Result<Buffer, PjrtError> {
                device.client().buffer_from_data(buffer.to_data()?, device)
            };
            moved(&buffer)
        };
        copied.map(Arc::new).map_err(|error| Arc::new(error.into()))
    });
    Value::of(outcome)
}

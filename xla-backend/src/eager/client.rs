//! The client that Burn's router sends operations to.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use burn_backend::{
    BoolStore, DType, DTypeUsage, DTypeUsageSet, ExecutionError, TensorData, TensorMetadata,
};
use burn_ir::{GraphBindings, GraphId, OperationIr, TensorId, TensorIr, TensorStatus};
use burn_router::{Graph, RouterClient, RouterTensor};

use super::device::XlaDevice;
use super::error::told;
use super::recorder::{Recorder, seed};
use super::value::Value;

/// The client of a device. A clone is the same one; all threads of a process share it.
#[derive(Clone, Debug)]
pub struct XlaClient {
    recorder: Arc<Recorder>,
    /// Graphs that Burn's fusion has registered.
    graphs: Arc<Mutex<HashMap<GraphId, Graph>>>,
}

/// Counts of what a device holds and has executed, for tests and for monitoring a server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Statistics {
    /// Tensors, including those that have no values yet.
    pub tensors: usize,
    /// Operations that wait to be executed.
    pub waiting: usize,
    /// Graphs that were executed.
    pub executed: u64,
    /// Of these, graphs that ran operation by operation on Burn's CPU backend.
    pub interpreted: u64,
    /// Programs that were compiled, those of `compiling` among them.
    pub compiled: u64,
    /// Programs that are being compiled on threads of their own, or wait for one.
    pub compiling: usize,
    /// Programs that are kept, those of `compiling` among them.
    pub programs: usize,
}

impl XlaClient {
    pub(super) fn new(device: &XlaDevice) -> Self {
        Self { recorder: Arc::new(Recorder::new(*device)), graphs: Arc::default() }
    }

    pub(super) fn recorder(&self) -> &Arc<Recorder> {
        &self.recorder
    }

    /// Counts of what the device holds and has executed.
    pub(super) fn statistics(&self) -> Statistics {
        Statistics {
            tensors: self.recorder.count_tensors(),
            waiting: self.recorder.count_waiting(),
            executed: self.recorder.count_executed(),
            interpreted: self.recorder.programs.count_interpreted(),
            compiled: self.recorder.programs.count_compiled(),
            compiling: self.recorder.programs.count_compiling(),
            programs: self.recorder.programs.count_kept(),
        }
    }

    fn replay(&self, graph: &Graph, bindings: GraphBindings) {
        for op in graph.bind(bindings).operations {
            self.recorder.record(op);
        }
    }
}

fn fresh() -> TensorId {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    TensorId::new(NEXT.fetch_add(1, Ordering::Relaxed))
}

impl RouterClient for XlaClient {
    type Device = XlaDevice;

    fn register_op(&self, op: OperationIr) {
        self.recorder.record(op);
    }

    fn read_tensor_async(
        &self,
        tensor: TensorIr,
    ) -> Pin<Box<dyn Future<Output = Result<TensorData, ExecutionError>> + Send>> {
        let read = self.recorder.read(&tensor);
        Box::pin(async move { read.await.map_err(|failure| told(&failure)) })
    }

    fn sync(&self) -> Result<(), ExecutionError> {
        self.recorder.sync().map_err(|failure| told(&failure))
    }

    fn flush(&self) {
        self.recorder.flush();
    }

    fn create_empty_handle(&self) -> TensorId {
        fresh()
    }

    fn register_tensor_data(&self, data: TensorData) -> RouterTensor<Self> {
        let (id, shape, dtype) = (fresh(), data.shape().clone(), data.dtype());
        self.recorder.upload(id, data);
        RouterTensor::new(id, shape, dtype, self.clone())
    }

    fn device(&self) -> XlaDevice {
        self.recorder.name
    }

    fn seed(&self, value: u64) {
        seed(value);
    }

    fn dtype_usage(&self, dtype: DType) -> DTypeUsageSet {
        match dtype {
            // On a device they are one byte; they are widened when they are read.
            DType::Bool(BoolStore::U32) | DType::QFloat(_) => DTypeUsageSet::empty(),
            _ => DTypeUsage::Storage | DTypeUsage::Arithmetic,
        }
    }

    fn register_and_execute_graph(
        &self,
        id: GraphId,
        relative: Vec<OperationIr>,
        bindings: GraphBindings,
    ) {
        let graph = Graph::new(relative);
        let mut graphs = self.graphs.lock().unwrap_or_else(PoisonError::into_inner);
        graphs.insert(id, graph.clone());
        drop(graphs);
        self.replay(&graph, bindings);
    }

    fn execute_graph(&self, id: GraphId, bindings: GraphBindings) {
        let graphs = self.graphs.lock().unwrap_or_else(PoisonError::into_inner);
        let graph = graphs.get(&id).cloned();
        drop(graphs);
        match graph {
            Some(graph) => self.replay(&graph, bindings),
            // Reading its results gives the error that they are missing.
            None => tracing::error!(?id, "a graph that was not registered"),
        }
    }

    fn register_alias(&self, new: TensorId, source: TensorId) {
        let tensor = TensorIr {
            id: source,
            shape: [0].into(),
            status: TensorStatus::ReadOnly,
            dtype: DType::F32,
        };
        let value = self.recorder.value_now(&tensor);
        self.recorder.keep(new, value);
    }
}

/// A tensor on its way to another device.
#[derive(Clone, Debug)]
pub struct XlaHandle(pub(super) Arc<Value>);

/// The tensor of a handle.
pub(super) fn register(
    client: &XlaClient,
    handle: XlaHandle,
    shape: burn_backend::Shape,
    dtype: DType,
) -> RouterTensor<XlaClient> {
    let id = fresh();
    client.recorder.keep(id, handle.0);
    let tensor = RouterTensor::new(id, shape, dtype, client.clone());
    debug_assert_eq!(tensor.dtype(), dtype);
    tensor
}

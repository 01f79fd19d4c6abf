//! etcd as the store of processes on several hosts.

use std::fmt::Display;
use std::future::Future;
use std::sync::mpsc;
use std::time::Duration;

use etcd_client::{Client, ConnectOptions};
use tokio::runtime::{Builder, Runtime};

use super::key_value::{KeyValueStore, StoreError, poll};

/// A store in etcd, the key-value store of many clusters. It speaks HTTP without TLS, so it is for networks that are
/// trusted.
///
/// ```no_run
/// use std::sync::Arc;
/// use burn_xla::pjrt::{Client, ClientOptions, EtcdStore, Plugin};
///
/// # let (plugin, rank, run) = (Plugin::load("/path/of/xla_cuda_plugin.so")?, 0i64, "run-17");
/// // On each of two hosts, with its own rank; `run` is a name that all have in common, and new each time.
/// let store = EtcdStore::connect(&["http://10.0.0.7:2379"], run, None)?;
/// let options = ClientOptions::new().with("num_nodes", 2i64).with("node_id", rank);
/// let client = Client::with_store(&plugin, &options, Arc::new(store))?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// The keys of a run stay: `etcdctl del --prefix burn-xla/run-17/` removes them.
pub struct EtcdStore {
    /// It has a thread of its own. [`None`] when it is dropped.
    runtime: Option<Runtime>,
    client: Client,
    run: String,
}

impl std::fmt::Debug for EtcdStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EtcdStore").field("run", &self.run).finish_non_exhaustive()
    }
}

/// How often a key is looked for that is not there.
const STEP: Duration = Duration::from_millis(50);
/// How long etcd may take for an answer.
const PATIENCE: Duration = Duration::from_secs(10);

impl EtcdStore {
    /// Connects to the members of an etcd cluster, perhaps as a user with a password. Values are under
    /// `burn-xla/RUN/`; the name of the run is new each time.
    ///
    /// # Errors
    ///
    /// [`StoreError::Connect`] if no member answers, or the user is refused.
    pub fn connect(
        members: &[&str],
        run: &str,
        user: Option<(&str, &str)>,
    ) -> Result<Self, StoreError> {
        let failed = |reason: &dyn Display| StoreError::Connect {
            store: format!("etcd at {}", members.join(", ")),
            reason: reason.to_string(),
        };
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("burn-xla-etcd")
            .enable_all()
            .build()
            .map_err(|error| failed(&error))?;
        let mut options =
            ConnectOptions::new().with_connect_timeout(PATIENCE).with_timeout(PATIENCE);
        if let Some((name, password)) = user {
            options = options.with_user(name, password);
        }
        let names: Vec<_> = members.iter().map(|&member| member.to_owned()).collect();
        let connecting = async move {
            let mut client = Client::connect(names, Some(options)).await?;
            // Only a question shows whether somebody is there.
            client.get("burn-xla", None).await?;
            Ok(client)
        };
        let client = answer(&runtime, connecting).map_err(|error| failed(&error))?;
        Ok(Self { runtime: Some(runtime), client, run: run.to_owned() })
    }

    fn ask<T: Send + 'static, F>(
        &self,
        key: &str,
        question: impl FnOnce(Client, String) -> F,
    ) -> Result<T, StoreError>
    where
        F: Future<Output = Result<T, etcd_client::Error>> + Send + 'static,
    {
        let failed = |reason: String| StoreError::Failed { key: key.into(), reason };
        let path = format!("burn-xla/{}/{key}", self.run);
        match &self.runtime {
            None => Err(failed("the store is closed".into())),
            Some(runtime) => answer(runtime, question(self.client.clone(), path)).map_err(failed),
        }
    }
}

/// Waits for an answer, also on a thread that runs tasks itself.
fn answer<T: Send + 'static>(
    runtime: &Runtime,
    asking: impl Future<Output = Result<T, etcd_client::Error>> + Send + 'static,
) -> Result<T, String> {
    let (sender, receiver) = mpsc::channel();
    runtime.spawn(async move { sender.send(asking.await) });
    let answer = receiver.recv().map_err(|_| "no answer".to_owned())?;
    answer.map_err(|error| error.to_string())
}

impl KeyValueStore for EtcdStore {
    fn get(&self, key: &str, timeout: Duration) -> Result<Vec<u8>, StoreError> {
        poll(self, key, timeout, STEP)
    }

    fn try_get(&self, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.ask(key, |mut client, path| async move {
            let found = client.get(path, None).await?;
            Ok(found.kvs().first().map(|pair| pair.value().to_vec()))
        })
    }

    fn put(&self, key: &str, value: &[u8]) -> Result<(), StoreError> {
        let value = value.to_vec();
        self.ask(key, |mut client, path| async move {
            client.put(path, value, None).await?;
            Ok(())
        })
    }
}

impl Drop for EtcdStore {
    fn drop(&mut self) {
        // Without waiting, which a thread that runs tasks may not.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

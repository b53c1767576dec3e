//! The thread on which everything runs that has to be on time: the task that follows changes and sends heartbeats, and the one that hears hints.
//! It has a runtime of its own, so that no crowd of requests delays a heartbeat. The writer and the barrier are not here: they run where requests
//! do, since whoever asks for a change waits for them, and each way from one thread to another costs as much as a journey to the database. Nor
//! are messages heard here, or revocations foretold, which have threads of their own.

use std::thread::JoinHandle;
use std::time::Duration;

use tokio::runtime::{Builder, Handle};
use tokio::sync::mpsc;

use crate::StoreError;

/// How long its tasks may take to end.
const GOODBYE: Duration = Duration::from_secs(2);

type Task = tokio::task::JoinHandle<()>;

/// The thread. Dropped last, it waits until its tasks have ended by themselves, which they do when nobody can ask them any more.
pub(super) struct Engine {
    handle: Handle,
    tasks: Option<mpsc::UnboundedSender<Task>>,
    thread: Option<JoinHandle<()>>,
}

impl Engine {
    pub(super) fn start() -> Result<Self, StoreError> {
        let unavailable = |error: std::io::Error| StoreError::Unavailable(format!("the thread of the database: {error}"));
        let runtime = Builder::new_current_thread().enable_all().build().map_err(unavailable)?;
        let handle = runtime.handle().clone();
        let (tasks, mut begun) = mpsc::unbounded_channel::<Task>();
        let run = move || {
            runtime.block_on(async {
                let mut all = Vec::new();
                while let Some(task) = begun.recv().await {
                    all.push(task);
                }
                let ends = async {
                    for task in all {
                        drop(task.await);
                    }
                };
                drop(tokio::time::timeout(GOODBYE, ends).await);
            });
        };
        let thread = std::thread::Builder::new().name("database".into()).spawn(run).map_err(unavailable)?;
        Ok(Self { handle, tasks: Some(tasks), thread: Some(thread) })
    }

    /// Begins a task that ends when nobody can ask it any more.
    pub(super) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let task = self.handle.spawn(task);
        if let Some(tasks) = &self.tasks {
            // It is there for as long as this is.
            drop(tasks.send(task));
        }
    }

    /// Begins a task that ends with the thread.
    pub(super) fn spawn_for_ever(&self, task: impl Future<Output = ()> + Send + 'static) {
        drop(self.handle.spawn(task));
    }

    /// Runs something on the thread, and waits for it.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, StoreError>> + Send + 'static,
    ) -> Result<T, StoreError> {
        let done = self.handle.spawn(work).await;
        done.map_err(|_| StoreError::Unavailable("the thread of the database has ended".into()))?
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        drop(self.tasks.take());
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

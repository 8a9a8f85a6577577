//! The threads on which scripts run.
//!
//! Scripts may wait for locks, and compute until their deadline, so they have threads of their own: the threads of the
//! runtime, and the blocking threads that read static files, stay free. The stacks are so large that the deepest
//! recursion within the limits fits; untouched parts of a stack cost no memory.

use std::{io, sync::Arc, time::Duration};

use tokio::{
    runtime::{Builder, Runtime},
    sync::Semaphore,
    task::JoinHandle,
};

/// The stack of a script thread, in bytes of address space.
const STACK: usize = 64 << 20;
/// The most calls that wait for a thread. Beyond it, the answer is 503.
const QUEUE: usize = 1024;

pub(crate) struct Pool {
    /// Only its blocking threads are used.
    runtime: Option<Runtime>,
    places: Arc<Semaphore>,
    size: u32,
}

/// The threads of a site, or of a handler service.
pub(crate) struct Threads {
    /// For scripts that make answers.
    pub(crate) scripts: Pool,
    /// For what runs after the response has been sent: requests never wait for it.
    pub(crate) following: Arc<Pool>,
}

impl Threads {
    pub(crate) fn new() -> io::Result<Self> {
        let threads = default_threads();
        Ok(Self { scripts: Pool::new(threads)?, following: Arc::new(Pool::new(threads)?) })
    }
}

/// No thread is free, and the queue is full.
#[derive(Debug)]
pub(crate) struct Busy;

impl Pool {
    fn new(threads: usize) -> io::Result<Self> {
        let runtime = Builder::new_current_thread()
            .thread_name("samovar-script")
            .thread_stack_size(STACK)
            .max_blocking_threads(threads)
            .thread_keep_alive(Duration::from_secs(60))
            .build()?;
        let size = u32::try_from(threads + QUEUE).unwrap_or(u32::MAX);
        Ok(Self { runtime: Some(runtime), places: Arc::new(Semaphore::new(size as usize)), size })
    }

    /// Waits until nothing runs and nothing waits to run.
    pub(crate) async fn drained(&self) {
        let _ = self.places.acquire_many(self.size).await;
    }

    /// Runs `work` on a script thread.
    pub(crate) async fn run<R: Send + 'static>(&self, work: impl FnOnce() -> R + Send + 'static) -> Result<R, Busy> {
        self.start(work)?.await.map_err(|_| Busy)
    }

    /// Starts `work` on a script thread; the caller may wait for it.
    pub(crate) fn start<R: Send + 'static>(
        &self,
        work: impl FnOnce() -> R + Send + 'static,
    ) -> Result<JoinHandle<R>, Busy> {
        let place = self.places.clone().try_acquire_owned().map_err(|_| Busy)?;
        let runtime = self.runtime.as_ref().ok_or(Busy)?;
        // The place is given back when the work is done, also when the caller no longer waits.
        let work = move || {
            let result = work();
            drop(place);
            result
        };
        Ok(runtime.handle().spawn_blocking(work))
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        // Does not wait for scripts, which end by their deadlines: this may be a thread of a runtime.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// The number of threads, enough for some scripts to wait while others work.
fn default_threads() -> usize {
    std::thread::available_parallelism().map_or(2, usize::from).saturating_mul(4).max(8)
}

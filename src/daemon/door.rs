//! Where webhooks are taken: a thread of its own. Ledgers and deliveries compute for long between two waits, and a
//! sender's 2xx would wait for each of them; the system divides the processor between threads instead.

use tokio::net::TcpListener;
use tokio::runtime::{Builder, Handle, Runtime};

/// A runtime of one thread, until dropped. What runs on it then is not waited for: it has to have ended before.
pub(super) struct Door(Option<Runtime>);

impl Door {
    /// Begins the thread.
    ///
    /// # Errors
    /// The system's, when it gives no thread.
    pub(super) fn open() -> std::io::Result<Self> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("webhooks")
            .enable_all()
            .build()?;
        Ok(Self(Some(runtime)))
    }

    /// The same listener, woken by this thread from now on.
    ///
    /// # Errors
    /// The system's.
    pub(super) fn take_over(&self, listener: TcpListener) -> std::io::Result<TcpListener> {
        let listener = listener.into_std()?;
        let handle = self.handle();
        let _within = handle.enter();
        TcpListener::from_std(listener)
    }

    /// Where to spawn; `None` never, while it lives.
    pub(super) fn handle(&self) -> Handle {
        self.0
            .as_ref()
            .map_or_else(Handle::current, |runtime| runtime.handle().clone())
    }
}

impl Drop for Door {
    /// Without a wait: a runtime must not be waited for by a task of another.
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

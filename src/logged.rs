//! What tests hear of the log.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};
use tracing::subscriber::DefaultGuard;

/// What was written.
#[derive(Clone, Default)]
pub(crate) struct Kept(pub(crate) Arc<Mutex<Vec<u8>>>);

impl Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What this thread has logged from information on, since it was made.
pub(crate) struct Logged {
    kept: Kept,
    _guard: DefaultGuard,
}

impl Logged {
    pub(crate) fn begin() -> Self {
        let kept = Kept::default();
        let writer = kept.clone();
        let log = tracing_subscriber::fmt()
            .with_ansi(false)
            .without_time()
            .with_writer(move || writer.clone());
        Self {
            kept,
            _guard: tracing::subscriber::set_default(log.finish()),
        }
    }

    /// The lines that have this in them.
    pub(crate) fn lines(&self, part: &str) -> Vec<String> {
        let text = String::from_utf8(self.kept.0.lock().unwrap().clone()).unwrap();
        let lines = text.lines().filter(|line| line.contains(part));
        lines.map(|line| line.trim().to_owned()).collect()
    }
}

//! The program `omnistock` as a process of its own: started, killed, asked to end.

use super::canary;
use std::io::Read;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// A running daemon; killed when dropped.
pub struct Daemon {
    child: Child,
    log: Arc<Mutex<String>>,
}

impl Daemon {
    /// `omnistock run -c FILE`. Returns at once.
    pub fn start(file: &Path) -> Self {
        Self::start_with(file, &[])
    }

    /// The same with further environment variables.
    pub fn start_with(file: &Path, environment: &[(&str, &str)]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_omnistock"))
            .arg("-c")
            .arg(file)
            .arg("run")
            // Never the machine's own state folder.
            .env("STATE_DIRECTORY", file.with_file_name("state"))
            .envs(environment.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let (log, mut errors) = (
            Arc::new(Mutex::new(String::new())),
            child.stderr.take().expect("it is piped"),
        );
        let kept = Arc::clone(&log);
        std::thread::spawn(move || {
            let mut part = [0_u8; 4_096];
            while let Ok(count @ 1..) = errors.read(&mut part) {
                kept.lock()
                    .expect("no reader panics")
                    .push_str(&String::from_utf8_lossy(&part[..count]));
            }
        });
        Self { child, log }
    }

    /// What it said on standard error: the last 8,000 characters.
    pub fn log(&self) -> String {
        let log = self.log.lock().expect("no reader panics");
        let skip = log.chars().count().saturating_sub(8_000);
        log.chars().skip(skip).collect()
    }

    /// All of what it said on standard error.
    pub fn everything(&self) -> String {
        self.log.lock().expect("no reader panics").clone()
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Whether it still runs.
    pub fn runs(&mut self) -> bool {
        self.child.try_wait().expect("it is a child of ours").is_none()
    }

    /// SIGINT, as Ctrl-C sends it; panics unless it ends with 0 within this time.
    pub fn interrupt(&mut self, within: Duration) {
        self.end_by("-INT", within);
    }

    /// SIGKILL, and gone when it returns.
    pub fn kill(&mut self) {
        self.child.kill().expect("it is a child of ours");
        self.child.wait().expect("it is a child of ours");
    }

    /// SIGTERM; panics unless it ends with 0 within 30 seconds.
    pub fn terminate(&mut self) {
        self.end_by("-TERM", Duration::from_secs(30));
    }

    fn end_by(&mut self, signal: &str, within: Duration) {
        let id = self.child.id().to_string();
        assert!(
            Command::new("kill")
                .args([signal, &id])
                .status()
                .expect("kill runs")
                .success()
        );
        let begun = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().expect("it is a child of ours") {
                assert!(status.success(), "ended with {status}\n{}", self.log());
                return;
            }
            assert!(
                begun.elapsed() < within,
                "did not end within {within:?}\n{}",
                self.log()
            );
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Daemon {
    /// Whatever a test is about: no log of any daemon holds a secret.
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
        canary::stays_in("the daemon's log", &self.everything());
    }
}

//! A clock that is wrong, for one process: libfaketime before the program, and an offset that may change while it runs.
//! Clocks that only measure how long something takes stay true, as they do when somebody sets a machine's clock.

use std::path::{Path, PathBuf};
use std::process::Command;

pub(crate) struct FakeClock {
    offset: PathBuf,
    library: String,
}

impl FakeClock {
    /// A clock that is ahead by so many seconds (negative: behind); `name` tells clocks in this folder apart.
    pub(crate) fn ahead(folder: &Path, name: &str, seconds: i64) -> Self {
        // The program itself knows where its library lies.
        let told = Command::new("faketime")
            .args(["-m", "-f", "+0s", "sh", "-c", "printf %s \"$LD_PRELOAD\""])
            .output();
        let told = match told {
            Ok(told) if told.status.success() => told,
            other => panic!("faketime is not installed ({other:?}): run `cargo xtask test`, which installs it"),
        };
        let clock = Self {
            offset: folder.join(format!("clock-{name}")),
            library: String::from_utf8(told.stdout).unwrap(),
        };
        clock.set(seconds);
        clock
    }

    /// It is ahead by so many seconds from now on.
    pub(crate) fn set(&self, seconds: i64) {
        let part = self.offset.with_extension("part");
        std::fs::write(&part, format!("{seconds:+}")).unwrap();
        std::fs::rename(part, &self.offset).unwrap();
    }

    /// What makes a process go by it. Times of files stay as they are: they come from the machine that wrote them.
    pub(crate) fn environment(&self) -> Vec<(&str, &str)> {
        vec![
            ("LD_PRELOAD", &self.library),
            ("FAKETIME_TIMESTAMP_FILE", self.offset.to_str().unwrap()),
            ("FAKETIME_NO_CACHE", "1"),
            ("FAKETIME_DONT_FAKE_MONOTONIC", "1"),
            ("NO_FAKE_STAT", "1"),
        ]
    }
}

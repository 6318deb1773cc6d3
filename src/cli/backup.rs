//! `omnistock backup`: the embedded store in one file, while the daemon works or not.
//!
//! It reads the database itself instead of asking the daemon: so it works without one, writes with the
//! rights of whoever calls it, and no listener can be made to write files.

use super::{Context, Failure, progress, text, wiring};
use serde::Serialize;
use std::path::PathBuf;

/// Write the embedded store into one new file; the daemon goes on meanwhile.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: omnistock backup /backup/omnistock-monday.db\n\
    To restore: stop the daemon, put the file into an empty state folder as omnistock.db, start.")]
pub(super) struct Backup {
    /// The file to write; one that exists is not overwritten.
    file: PathBuf,
}

/// What was written.
#[derive(Debug, Serialize)]
struct Written {
    file: PathBuf,
    bytes: u64,
    milliseconds: u64,
}

impl Backup {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let begun = tokio::time::Instant::now();
        let what = format!("writing {}", text::shortened(&self.file.display().to_string(), 50));
        let work = wiring::backup(&context.config, &self.file);
        let bytes = progress::during(&context.output, &what, work).await?;
        let milliseconds = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        let written = Written {
            file: self.file,
            bytes,
            milliseconds,
        };
        context.output.show(&written, |written| {
            format!(
                "{}: {} bytes in {}\n",
                written.file.display(),
                text::number(written.bytes),
                text::lag(written.milliseconds)
            )
        })
    }
}

//! `omnistock manual`: man pages and shell completions, made from the command line itself, so that they are true.
//!
//! Hidden: the package is built with it.

use super::{Cli, Context, Failure, text};
use clap::CommandFactory;
use clap_complete::Shell;
use std::io::Result;
use std::path::{Path, PathBuf};

/// Write man pages (`man/`) and shell completions (`completions/`) into a folder.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: omnistock manual target/package")]
pub(super) struct Manual {
    /// Created when missing; files of the same names are replaced.
    folder: PathBuf,
}

#[derive(serde::Serialize)]
struct Written {
    folder: PathBuf,
    files: u64,
}

impl Manual {
    pub(super) fn run(self, context: &Context) -> std::result::Result<(), Failure> {
        let files = write(&self.folder)
            .map_err(|cause| Failure::usage(format!("{} can't be written: {cause}", self.folder.display())))?;
        let written = Written {
            folder: self.folder,
            files,
        };
        context.output.show(&written, |written| {
            let files = text::count(written.files, "file", "files");
            format!("{files} in {}\n", written.folder.display())
        })
    }
}

/// How many files there are now.
fn write(folder: &Path) -> Result<u64> {
    let (man, completions) = (folder.join("man"), folder.join("completions"));
    std::fs::create_dir_all(&man)?;
    std::fs::create_dir_all(&completions)?;
    clap_mangen::generate_to(Cli::command(), &man)?;
    for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
        clap_complete::generate_to(shell, &mut Cli::command(), "omnistock", &completions)?;
    }
    let files = std::fs::read_dir(&man)?.count() + std::fs::read_dir(&completions)?.count();
    Ok(u64::try_from(files).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_has_a_page_and_every_shell_its_completions() {
        let folder = tempfile::tempdir().unwrap();
        let files = write(folder.path()).unwrap();
        for name in [
            "man/omnistock.1",
            "man/omnistock-explain.1",
            "man/omnistock-holds-approve.1",
        ] {
            let page = std::fs::read_to_string(folder.path().join(name)).unwrap();
            assert!(page.contains(".SH SYNOPSIS"), "{name}");
        }
        for name in ["omnistock.bash", "_omnistock", "omnistock.fish"] {
            let script = std::fs::read_to_string(folder.path().join("completions").join(name)).unwrap();
            assert!(script.contains("explain"), "{name}");
        }
        assert!(files > 15, "{files}");
    }
}

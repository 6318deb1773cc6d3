//! Done files: `stock-1.csv.done` beside `stock-1.csv` is its writer's word that it has finished; with `.sha256`, and proof.

use crate::problem::Refusal;
use omnistock_sdk::ConnectorError;
use sha2::{Digest, Sha256, Sha512};
use std::path::{Path, PathBuf};

/// Bytes of a done file that are read.
pub(crate) const MOST_DONE: u64 = 4_096;

/// What stands beside a file that is finished.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DoneFile {
    /// What its name has behind that of the file.
    ending: String,
    sum: Option<Sum>,
}

/// How it proves what it stands beside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sum {
    Sha256,
    Sha512,
}

impl DoneFile {
    /// By its ending; the error is one sentence.
    pub(crate) fn new(ending: &str) -> Result<Self, String> {
        let plain = ending.strip_prefix('.').unwrap_or_default();
        if plain.is_empty()
            || !plain
                .chars()
                .all(|sign| sign.is_ascii_alphanumeric() || sign == '_' || sign == '-')
        {
            return Err(format!("{ending:?} is no ending like \".done\" or \".sha256\""));
        }
        let sum = match plain.to_ascii_lowercase().as_str() {
            "sha256" => Some(Sum::Sha256),
            "sha512" => Some(Sum::Sha512),
            "md5" | "sha1" | "crc" | "sfv" => {
                return Err(format!(
                    "{ending:?}: such checksums are not read, there are \".sha256\" and \".sha512\""
                ));
            }
            _ => None,
        };
        Ok(Self {
            ending: ending.to_owned(),
            sum,
        })
    }

    /// The name of the file that a done file of this name stands beside.
    pub(crate) fn of<'n>(&self, name: &'n str) -> Option<&'n str> {
        name.strip_suffix(self.ending.as_str()).filter(|name| !name.is_empty())
    }

    /// Where the done file of this file is.
    pub(crate) fn beside(&self, path: &Path) -> PathBuf {
        let mut name = path.as_os_str().to_owned();
        name.push(&self.ending);
        PathBuf::from(name)
    }

    /// Whether its content says something of the file's.
    pub(crate) fn proves(&self) -> bool {
        self.sum.is_some()
    }

    /// Whether the content is the one that the done file tells of, as `sha256sum` writes it: hexadecimal digits first.
    pub(crate) fn check(&self, title: &str, bytes: &[u8], done: &[u8]) -> Result<(), Refusal> {
        let computed = match self.sum {
            None => return Ok(()),
            Some(Sum::Sha256) => hexadecimal(&Sha256::digest(bytes)),
            Some(Sum::Sha512) => hexadecimal(&Sha512::digest(bytes)),
        };
        let told = String::from_utf8_lossy(done);
        let told = told.split_whitespace().next().unwrap_or_default().to_ascii_lowercase();
        // Such a line begins so where the file's name has signs in it that are escaped.
        if told.strip_prefix('\\').unwrap_or(&told) == computed {
            return Ok(());
        }
        let message = format!(
            "is not what {title}{} was computed from (it has the checksum {computed}): transfer both again, the file first",
            self.ending
        );
        Err(Refusal::whole(title, &message).unfinished())
    }
}

pub(crate) fn hexadecimal(digest: &[u8]) -> String {
    let mut text = String::new();
    text.extend(digest.iter().map(|byte| format!("{byte:02x}")));
    text
}

/// One sentence about a done file that can't be read.
pub(crate) fn unread(path: &Path, error: &str) -> ConnectorError {
    let path = path.display();
    ConnectorError::operator(format!(
        "{path} can't be read: {error}; give the daemon's user read permission"
    ))
}

/// One sentence about a done file that can't be removed.
pub(crate) fn stays(path: &Path, error: &str) -> ConnectorError {
    ConnectorError::operator(format!("{} can't be removed: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endings_say_what_is_proven() {
        for (ending, proves) in [
            (".done", Some(false)),
            (".ok", Some(false)),
            (".SHA256", Some(true)),
            (".sha512", Some(true)),
        ] {
            assert_eq!(DoneFile::new(ending).ok().map(|done| done.proves()), proves, "{ending}");
        }
        for wrong in ["", ".", "done", ".a/b", ".a.b", ".*", ".md5"] {
            assert!(DoneFile::new(wrong).is_err(), "{wrong}");
        }
        let done = DoneFile::new(".done").unwrap();
        assert_eq!(done.of("a.csv.done"), Some("a.csv"));
        assert_eq!((done.of(".done"), done.of("a.csv")), (None, None));
        assert_eq!(done.beside(Path::new("/in/a.csv")), Path::new("/in/a.csv.done"));
    }

    #[test]
    fn a_checksum_is_read_as_the_usual_programs_write_it() {
        let done = DoneFile::new(".sha256").unwrap();
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        for line in [
            format!("{abc}  a.csv\n"),
            format!("{abc} *a.csv\r\n"),
            abc.to_uppercase(),
            format!("\\{abc}  a\\\\.csv\n"),
        ] {
            assert_eq!(done.check("a.csv", b"abc", line.as_bytes()), Ok(()), "{line}");
        }
        for line in ["", "ba78", "a.csv  ba78"] {
            let refusal = done.check("a.csv", b"abc", line.as_bytes()).unwrap_err();
            assert!(refusal.unfinished && refusal.reason.contains(abc), "{}", refusal.reason);
        }
        assert!(done.check("a.csv", b"abd", abc.as_bytes()).is_err());
    }
}

//! Exit codes, in one place: 0 fine, 1 the answer is no, 2 usage or configuration, 3 daemon not reachable.

use std::process::ExitCode;

/// How the program ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Code {
    /// 0.
    Fine,
    /// 1: understood, and the answer is no: a test failed, an unknown SKU, a refused change.
    No,
    /// 2: wrong usage or configuration, a refused store, a busy port.
    Usage,
    /// 3: the daemon is not reachable.
    Unreachable,
}

impl Code {
    /// For the end of `--help`.
    pub(super) const HELP: &str =
        "Exit codes: 0 fine, 1 the answer is no, 2 usage or configuration, 3 daemon not reachable.";
}

impl From<Code> for ExitCode {
    fn from(code: Code) -> Self {
        ExitCode::from(match code {
            Code::Fine => 0,
            Code::No => 1,
            Code::Usage => 2,
            Code::Unreachable => 3,
        })
    }
}

/// An end that isn't fine, and the one sentence for it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    /// The exit code.
    pub code: Code,
    /// Printed as `omnistock: …` on standard error. May have several lines where several things are wrong.
    pub message: String,
}

impl Failure {
    /// The answer is no.
    pub fn no(message: impl Into<String>) -> Self {
        Self {
            code: Code::No,
            message: message.into(),
        }
    }

    /// Usage or configuration.
    pub fn usage(message: impl Into<String>) -> Self {
        Self {
            code: Code::Usage,
            message: message.into(),
        }
    }

    /// The daemon is not reachable.
    pub fn unreachable(message: impl Into<String>) -> Self {
        Self {
            code: Code::Unreachable,
            message: message.into(),
        }
    }
}

//! Why a daemon does not start.

use crate::config::{Problem, render};
use crate::server::listener::BindError;
use crate::store::StoreError;

/// Why a daemon can't start: exit 2.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The configuration, with all its problems and the lines they are in.
    #[error("{0}")]
    Configuration(String),
    /// One sentence.
    #[error("{0}")]
    Refused(String),
    /// A port.
    #[error(transparent)]
    Bind(#[from] BindError),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The system.
    #[error("the system refuses: {0}")]
    System(#[from] std::io::Error),
}

impl StartError {
    /// From a refused configuration.
    pub(super) fn configuration(problems: &[Problem]) -> Self {
        Self::Configuration(format!(
            "the configuration is not usable\n{}",
            render(problems).trim_end()
        ))
    }
}

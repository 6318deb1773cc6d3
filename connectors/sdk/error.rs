//! What can go wrong at a vendor, by what has to happen next.

use std::time::Duration;

/// What has to happen next. The one match over it is in the planner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ErrorClass {
    /// Certainly not done; worth another try, not before `after` where the vendor said so.
    Retry {
        /// The vendor's own wish.
        after: Option<Duration>,
    },
    /// Certainly not done: a limit that only some of the channel's listings share is used up. Those wait, for `after`
    /// where the vendor said so; all others go on.
    Spent {
        /// Until there is something left again.
        after: Option<Duration>,
    },
    /// It may have been done: newest number again, then read back.
    Unknown,
    /// The vendor refuses this request as it is; another try is refused as well. A batch is bisected.
    Rejected,
    /// A person has to mend something: credentials, permissions, address.
    Operator,
}

/// A failed call to a vendor.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{message}")]
pub struct ConnectorError {
    /// What has to happen next.
    pub class: ErrorClass,
    /// One sentence for the operator: what failed, in the vendor's own words, and what to do. No secrets.
    pub message: String,
}

impl ConnectorError {
    /// Certainly not done, try again.
    pub fn retry(message: impl Into<String>) -> Self {
        Self {
            class: ErrorClass::Retry { after: None },
            message: message.into(),
        }
    }

    /// It may have been done.
    pub fn unknown(message: impl Into<String>) -> Self {
        Self {
            class: ErrorClass::Unknown,
            message: message.into(),
        }
    }

    /// Refused as it is.
    pub fn rejected(message: impl Into<String>) -> Self {
        Self {
            class: ErrorClass::Rejected,
            message: message.into(),
        }
    }

    /// A person has to act.
    pub fn operator(message: impl Into<String>) -> Self {
        Self {
            class: ErrorClass::Operator,
            message: message.into(),
        }
    }
}

//! Tells somebody what needs a person: by a program, or by a POST to an address.
//!
//! The daemon says, every second, which matters there are *now* ([`Sight`]); each notifier has a [`Tally`] of what it
//! told and decides from both what is to be said next: that something began, that it is over, or that more happens
//! than is told. So a message is never lost with a queue, and an outage of the receiver costs as many messages as
//! there are matters afterwards, not as many as there were events.

mod board;
mod matter;
mod message;
mod notifier;
mod run;
mod send;
mod tally;
#[cfg(test)]
mod tally_tests;

pub use board::{NotifierBoard, NotifierCounts};
pub use matter::{Event, Matter, Severity};
pub use message::{Message, Saying};
pub use notifier::Notifier;
pub use run::{Sight, run};
pub use tally::{Limits, Tally};

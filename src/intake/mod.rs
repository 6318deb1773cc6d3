//! Everything the world reports becomes an engine event exactly once in effect: polls and
//! webhooks append to the durable inbox, one owner applies it to the ledgers.

mod applying;
mod board;
mod cache;
mod deadline;
mod gate;
mod gate_decisions;
mod holds;
mod inbox;
mod ledger;
mod order_board;
mod orders;
mod portion;
mod queue;
mod rejections;
mod replays;
mod reservation;
mod schedule;
mod snapshot;
mod stock;
mod webhook;
mod webhook_board;
#[cfg(test)]
mod webhook_test;

pub use applying::{Applying, Begun};
pub use board::{Refusal, SourceBoard, SourceReport};
pub use gate::GateKeeper;
pub use gate_decisions::GateDecision;
pub use holds::{Decision, HeldReport, HoldError, Holds};
pub use inbox::Inbox;
pub use ledger::{Cutovers, HeldAt, Ledger, LedgerBoard, LedgerParts, OverdueLines, UpkeepTimes, Watched};
pub use order_board::{FullReport, MissedOrder, OrderBoard};
pub use orders::{OrderPoller, OrderRequests, UnclearOrder};
pub use queue::{Concerned, Listings, QueueParts, QueueReader};
pub use replays::Replays;
pub use reservation::{PREFIX as RESERVATIONS, ReservationRecord, ReservationState};
pub use schedule::{CronSchedule, Schedule};
pub use stock::{Listed, StockParts, StockPoller};
pub use webhook::{Echo, Intake, Sender, WebhookRefusal, challenge, keep_subscribed, take_webhook};
pub use webhook_board::{Silence, Taken, WebhookBoard, WebhookTotals};

//! Pure: which listing next, in which call, and what an outcome means.
//!
//! Level-triggered: an event says *look again*; the number is computed when it is sent.
//! Time and randomness are arguments; nothing here knows a network or a store.

mod aim;
mod aside;
mod batch;
mod bisect;
mod breaker;
mod budget;
mod decide;
mod drift;
mod facts;
mod fall;
mod gap;
mod limit;
mod listing;
mod outcome;
mod price;
mod price_decide;
mod price_outcome;
mod ramp;
mod shown;
mod state;
mod there;
mod work;

#[cfg(test)]
mod model_test;

pub use aim::{fresh, target};
pub use aside::{Drained, Dropped, Held, Parked};
pub use batch::{AGE_STEP, Call, Candidate, Risk, batch};
pub use bisect::{groups, halves};
pub use breaker::{Breaker, Permit};
pub use budget::RetryBudget;
pub use decide::{Action, Why, decide, fit, force};
pub use drift::{Comparison, DriftClass, Evidence, compare};
pub use facts::{Facts, Fetched, LineStatus, OwnLine, Reserved, Target, Vendor};
pub use fall::{Unexplained, unexplained};
pub use gap::{Gap, gap};
pub use limit::{Ask, ChangesLeft, Claimant, GRACE, Level, LimitRecord, Limiter, SLICE, Usage, Waiting, take_change};
pub use listing::{Accepted, ListingDocument, Observed, SCHEMA, Sent, document_id, document_prefix};
pub use outcome::{Class, Next, Settlement, Verdict, full_jitter, settle};
pub use price::{AcceptedPrice, HeldPrice, MOST_UNDONE, ObservedPrice, ParkedPrice, PriceDocument, SentPrice};
pub use price_decide::{PriceAction, PriceFacts, PriceTarget, decide_price, price_state};
pub use price_outcome::{PriceVerdict, settle_price};
pub use ramp::{Ramp, RampStanding};
pub use shown::{Span, shown};
pub use state::{ListingState, StateFacts, state};
pub use there::There;
pub use work::{Work, WorkList};

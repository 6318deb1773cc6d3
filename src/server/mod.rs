//! What faces outside: the webhook listener and the admin listener, over one [`View`] of the daemon.
//!
//! The room knows no engine and no store: it asks the [`View`] and renders. Limits of both
//! listeners (connections, header and body deadlines, body sizes) are in [`listener`].

pub mod admin;
mod answers;
mod audit;
mod caller;
mod guard;
pub mod listener;
mod listings;
mod log;
pub mod metrics;
mod notify;
pub mod openapi;
mod orders;
mod people;
mod places;
mod plan;
mod planning;
mod reservations;
mod routes;
mod status;
mod steering;
mod view;
pub mod webhooks;

pub use answers::{
    Because, Change, Explanation, Hold, ItemView, Listed, LocationFigure, OrderLineView, Parked, PositionView,
    PriceExplanation, ShortOrder, Sold, Stamped, Step, SyncAnswer, Unmapped,
};
pub use audit::{AuditBody, AuditClass, AuditView, ParkedAnswer, ParkedBody};
pub use caller::{Access, Role, Token, USER_HEADER, caller, proven_caller};
pub use listings::{
    CandidateView, ImportBody, ImportView, ListingRow, ListingRows, MOST_IMPORTED, MappedBy, MappedView, MappingChange,
    Rows, RowsAsked,
};
pub use log::LogEntry;
pub use notify::{NotifierStatus, NotifyAnswer, NotifyTestBody};
pub use orders::{Leak, LeaksAsked, Mend, MendBody, MendView, OrderLineState, OrderView, SourcedView};
pub use plan::{PlanBody, PlanCause, PlanChannel, PlanJob, PlanPrice, PlanTop, PlanView, PlanWhat, ReloadBody};
pub use reservations::{
    AvailabilityView, ChannelAvailability, KEY_HEADER, LocationAvailability, ReservationChange, ReservationStep,
    ReservationView, ReserveAsked, ReserveBody,
};
pub use status::{
    ChannelStatus, Counted, Gate, Lag, LastReport, LimitStatus, ListingState, OrdersStatus, RampStatus, ReportProblem,
    SourceStatus, StateCounts, Status, StoreLine, Throttled,
};
pub use steering::{
    ChannelAnswer, ChannelBody, Compared, ModeAsked, OverrideView, SetBody, SteeredStatus, UnsetBody, Worst,
};
pub use view::{ApiError, ApiErrorKind, Decision, View, WebhookAnswer};

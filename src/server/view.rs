//! What the listeners ask of the daemon: one trait, and the ways in which it may say no.

use super::{
    AuditBody, AuditView, AvailabilityView, ChannelAnswer, ChannelBody, Explanation, Hold, ImportBody, ImportView,
    ItemView, Leak, LeaksAsked, Listed, ListingRows, LogEntry, Mend, MendBody, NotifyAnswer, NotifyTestBody, OrderView,
    OverrideView, Parked, ParkedAnswer, ParkedBody, PlanBody, PlanJob, ReloadBody, ReservationStep, ReservationView,
    ReserveAsked, RowsAsked, SetBody, ShortOrder, Status, SyncAnswer, Unmapped, UnsetBody,
};
use async_trait::async_trait;
use omnistock_sdk::{RawRequest, Reply};
use omnistock_words::{ChannelName, ConnectorName, LocationName, Millis, OrderId, ReservationId, Sku};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// The daemon as seen from outside. Every call is expected within seconds: the listeners give
/// up after [`super::listener::Limits::answer`] and say that the daemon is busy.
#[async_trait]
pub trait View: Send + Sync + 'static {
    /// Whether every loop still wakes and decides. `false` asks a supervisor for a restart.
    fn live(&self) -> bool;

    /// Whether work can be taken; otherwise the reasons, each one sentence.
    async fn ready(&self) -> Result<(), Vec<String>>;

    /// How everything stands.
    async fn status(&self) -> Status;

    /// Why the numbers of a SKU are what they are, on one channel or all that have it.
    async fn explain(&self, sku: Sku, channel: Option<ChannelName>) -> Result<Vec<Explanation>, ApiError>;

    /// The same as of an instant: the numbers decided by then, computed again from what was known then.
    async fn explain_at(
        &self,
        sku: Sku,
        channel: Option<ChannelName>,
        at: Millis,
    ) -> Result<Vec<Explanation>, ApiError>;

    /// Oversold order lines that became short since an instant.
    async fn shorts(&self, since: Millis) -> Result<Listed<ShortOrder>, ApiError>;

    /// What is known of a SKU.
    async fn item(&self, sku: Sku) -> Result<ItemView, ApiError>;

    /// Changes that a guard stopped and that wait for a way out.
    async fn holds(&self) -> Vec<Hold>;

    /// Ends a hold. Durable when it answers. `reason` is 1 to 500 characters.
    async fn decide_hold(&self, id: &str, decision: Decision, reason: &str) -> Result<Hold, ApiError>;

    /// Listings that the channel refuses, at most `most`, ordered by channel and listing.
    async fn parked(&self, channel: Option<ChannelName>, most: usize) -> Result<Listed<Parked>, ApiError>;

    /// Listings without a SKU we know, at most `most`, ordered by channel and listing.
    async fn unmapped(&self, channel: Option<ChannelName>, most: usize) -> Result<Listed<Unmapped>, ApiError>;

    /// Listings and what they sell, or may sell, by channel and listing.
    async fn listing_rows(&self, _asked: RowsAsked) -> Result<ListingRows, ApiError> {
        Err(ApiError::bad_request("`listings` is not available here"))
    }

    /// Says which SKUs listings sell, all of a table or nothing. Durable when it answers.
    async fn import_listings(&self, _asked: ImportBody) -> Result<ImportView, ApiError> {
        Err(ApiError::bad_request("`listings` is not available here"))
    }

    /// Orders of which something is still subtracted, at most `most`, ordered by channel and order.
    async fn orders(&self, _channel: Option<ChannelName>, _most: usize) -> Result<Listed<OrderView>, ApiError> {
        Err(ApiError::bad_request("`orders` is not available here"))
    }

    /// One order, open or not.
    async fn order(&self, _channel: ChannelName, _order: OrderId) -> Result<OrderView, ApiError> {
        Err(ApiError::bad_request("`orders` is not available here"))
    }

    /// What takes stock without an order that lives, by SKU, as far as it comes in time; the list says where to go on.
    async fn leaks(&self, _asked: LeaksAsked) -> Result<Listed<Leak>, ApiError> {
        Err(ApiError::bad_request("`orders` is not available here"))
    }

    /// A person's word on an order. In the ledgers when it answers; the order as it is then.
    async fn mend(&self, _mend: Mend, _asked: MendBody) -> Result<OrderView, ApiError> {
        Err(ApiError::bad_request("`orders` is not available here"))
    }

    /// Reads again, now: one connector or all; `full` forgets the places to go on from.
    /// Answers when the reads are asked for, not when they are done.
    async fn sync(&self, connector: Option<ConnectorName>, full: bool) -> Result<SyncAnswer, ApiError>;

    /// Changes how a channel is worked. Durable when it answers.
    async fn channel(&self, _asked: ChannelBody) -> Result<ChannelAnswer, ApiError> {
        Err(ApiError::bad_request("`channel` is not available here"))
    }

    /// Sets one setting of one SKU until an instant. Durable when it answers.
    async fn set(&self, _asked: SetBody) -> Result<OverrideView, ApiError> {
        Err(ApiError::bad_request("`set` is not available here"))
    }

    /// Ends such a setting before its time. Durable when it answers.
    async fn unset(&self, _asked: UnsetBody) -> Result<OverrideView, ApiError> {
        Err(ApiError::bad_request("`set` is not available here"))
    }

    /// The settings of SKUs that hold, oldest first.
    async fn overrides(&self) -> Vec<OverrideView> {
        Vec::new()
    }

    /// Reads channels anew and compares. Answers when that was asked for, not when it is done.
    async fn audit(&self, _asked: AuditBody) -> Result<Vec<AuditView>, ApiError> {
        Err(ApiError::bad_request("`audit` is not available here"))
    }

    /// How the last audit of each channel stands.
    async fn audits(&self) -> Vec<AuditView> {
        Vec::new()
    }

    /// Has refused listings tried again, or (`drop`) left alone. Durable when it answers.
    async fn settle_parked(&self, _asked: ParkedBody, _drop: bool) -> Result<Vec<ParkedAnswer>, ApiError> {
        Err(ApiError::bad_request("`parked` can't be changed here"))
    }

    /// What a configuration would change. Answers when it is done, or soon, with how far it is. Who asks for what is
    /// being computed already waits for the same. Nothing is written but the plan itself.
    async fn plan(&self, _asked: PlanBody) -> Result<PlanJob, ApiError> {
        Err(ApiError::bad_request("`plan` is not available here"))
    }

    /// Brings the configuration of the daemon's file into force. Answers when it is done, or soon, with how far it is.
    async fn reload(&self, _asked: ReloadBody) -> Result<PlanJob, ApiError> {
        Err(ApiError::bad_request("`reload` is not available here"))
    }

    /// How a plan or a reload stands; where it was refused, why.
    async fn planned(&self, _id: &str) -> Result<PlanJob, ApiError> {
        Err(ApiError::bad_request("`plan` is not available here"))
    }

    /// Who asked for it waits no longer: it is cancelled where nobody else does.
    async fn leave_plan(&self, _id: &str) -> Result<PlanJob, ApiError> {
        Err(ApiError::bad_request("`plan` is not available here"))
    }

    /// What may be sold and set aside of an article: at one place, for one channel, or everywhere.
    async fn availability(
        &self,
        _sku: Sku,
        _location: Option<LocationName>,
        _channel: Option<ChannelName>,
    ) -> Result<AvailabilityView, ApiError> {
        Err(ApiError::bad_request("`availability` is not available here"))
    }

    /// Reservations that hold units, or (`all`) those that are kept, at most `most`, by id.
    async fn reservations(&self, _all: bool, _most: usize) -> Result<Listed<ReservationView>, ApiError> {
        Err(ApiError::bad_request("`reservations` is not available here"))
    }

    /// One reservation.
    async fn reservation(&self, _id: ReservationId) -> Result<ReservationView, ApiError> {
        Err(ApiError::bad_request("`reservations` is not available here"))
    }

    /// Sends a test message through one notifier or all. Answers when each took it or failed.
    async fn try_notifiers(&self, _asked: NotifyTestBody) -> Result<Vec<NotifyAnswer>, ApiError> {
        Err(ApiError::bad_request("`notify` is not available here"))
    }

    /// Sets units aside, once a key. Decided and durable when it answers.
    async fn reserve(&self, _asked: ReserveAsked) -> Result<ReservationView, ApiError> {
        Err(ApiError::bad_request("`reservations` is not available here"))
    }

    /// Confirms, extends or releases a reservation. Decided and durable when it answers.
    async fn change_reservation(
        &self,
        _id: ReservationId,
        _step: ReservationStep,
        _reason: String,
    ) -> Result<ReservationView, ApiError> {
        Err(ApiError::bad_request("`reservations` is not available here"))
    }

    /// What people and programs changed since an instant, newest first, at most `most`.
    async fn log(&self, _since: Millis, _most: usize) -> Result<Listed<LogEntry>, ApiError> {
        Err(ApiError::bad_request("`log` is not available here"))
    }

    /// Metrics in the text format of Prometheus.
    fn metrics(&self) -> String;

    /// A webhook for the connector of this name. [`WebhookAnswer::Accepted`] promises that what
    /// it said is durable. May be dropped before it ends when the sender hangs up.
    async fn webhook(&self, connector: &str, request: RawRequest) -> WebhookAnswer;

    /// What to answer a vendor that asks whether this address is ours, by a query and no body; `None`: nothing is asked.
    fn challenge(&self, _connector: &str, _query: &str) -> Option<Reply> {
        None
    }
}

/// What a person says of a hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// The newest value goes out.
    Approve,
    /// It stays held without a new page until a report lacks the fault.
    Reject,
}

/// How a webhook is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WebhookAnswer {
    /// 200: durable, or nothing that matters here.
    Accepted,
    /// 401, the same for every cause.
    Unauthorized,
    /// 404: no connector of this name takes webhooks.
    NotFound,
    /// 400: signed, but not of a shape we know.
    BadRequest,
    /// 503: nothing was kept, the sender should come again.
    Busy {
        /// Not before this time, sent in whole seconds, at least one.
        retry_after: Duration,
    },
}

/// Why a request to the admin listener is refused: one sentence, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[error("{error}")]
pub struct ApiError {
    /// Which status code; not in the body.
    #[serde(skip)]
    pub kind: ApiErrorKind,
    /// One sentence.
    pub error: String,
    /// What to do, where it isn't plain from the sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
}

/// The status codes of refusals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ApiErrorKind {
    /// 400: the request itself is wrong.
    #[default]
    BadRequest,
    /// 403: not from here.
    Forbidden,
    /// 404: there is no such thing.
    NotFound,
    /// 401: nobody we know.
    Unauthorized,
    /// 409: not as things stand.
    Conflict,
    /// 422: it contradicts what was asked before.
    Unprocessable,
    /// 503: the daemon can't say at the moment.
    Unavailable,
}

impl ApiError {
    /// A refusal without help.
    pub fn new(kind: ApiErrorKind, error: impl Into<String>) -> Self {
        Self {
            kind,
            error: error.into(),
            help: None,
        }
    }

    /// 400.
    pub fn bad_request(error: impl Into<String>) -> Self {
        Self::new(ApiErrorKind::BadRequest, error)
    }

    /// 404.
    pub fn not_found(error: impl Into<String>) -> Self {
        Self::new(ApiErrorKind::NotFound, error)
    }

    /// 409.
    pub fn conflict(error: impl Into<String>) -> Self {
        Self::new(ApiErrorKind::Conflict, error)
    }

    /// 503.
    pub fn unavailable(error: impl Into<String>) -> Self {
        Self::new(ApiErrorKind::Unavailable, error)
    }

    /// The same, with what to do.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

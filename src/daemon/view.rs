//! The daemon as seen from outside: what the listeners ask is answered from boards, and from the
//! store where a whole ledger is wanted.

use super::house::House;
use super::lease::Beat;
use super::measure::measure;
use super::stance::Stance;
use super::status::status;
use super::term::Life;
use super::turn::Turns;
use super::{explain, past, reservations, shorts};
use crate::delivery::ChannelBoard;
use crate::intake::{OrderBoard, SourceBoard, WebhookRefusal, challenge, take_webhook};
use crate::server::metrics::Metrics;
use crate::server::{
    Access, ApiError, AuditBody, AuditView, AvailabilityView, ChannelAnswer, ChannelBody, Decision, Explanation, Hold,
    ImportBody, ImportView, ItemView, Leak, Listed, ListingRows, LogEntry, Mend, MendBody, NotifyAnswer,
    NotifyTestBody, OrderView, OverrideView, Parked, ParkedAnswer, ParkedBody, PlanBody, PlanView, ReloadBody,
    ReservationStep, ReservationView, ReserveAsked, RowsAsked, SetBody, ShortOrder, Status, SyncAnswer, Unmapped,
    UnsetBody, View, WebhookAnswer,
};
use arc_swap::ArcSwap;
use async_trait::async_trait;
use omnistock_sdk::{RawRequest, Reply, now};
use omnistock_words::{ChannelName, ConnectorName, LocationName, Millis, OrderId, ReservationId, Sku};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Notify, watch};

/// What is shown of a channel.
pub(super) struct ChannelView {
    pub(super) board: Arc<ChannelBoard>,
    pub(super) orders: Option<Arc<OrderBoard>>,
    /// Rung when a person has decided something.
    pub(super) wake: Arc<Notify>,
}

/// What is shown of a source.
pub(super) struct SourceView {
    pub(super) board: Arc<SourceBoard>,
    pub(super) wake: Arc<Notify>,
}

/// Everything that is asked of a daemon.
pub struct DaemonView {
    pub(super) started_at: Millis,
    pub(super) house: Arc<House>,
    /// The term that works now, or none.
    pub(super) life: Arc<ArcSwap<Life>>,
    pub(super) leading: Leading,
    /// What a person calls the store.
    pub(super) store_title: String,
    /// Who may ask, as last reloaded.
    pub(super) access: Access,
    metrics: Metrics,
    turns: Turns,
    pub(super) nearest: super::listings::Nearest,
}

/// What the keeper of the lease tells.
pub(super) struct Leading {
    pub(super) stance: watch::Receiver<Stance>,
    pub(super) beat: Arc<Beat>,
    /// Why the mirror of the store's mark can't be written.
    pub(super) mirror: watch::Receiver<Option<String>>,
}

impl DaemonView {
    pub(super) fn new(
        house: Arc<House>,
        life: Arc<ArcSwap<Life>>,
        leading: Leading,
        (store_title, access): (String, Access),
    ) -> Self {
        Self {
            started_at: now(),
            house,
            life,
            leading,
            store_title,
            access,
            metrics: Metrics::new(),
            turns: Turns::default(),
            nearest: super::listings::Nearest::default(),
        }
    }

    /// Why nothing is worked at, one sentence a cause; empty while this daemon leads and its ledger goes on,
    /// and while another leads.
    pub(super) fn obstacles(&self) -> Vec<String> {
        let stance = self.leading.stance.borrow().clone();
        let leads = stance.leads;
        let whose = |trouble| {
            if leads {
                trouble
            } else {
                format!("this daemon stands by: {trouble}")
            }
        };
        let trouble = stance.trouble.map(whose);
        let told = |error: &String| {
            trouble
                .as_ref()
                .is_none_or(|trouble| !trouble.ends_with(error.as_str()))
        };
        let ledger = self.house.ledger_board.error().filter(|_| leads).filter(told);
        trouble.clone().into_iter().chain(ledger).collect()
    }

    /// One line for `systemctl status`.
    pub(super) async fn line(&self) -> String {
        let status = self.status().await;
        let (waiting, total) = status.channels.iter().fold((0, 0), |(waiting, total), channel| {
            (waiting + channel.listings.waiting(), total + channel.listings.total())
        });
        let gate = if status.gate.open { "gate open" } else { "gate closed" };
        let attention = status
            .attention
            .first()
            .map(|first| format!("; ATTENTION: {first}"))
            .unwrap_or_default();
        format!(
            "{gate}; {total} listings on {} channels, {waiting} waiting{attention}",
            status.channels.len()
        )
    }

    /// The lag of every channel that has written: milliseconds that 50, 95 and 99 of 100 updates did not exceed.
    pub fn lags(&self) -> BTreeMap<String, [u64; 3]> {
        let of = |parts: &ChannelView| {
            let lag = |per_mille| parts.board.lag.quantile(per_mille);
            Some([lag(500)?, lag(950)?, lag(990)?])
        };
        self.house
            .channels
            .iter()
            .filter_map(|(name, parts)| Some((name.to_string(), of(parts)?)))
            .collect()
    }

    pub(super) fn one_channel(
        &self,
        channel: Option<&ChannelName>,
    ) -> Result<Vec<(&ChannelName, &ChannelView)>, ApiError> {
        let Some(channel) = channel else {
            return Ok(self.house.channels.iter().collect());
        };
        let found = self.house.channels.get_key_value(channel);
        found
            .map(|found| vec![found])
            .ok_or_else(|| ApiError::not_found(format!("there is no channel {channel}")))
    }
}

#[async_trait]
impl View for DaemonView {
    fn live(&self) -> bool {
        let works = self.life.load().gate.is_some();
        self.leading.beat.awake() && (!works || self.house.ledger_board.awake(now()))
    }

    async fn ready(&self) -> Result<(), Vec<String>> {
        let mut reasons = self.obstacles();
        let stance = self.leading.stance.borrow().clone();
        if reasons.is_empty() && !stance.leads {
            reasons.push(stance.says);
        }
        if reasons.is_empty() { Ok(()) } else { Err(reasons) }
    }

    async fn status(&self) -> Status {
        status(self).await
    }

    async fn explain(&self, sku: Sku, channel: Option<ChannelName>) -> Result<Vec<Explanation>, ApiError> {
        self.one_channel(channel.as_ref())?;
        let mut found = explain::explain(self, &sku, channel.as_ref()).await?;
        past::add_changes(self, &sku, &mut found).await;
        Ok(found)
    }

    async fn explain_at(
        &self,
        sku: Sku,
        channel: Option<ChannelName>,
        at: Millis,
    ) -> Result<Vec<Explanation>, ApiError> {
        self.one_channel(channel.as_ref())?;
        past::explain_at(self, &sku, channel.as_ref(), at).await
    }

    async fn shorts(&self, since: Millis) -> Result<Listed<ShortOrder>, ApiError> {
        let _turn = self.turns.mine().await?;
        shorts::shorts(self, since).await
    }

    async fn item(&self, sku: Sku) -> Result<ItemView, ApiError> {
        explain::item(self, &sku).await
    }

    async fn holds(&self) -> Vec<Hold> {
        super::holds::list(self)
    }

    async fn decide_hold(&self, id: &str, decision: Decision, reason: &str) -> Result<Hold, ApiError> {
        super::holds::decide(self, id, decision, reason).await
    }

    async fn parked(&self, channel: Option<ChannelName>, most: usize) -> Result<Listed<Parked>, ApiError> {
        let mut listed = Listed {
            total: 0,
            items: Vec::new(),
        };
        for (name, parts) in self.one_channel(channel.as_ref())? {
            let state = omnistock_planner::ListingState::Parked;
            listed.total += parts.board.count(state) + parts.board.count_prices(state);
            let parked = parts.board.parked().into_iter().chain(parts.board.parked_prices());
            listed.items.extend(parked.map(|parked| Parked {
                channel: name.clone(),
                listing: explain::listing_text(&parked.listing, parked.location.as_ref()),
                sku: parked.sku,
                reason: parked.reason,
                since: parked.at.unwrap_or(self.started_at),
            }));
        }
        listed.items.truncate(most);
        Ok(listed)
    }

    async fn unmapped(&self, channel: Option<ChannelName>, most: usize) -> Result<Listed<Unmapped>, ApiError> {
        super::listings::unmapped(self, channel.as_ref(), most)
    }

    async fn listing_rows(&self, asked: RowsAsked) -> Result<ListingRows, ApiError> {
        self.one_channel(asked.channel.as_ref())?;
        let _turn = self.turns.mine().await?;
        super::listings::page(self, asked).await
    }

    async fn import_listings(&self, asked: ImportBody) -> Result<ImportView, ApiError> {
        let _turn = self.turns.mine().await?;
        super::listings::import(self, asked).await
    }

    async fn orders(&self, channel: Option<ChannelName>, most: usize) -> Result<Listed<OrderView>, ApiError> {
        self.one_channel(channel.as_ref())?;
        let _turn = self.turns.mine().await?;
        super::orders::list(self, channel.as_ref(), most).await
    }

    async fn order(&self, channel: ChannelName, order: OrderId) -> Result<OrderView, ApiError> {
        super::orders::show(self, channel, order).await
    }

    async fn leaks(&self, channel: Option<ChannelName>, most: usize) -> Result<Listed<Leak>, ApiError> {
        self.one_channel(channel.as_ref())?;
        let _turn = self.turns.mine().await?;
        super::leaks::list(self, channel.as_ref(), most).await
    }

    async fn mend(&self, mend: Mend, asked: MendBody) -> Result<OrderView, ApiError> {
        super::orders::mend(self, mend, asked).await
    }

    async fn sync(&self, connector: Option<ConnectorName>, full: bool) -> Result<SyncAnswer, ApiError> {
        let settings = self.house.settings.load();
        let wanted = |name: &ConnectorName| connector.as_ref().is_none_or(|wanted| wanted == name);
        let mut connectors = Vec::new();
        for (name, source) in self.house.sources.iter().filter(|(name, _)| wanted(name)) {
            source.wake.notify_one();
            connectors.push(name.clone());
        }
        let life = self.life.load_full();
        for (channel, requests) in &life.intake.orders {
            let Some(channel) = settings
                .channels
                .get(channel)
                .filter(|channel| wanted(&channel.connector))
            else {
                continue;
            };
            if full {
                requests.read_all(false);
            }
            requests.hint();
            connectors.push(channel.connector.clone());
        }
        match connector {
            Some(name) if connectors.is_empty() => Err(ApiError::not_found(format!(
                "there is no connector {name} that is read"
            ))),
            _ => Ok(SyncAnswer { connectors }),
        }
    }

    async fn channel(&self, asked: ChannelBody) -> Result<ChannelAnswer, ApiError> {
        self.steer_channel(asked).await
    }

    async fn set(&self, asked: SetBody) -> Result<OverrideView, ApiError> {
        self.set_override(asked).await
    }

    async fn unset(&self, asked: UnsetBody) -> Result<OverrideView, ApiError> {
        self.end_override(asked).await
    }

    async fn overrides(&self) -> Vec<OverrideView> {
        self.list_overrides()
    }

    async fn audit(&self, asked: AuditBody) -> Result<Vec<AuditView>, ApiError> {
        self.ask_audit(&asked).await
    }

    async fn audits(&self) -> Vec<AuditView> {
        self.list_audits()
    }

    async fn settle_parked(&self, asked: ParkedBody, drop: bool) -> Result<Vec<ParkedAnswer>, ApiError> {
        self.wish_for(asked, drop).await
    }

    async fn plan(&self, asked: PlanBody) -> Result<PlanView, ApiError> {
        let _turn = self.turns.mine().await?;
        self.plan_file(asked).await
    }

    async fn reload(&self, asked: ReloadBody) -> Result<PlanView, ApiError> {
        self.reload_file(asked).await
    }

    async fn availability(
        &self,
        sku: Sku,
        location: Option<LocationName>,
        channel: Option<ChannelName>,
    ) -> Result<AvailabilityView, ApiError> {
        reservations::availability(self, sku, location, channel).await
    }

    async fn reservations(&self, all: bool, most: usize) -> Result<Listed<ReservationView>, ApiError> {
        let _turn = self.turns.mine().await?;
        reservations::list(self, all, most).await
    }

    async fn reservation(&self, id: ReservationId) -> Result<ReservationView, ApiError> {
        reservations::show(self, &id).await
    }

    async fn reserve(&self, asked: ReserveAsked) -> Result<ReservationView, ApiError> {
        reservations::reserve(self, asked).await
    }

    async fn change_reservation(
        &self,
        id: ReservationId,
        step: ReservationStep,
        reason: String,
    ) -> Result<ReservationView, ApiError> {
        reservations::change(self, id, step, reason).await
    }

    async fn try_notifiers(&self, asked: NotifyTestBody) -> Result<Vec<NotifyAnswer>, ApiError> {
        self.try_notifiers(asked).await
    }

    async fn log(&self, since: Millis, most: usize) -> Result<Listed<LogEntry>, ApiError> {
        let _turn = self.turns.mine().await?;
        super::log::log(self, since, most).await
    }

    fn metrics(&self) -> String {
        measure(self, &self.metrics);
        self.metrics.render()
    }

    async fn webhook(&self, connector: &str, request: RawRequest) -> WebhookAnswer {
        let life = self.life.load_full();
        match take_webhook(&life.intake, connector, &request).await {
            Ok(()) => WebhookAnswer::Accepted,
            Err(WebhookRefusal::Unknown) => WebhookAnswer::NotFound,
            Err(WebhookRefusal::Unsigned) => WebhookAnswer::Unauthorized,
            Err(WebhookRefusal::Malformed(_)) => WebhookAnswer::BadRequest,
            Err(WebhookRefusal::NoKey(_) | WebhookRefusal::Store(_)) => WebhookAnswer::Busy {
                retry_after: Duration::from_secs(5),
            },
        }
    }

    fn challenge(&self, connector: &str, query: &str) -> Option<Reply> {
        challenge(&self.life.load().intake, connector, query)
    }
}

//! What the listeners ask, answered from boards, and from the store where a whole ledger is wanted.

use super::measure::measure;
use super::status::status;
use super::view::DaemonView;
use super::{explain, past, reservations, shorts};
use crate::intake::{WebhookRefusal, challenge, take_webhook};
use crate::server::{
    ApiError, AuditBody, AuditView, AvailabilityView, ChannelAnswer, ChannelBody, Decision, Explanation, Hold,
    ImportBody, ImportView, ItemView, Leak, LeaksAsked, Listed, ListingRows, LogEntry, Mend, MendBody, NotifyAnswer,
    NotifyTestBody, OrderView, OverrideView, Parked, ParkedAnswer, ParkedBody, PlanBody, PlanJob, ReloadBody,
    ReservationStep, ReservationView, ReserveAsked, RowsAsked, SetBody, ShortOrder, Status, SyncAnswer, Unmapped,
    UnsetBody, View, WebhookAnswer,
};
use async_trait::async_trait;
use omnistock_sdk::{RawRequest, Reply, now};
use omnistock_words::{ChannelName, ConnectorName, LocationName, Millis, OrderId, ReservationId, Sku};
use std::collections::BTreeSet;
use std::time::Duration;

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
        let mut listed = Listed::whole(Vec::new());
        for (name, parts) in self.one_channel(channel.as_ref())? {
            let state = omnistock_planner::ListingState::Parked;
            listed.total += parts.board.count(state) + parts.board.count_prices(state);
            let parked = parts.board.parked().into_iter().chain(parts.board.parked_prices());
            listed.items.extend(parked.map(|parked| Parked {
                channel: name.clone(),
                listing: explain::listing_text(&parked.listing, parked.location.as_ref()),
                sku: parked.sku,
                reason: parked.reason,
                since: parked.at,
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

    async fn leaks(&self, asked: LeaksAsked) -> Result<Listed<Leak>, ApiError> {
        self.one_channel(asked.channel.as_ref())?;
        let _turn = self.turns.mine().await?;
        super::leaks::list(self, asked).await
    }

    async fn mend(&self, mend: Mend, asked: MendBody) -> Result<OrderView, ApiError> {
        super::orders::mend(self, mend, asked).await
    }

    async fn sync(&self, connector: Option<ConnectorName>, full: bool) -> Result<SyncAnswer, ApiError> {
        let settings = self.house.settings.load();
        let wanted = |name: &ConnectorName| connector.as_ref().is_none_or(|wanted| wanted == name);
        // One may be a source and the connector of several channels.
        let mut connectors = BTreeSet::new();
        for (name, source) in self.house.sources.iter().filter(|(name, _)| wanted(name)) {
            source.wake.notify_one();
            connectors.insert(name.clone());
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
            connectors.insert(channel.connector.clone());
        }
        match connector {
            Some(name) if connectors.is_empty() => Err(ApiError::not_found(format!(
                "there is no connector {name} that is read"
            ))),
            _ => Ok(SyncAnswer {
                connectors: connectors.into_iter().collect(),
            }),
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

    async fn plan(&self, asked: PlanBody) -> Result<PlanJob, ApiError> {
        self.plan_file(asked).await
    }

    async fn reload(&self, asked: ReloadBody) -> Result<PlanJob, ApiError> {
        self.reload_file(asked).await
    }

    async fn planned(&self, id: &str) -> Result<PlanJob, ApiError> {
        self.planned_job(id)
    }

    async fn leave_plan(&self, id: &str) -> Result<PlanJob, ApiError> {
        self.leave_job(id)
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

//! A daemon that isn't there: a [`View`] with fixed answers, served on free ports.

use async_trait::async_trait;
use omnistock::server::listener::{Limits, bind, serve};
use omnistock::server::{
    Access, ApiError, Decision, Explanation, Hold, ItemView, Listed, ListingState, Parked, PlanBody, PlanJob,
    ReloadBody, ShortOrder, Status, SyncAnswer, Unmapped, View, WebhookAnswer, admin, metrics::Metrics, webhooks,
};
use omnistock_sdk::RawRequest;
use omnistock_words::{ChannelName, ConnectorName, Millis, Mode, Sku};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

/// What was asked of it, and how it stands.
pub(crate) struct FakeView {
    pub(crate) reasons: Vec<String>,
    pub(crate) webhooks: Mutex<Vec<(String, RawRequest)>>,
    pub(crate) decisions: Mutex<Vec<(String, bool, String)>>,
    pub(crate) metrics: Metrics,
    /// How the plan stands that everybody who asks for one is told of.
    pub(crate) job: Mutex<Option<PlanJob>>,
    /// How often somebody looked.
    pub(crate) looks: AtomicUsize,
}

impl FakeView {
    pub(crate) fn new(reasons: &[&str]) -> Arc<Self> {
        let reasons = reasons.iter().map(ToString::to_string).collect();
        let (webhooks, decisions) = (Mutex::default(), Mutex::default());
        Arc::new(Self {
            reasons,
            webhooks,
            decisions,
            metrics: Metrics::new(),
            job: Mutex::default(),
            looks: AtomicUsize::default(),
        })
    }

    fn plan_job(&self) -> Result<PlanJob, ApiError> {
        let job = self.job.lock().unwrap().clone();
        job.ok_or_else(|| ApiError::conflict("this daemon lost the lead during the plan: nothing was changed"))
    }
}

pub(crate) fn hold() -> Hold {
    Hold {
        id: "h-1".to_owned(),
        what: "stock".to_owned(),
        subject: "erp, berlin".to_owned(),
        since: Millis(0),
        due: None,
        details: vec!["10 of 20 SKUs to 0".to_owned()],
        way_out: None,
    }
}

fn explanation(sku: Sku, channel: ChannelName) -> Explanation {
    Explanation {
        sku,
        channel,
        listing: None,
        as_of: None,
        mode: Mode::Live,
        state: ListingState::Pending,
        stock_state: "in_stock".to_owned(),
        desired: Some(omnistock_words::Quantity::whole(7)),
        sent: None,
        accepted: None,
        observed: None,
        notes: vec![],
        steps: vec![],
        price: None,
        changes: vec![],
    }
}

#[async_trait]
impl View for FakeView {
    fn live(&self) -> bool {
        self.reasons.is_empty()
    }

    async fn ready(&self) -> Result<(), Vec<String>> {
        if self.reasons.is_empty() {
            Ok(())
        } else {
            Err(self.reasons.clone())
        }
    }

    async fn status(&self) -> Status {
        Status {
            version: "9.9.9".to_owned(),
            ..Status::default()
        }
    }

    async fn explain(&self, sku: Sku, channel: Option<ChannelName>) -> Result<Vec<Explanation>, ApiError> {
        match sku.as_str() {
            "UNKNOWN" => Err(ApiError::not_found("no source ever named the SKU `UNKNOWN`").help("check its spelling")),
            _ => Ok(vec![explanation(
                sku,
                channel.unwrap_or_else(|| "shop".parse().unwrap()),
            )]),
        }
    }

    async fn explain_at(
        &self,
        sku: Sku,
        channel: Option<ChannelName>,
        at: Millis,
    ) -> Result<Vec<Explanation>, ApiError> {
        let mut found = self.explain(sku, channel).await?;
        for one in &mut found {
            one.as_of = Some(at);
        }
        Ok(found)
    }

    async fn shorts(&self, _since: Millis) -> Result<Listed<ShortOrder>, ApiError> {
        Ok(Listed::whole(vec![]))
    }

    async fn item(&self, sku: Sku) -> Result<ItemView, ApiError> {
        Ok(ItemView {
            sku,
            positions: vec![],
            order_lines: vec![],
            sellable: vec![],
            listings: vec![],
        })
    }

    async fn holds(&self) -> Vec<Hold> {
        vec![hold()]
    }

    async fn decide_hold(&self, id: &str, decision: Decision, reason: &str) -> Result<Hold, ApiError> {
        let mut decisions = self.decisions.lock().unwrap();
        decisions.push((id.to_owned(), decision == Decision::Approve, reason.to_owned()));
        if id == "h-1" {
            Ok(hold())
        } else {
            Err(ApiError::not_found(format!("there is no hold `{id}`")))
        }
    }

    async fn parked(&self, _channel: Option<ChannelName>, _most: usize) -> Result<Listed<Parked>, ApiError> {
        Err(ApiError::unavailable("the store is away"))
    }

    async fn unmapped(&self, _channel: Option<ChannelName>, most: usize) -> Result<Listed<Unmapped>, ApiError> {
        Ok(Listed::part(u64::try_from(most).unwrap(), vec![]))
    }

    async fn sync(&self, connector: Option<ConnectorName>, _full: bool) -> Result<SyncAnswer, ApiError> {
        Ok(SyncAnswer {
            connectors: connector.into_iter().collect(),
        })
    }

    async fn plan(&self, _asked: PlanBody) -> Result<PlanJob, ApiError> {
        self.plan_job()
    }

    async fn reload(&self, _asked: ReloadBody) -> Result<PlanJob, ApiError> {
        self.plan_job()
    }

    async fn planned(&self, id: &str) -> Result<PlanJob, ApiError> {
        let job = self.plan_job()?;
        self.looks.fetch_add(1, Ordering::Relaxed);
        assert_eq!(id, job.id);
        Ok(job)
    }

    async fn leave_plan(&self, _id: &str) -> Result<PlanJob, ApiError> {
        let mut job = self.job.lock().unwrap();
        let job = job.as_mut().unwrap();
        job.waiting -= 1;
        job.cancelled = job.waiting == 0;
        job.running = !job.cancelled;
        Ok(job.clone())
    }

    fn metrics(&self) -> String {
        self.metrics.render()
    }

    async fn webhook(&self, connector: &str, request: RawRequest) -> WebhookAnswer {
        self.webhooks.lock().unwrap().push((connector.to_owned(), request));
        match connector {
            "shop" => WebhookAnswer::Accepted,
            "unsigned" => WebhookAnswer::Unauthorized,
            "malformed" => WebhookAnswer::BadRequest,
            "away" => WebhookAnswer::Busy {
                retry_after: Duration::from_millis(200),
            },
            "slow" => std::future::pending().await,
            "late" => {
                tokio::time::sleep(Duration::from_millis(300)).await;
                WebhookAnswer::Accepted
            }
            _ => WebhookAnswer::NotFound,
        }
    }
}

/// A served listener. Dropping it stops it.
#[allow(dead_code, reason = "each test program uses the fields it needs")]
pub(crate) struct Served {
    pub(crate) address: SocketAddr,
    pub(crate) tracker: TaskTracker,
    pub(crate) stop: CancellationToken,
    _guard: DropGuard,
}

async fn served(router: axum::Router, limits: Limits) -> Served {
    let listener = bind("127.0.0.1:0".parse().unwrap(), "server.test").await.unwrap();
    let (address, stop, tracker) = (
        listener.local_addr().unwrap(),
        CancellationToken::new(),
        TaskTracker::new(),
    );
    tracker.spawn(serve(listener, router, limits, stop.clone()));
    tracker.close();
    Served {
        address,
        tracker,
        _guard: stop.clone().drop_guard(),
        stop,
    }
}

#[allow(dead_code, reason = "each test program uses the listener it needs")]
pub(crate) async fn admin(view: Arc<FakeView>) -> Served {
    served(admin::router(view, &Limits::admin()), Limits::admin()).await
}

pub(crate) async fn admin_for(view: Arc<FakeView>, access: Access) -> Served {
    served(admin::router_for(view, &Limits::admin(), access), Limits::admin()).await
}

#[allow(dead_code, reason = "each test program uses the listener it needs")]
pub(crate) async fn webhooks(view: Arc<FakeView>, limits: Limits) -> Served {
    served(webhooks::router(view, &limits), limits).await
}

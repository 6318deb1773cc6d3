//! Audits of channels and decisions about refused listings, handed to the channels' workers.

use super::log::record;
use super::view::DaemonView;
use crate::delivery::{AuditAsked, AuditReport, AuditStanding, Wish};
use crate::server::{ApiError, AuditBody, AuditClass, AuditView, ParkedAnswer, ParkedBody, Worst, caller};
use omnistock_words::ChannelName;
use std::time::Duration;

/// A worker carries a decision out by then, or the store is away.
const DURABLE: Duration = Duration::from_secs(5);

fn view(channel: &ChannelName, standing: AuditStanding) -> Option<AuditView> {
    let mut view = AuditView {
        channel: channel.clone(),
        running: false,
        failed: None,
        listings: 0,
        equal: 0,
        not_compared: 0,
        classes: Vec::new(),
        writes: 0,
        left: 0,
        fixing: false,
    };
    match standing {
        AuditStanding::None => return None,
        AuditStanding::Running(listings) => (view.running, view.listings) = (true, listings),
        AuditStanding::Failed(why) => view.failed = Some(why),
        AuditStanding::Done(report) => fill(&mut view, *report),
    }
    Some(view)
}

fn fill(view: &mut AuditView, report: AuditReport) {
    (view.listings, view.equal, view.not_compared) = (report.listings, report.equal, report.not_compared);
    (view.writes, view.left) = (report.writes, report.left);
    view.fixing = report.asked.fix || report.asked.force;
    let class = |(class, found): (_, crate::delivery::ClassFound)| AuditClass {
        class,
        count: found.count,
        excess: found.excess,
        worst: found.worst.map(|(listing, sku, gap)| Worst {
            listing,
            sku,
            ours: gap.ours,
            there: gap.there,
        }),
        since: found.since,
        every: found.every,
    };
    view.classes = report.classes.into_iter().map(class).collect();
}

impl DaemonView {
    pub(super) fn list_audits(&self) -> Vec<AuditView> {
        let channels = self.house.channels.iter();
        channels
            .filter_map(|(name, channel)| view(name, channel.board.audit_standing()))
            .collect()
    }

    /// Asks for an audit of one channel or of all; each says how it stands.
    pub(super) async fn ask_audit(&self, asked: &AuditBody) -> Result<Vec<AuditView>, ApiError> {
        self.lease()?;
        let channels = self.one_channel(asked.channel.as_ref())?;
        let AuditBody { fix, force, .. } = *asked;
        if fix || force {
            let what = asked
                .channel
                .as_ref()
                .map_or("all channels".to_owned(), |name| format!("channel {name}"));
            let how = if force {
                "asked for: everything written once more"
            } else {
                "asked for: what differs put right"
            };
            record(self, what, (None, how.to_owned()), "", &[]).await?;
        }
        for (name, channel) in channels {
            if !channel.board.audit(AuditAsked { fix, force }) {
                let error = ApiError::conflict(format!("an audit of {name} is on its way"));
                return Err(error.help("`omnistock audit` again when it is over"));
            }
            channel.wake.notify_one();
            if fix || force {
                let how = if force {
                    "everything is written once more"
                } else {
                    "what differs is put right"
                };
                tracing::warn!(channel = %name, "{how}, on a person's behalf");
            }
        }
        Ok(self.list_audits())
    }

    /// Hands a decision about refused listings to their channels.
    pub(super) async fn wish_for(&self, asked: ParkedBody, drop: bool) -> Result<Vec<ParkedAnswer>, ApiError> {
        self.lease()?;
        let mut answers = Vec::new();
        for (name, channel) in self.one_channel(asked.channel.as_ref())? {
            let wish = Wish {
                drop,
                which: asked.listings.clone(),
                reason: asked.reason.clone(),
                by: caller(),
            };
            let Some(answer) = channel.board.wish(wish) else {
                return Err(ApiError::unavailable(format!(
                    "{name} has not carried out what was asked before"
                )));
            };
            channel.wake.notify_one();
            let Ok(Ok(listings)) = tokio::time::timeout(DURABLE, answer).await else {
                let error = ApiError::unavailable(format!("{name} did not carry out the decision in time"));
                return Err(error.help("`omnistock status` says what it waits for"));
            };
            if !listings.is_empty() {
                let channel = name.clone();
                answers.push(ParkedAnswer { channel, listings });
            }
        }
        if answers.is_empty() && !asked.all {
            let error = ApiError::not_found(format!("no refused listing is called {}", asked.listings.join(" or ")));
            return Err(error.help("`omnistock parked list` shows them"));
        }
        Ok(answers)
    }
}

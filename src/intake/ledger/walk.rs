//! A walk over all SKU documents, page by page: marks what was another number before, sets the timers
//! anew, and finds order lines that no figure contains although it should by now.
//!
//! With a cause it goes on at every turn; without one it goes slowly, and only brings up to date what
//! changes with time alone (sales that grow old) and what no event would tell.

use super::Ledger;
use super::board::{NAMED, OverdueLines};
use super::marks::{World, differing, listings_ruled};
use super::upkeep::PAGE;
use crate::store::{CommitError, Kind, Lease};
use omnistock_engine::{Documents, SkuDocument, dependents, due_own, overdue};
use omnistock_words::{ChannelName, Millis, Settings, Sku};
use std::collections::BTreeSet;

/// A walk on its way.
#[derive(Debug)]
pub(super) struct Walk {
    after: Option<String>,
    pub(super) worlds: Vec<World>,
    /// Marks whatever it meets.
    pub(super) everything: bool,
    slow: bool,
    last_page: Millis,
    overdue: OverdueLines,
}

impl Ledger {
    /// One page of the walk that is due; `false`: none is.
    pub(super) async fn go_on(&mut self, lease: &Lease, at: Millis) -> Result<bool, CommitError> {
        let Some(mut walk) = self.upkeep.walk.take().or_else(|| self.next_walk(at)) else {
            return Ok(false);
        };
        let waited = at.since(walk.last_page);
        let slow = walk.slow && self.upkeep.causes.is_empty();
        if slow && (0..self.parts.times.page).contains(&waited) {
            self.upkeep.walk = Some(walk);
            return Ok(false);
        }
        let page = self.page(lease, &mut walk, at).await;
        let more = match page {
            Ok(more) => more,
            Err(error) => {
                self.upkeep.walk = Some(walk);
                return Err(error);
            }
        };
        walk.last_page = at;
        if more {
            self.upkeep.walk = Some(walk);
        } else {
            self.upkeep.walked_at = at;
            self.parts.board.set_overdue(walk.overdue);
            self.save_progress(lease, at).await?;
        }
        Ok(!slow)
    }

    fn next_walk(&mut self, at: Millis) -> Option<Walk> {
        let upkeep = &mut self.upkeep;
        let everything = std::mem::take(&mut upkeep.everything);
        let mut worlds = std::mem::take(&mut upkeep.causes);
        let slow = worlds.is_empty() && !everything;
        if slow {
            if at.since(upkeep.walked_at) < self.parts.times.walk {
                return None;
            }
            worlds.push(World {
                at: upkeep.walked_at,
                measured: self.parts.measured.load_full(),
                sources: None,
            });
        }
        upkeep.timers.begin();
        Some(Walk {
            after: None,
            worlds,
            everything,
            slow,
            last_page: Millis::MIN,
            overdue: OverdueLines::default(),
        })
    }

    /// `false`: it was the last page.
    async fn page(&mut self, lease: &Lease, walk: &mut Walk, at: Millis) -> Result<bool, CommitError> {
        let settings = self.parts.settings.load_full();
        let mut documents = Documents::default();
        self.load_sources(&settings, &mut documents).await?;
        let page = self.parts.store.scan(Kind::Sku, walk.after.as_deref(), PAGE).await?;
        let (more, after) = (page.len() == PAGE, page.last().map(|(id, _)| id.clone()));
        let mut own = BTreeSet::new();
        for (id, stored) in page {
            // One that can't be read is passed over: whoever needs it says so.
            if let (Ok(sku), Ok(document)) = (Sku::new(&id), SkuDocument::decode(&stored.bytes)) {
                documents.skus.insert(sku.clone(), document);
                own.insert(sku);
            }
        }
        let affected: BTreeSet<Sku> = own.iter().flat_map(|sku| dependents(&settings, sku)).collect();
        let mut others = Documents::default();
        self.load_needs(&settings, affected.iter(), &documents, &mut others)
            .await?;
        for (sku, document) in others.skus {
            documents.skus.insert(sku, document);
        }
        self.parts.measured.load().feed(&mut documents);
        let marks = self.changed_since(&settings, walk, &documents, (&own, &affected), at);
        self.commit_marks(lease, &marks, at).await?;
        for sku in &own {
            self.upkeep.timers.set(sku, due_own(&settings, &documents, sku, at));
            walk.overdue.look(&settings, &documents, sku, at);
        }
        walk.after = after;
        Ok(more)
    }

    fn changed_since(
        &self,
        settings: &Settings,
        walk: &Walk,
        documents: &Documents,
        (own, affected): (&BTreeSet<Sku>, &BTreeSet<Sku>),
        at: Millis,
    ) -> BTreeSet<(ChannelName, Sku)> {
        let all = |sku: &Sku| {
            settings
                .channels
                .keys()
                .cloned()
                .map(|name| (name, sku.clone()))
                .collect::<Vec<_>>()
        };
        let listings = walk.worlds.iter().any(|world| listings_ruled(settings, world.at, at));
        if walk.everything || listings {
            return affected.iter().flat_map(all).collect();
        }
        let mut marks = BTreeSet::new();
        let mut compare = |before: &Documents, then, sku: &Sku| {
            let channels = differing(settings, (before, then), (documents, at), sku);
            marks.extend(channels.into_iter().map(|channel| (channel, sku.clone())));
        };
        for world in &walk.worlds {
            let before = world.documents(documents);
            for sku in affected {
                compare(&before, world.at, sku);
            }
        }
        // The timers of these SKUs are set anew: what has come already must not get lost.
        for sku in own.iter().filter(|sku| self.upkeep.timers.overdue(sku, at).is_some()) {
            let then = self.upkeep.last_looked(sku, at);
            for sku in dependents(settings, sku) {
                compare(documents, then, &sku);
            }
        }
        marks
    }
}

impl OverdueLines {
    fn look(&mut self, settings: &Settings, documents: &Documents, sku: &Sku, at: Millis) {
        if documents.skus.get(sku).is_none_or(|document| document.lines.is_empty()) {
            return;
        }
        for line in overdue(settings, documents, sku, at) {
            self.count = self.count.saturating_add(1);
            if self.named.len() < NAMED {
                self.named.push((sku.clone(), line));
            }
        }
    }
}

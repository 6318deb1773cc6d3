//! A SKU and its parts as derived from the facts, once for all channels, and a channel before them.

use crate::picture::Picture;
use crate::resolve::{Laid, resolve, resolve_ruled};
use crate::{Documents, Offer};
use omnistock_words::{ChannelName, ChannelPolicy, Component, Millis, Quantity, Settings, Sku};
use std::borrow::Cow;

/// A SKU and its parts, derived once for all channels.
pub(crate) struct Stand<'a> {
    pub(crate) settings: &'a Settings,
    pub(crate) documents: &'a Documents,
    pub(crate) sku: &'a Sku,
    pub(crate) now: Millis,
    pub(crate) own: Picture<'a>,
    pub(crate) parts: Option<Vec<(Quantity, Picture<'a>)>>,
}

/// One channel with its policy for the SKU, and the rules that made it.
#[derive(Clone, Copy)]
pub(crate) struct Counter<'a> {
    pub(crate) channel: &'a ChannelName,
    /// That of the listing; the same as `base` where no rule names one.
    pub(crate) policy: &'a ChannelPolicy,
    /// That of the SKU, without rules that name a listing.
    pub(crate) base: &'a ChannelPolicy,
    pub(crate) ruled: &'a [usize],
    /// The policies of all listings of the SKU on the channel, where there are several.
    pub(crate) offers: &'a [&'a ChannelPolicy],
    /// The one that is asked about among them.
    pub(crate) index: Option<usize>,
}

impl<'a> Stand<'a> {
    /// `parts` is what [`crate::bundle::parts`] says of the SKU.
    pub(crate) fn of(
        settings: &'a Settings,
        documents: &'a Documents,
        sku: &'a Sku,
        parts: Option<&'a [Component]>,
        now: Millis,
    ) -> Self {
        let own = Picture::of(settings, documents, sku, now, false);
        let parts = parts.map(|parts| {
            parts
                .iter()
                .map(|part| (part.quantity, Picture::of(settings, documents, &part.sku, now, false)))
                .collect()
        });
        Self {
            settings,
            documents,
            sku,
            now,
            own,
            parts,
        }
    }

    /// Resolves the policy of every channel once.
    pub(crate) fn view_all(&mut self) {
        for (channel, declared) in &self.settings.channels {
            self.own.view_of(channel, declared);
        }
    }

    /// The channel's policy for the SKU, without rules that name a listing.
    pub(crate) fn policy(&self, channel: &ChannelName) -> Cow<'_, ChannelPolicy> {
        match self.own.views.iter().find(|view| view.channel == channel) {
            Some(view) => Cow::Borrowed(&view.policy),
            None => resolve(
                self.settings,
                channel,
                self.sku,
                &self.own.document.attributes,
                self.now,
            ),
        }
    }

    /// Lets `then` ask for the channel, and one of its listings.
    pub(crate) fn counter<T>(
        &self,
        channel: &ChannelName,
        offer: Offer<'_>,
        then: impl FnOnce(&Counter<'_>) -> T,
    ) -> T {
        let resolved = |listing| {
            let attributes = &self.own.document.attributes;
            resolve_ruled(self.settings, channel, self.sku, attributes, listing, self.now)
        };
        let view = self.own.views.iter().find(|view| view.channel == channel);
        let made = if view.is_none() { Some(resolved(None)) } else { None };
        let (base, ruled): (&ChannelPolicy, &[usize]) = match (view, &made) {
            (Some(view), _) => (&view.policy, &view.ruled),
            (None, Some((policy, ruled))) => (policy, ruled),
            (None, None) => return then(&Counter::plain(channel, &ChannelPolicy::default())),
        };
        let varied = self.settings.name_listings();
        let own = offer.listing.filter(|_| varied).map(|listing| resolved(Some(listing)));
        let (policy, ruled): (&ChannelPolicy, &[usize]) = match &own {
            Some((policy, ruled)) => (policy, ruled),
            None => (base, ruled),
        };
        let each = if offer.all.is_empty() { Vec::new() } else { offer.each() };
        let several = each.len() > 1;
        let theirs: Vec<Laid<'_>> = if several && varied {
            each.iter().map(|listing| resolved(Some(*listing)).0).collect()
        } else {
            Vec::new()
        };
        let offers: Vec<&ChannelPolicy> = if several && !varied {
            each.iter().map(|_| base).collect()
        } else {
            theirs.iter().map(|policy| &**policy).collect()
        };
        let index = offer
            .listing
            .and_then(|listing| each.iter().position(|other| *other == listing));
        then(&Counter {
            channel,
            policy,
            base,
            ruled,
            index: index.filter(|_| !offers.is_empty()),
            offers: &offers,
        })
    }
}

impl<'a> Counter<'a> {
    /// One without listings of its own.
    pub(crate) fn plain(channel: &'a ChannelName, policy: &'a ChannelPolicy) -> Self {
        Self {
            channel,
            policy,
            base: policy,
            ruled: &[],
            offers: &[],
            index: None,
        }
    }
}

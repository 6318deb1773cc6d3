//! Units that are sold and nowhere to be found, by the order line that lacks them.

use crate::picture::Picture;
use crate::{Documents, LineRecord};
use omnistock_words::{ChannelName, LineId, Millis, OrderId, Quantity, Settings, Sku};
use std::collections::BTreeMap;

/// The key of an order line, and when the buyer bought.
pub type ShortLine = (ChannelName, OrderId, LineId, Millis);

/// Lines of the SKU's ledger that lack units, with how many.
pub fn shorts(settings: &Settings, documents: &Documents, sku: &Sku, now: Millis) -> BTreeMap<ShortLine, Quantity> {
    let mut found = BTreeMap::new();
    if documents.skus.get(sku).is_none_or(|ledger| ledger.lines.is_empty()) {
        return found;
    }
    for taken in Picture::of(settings, documents, sku, now, true).taken {
        if taken.location.is_none() && taken.quantity.is_positive() {
            let entry: &mut Quantity = found.entry(key(taken.line)).or_default();
            *entry += taken.quantity;
        }
    }
    found
}

fn key(line: &LineRecord) -> ShortLine {
    (
        line.channel.clone(),
        line.order.clone(),
        line.line.clone(),
        line.placed_at,
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Event, apply};
    use omnistock_words::{Basis, ChannelPolicy, ChannelSettings, LocationPolicy, SourcePolicy};

    fn merchant() -> Settings {
        let mut settings = Settings::default();
        let source = SourcePolicy::new(Basis::Physical);
        settings.sources.insert("erp".parse().unwrap(), source);
        settings
            .locations
            .insert("berlin".parse().unwrap(), LocationPolicy::default());
        for name in ["shop", "market"] {
            let policy = ChannelPolicy {
                locations: vec!["berlin".parse().unwrap()],
                ..ChannelPolicy::default()
            };
            let channel = ChannelSettings {
                connector: name.parse().unwrap(),
                template: None,
                policy,
            };
            settings.channels.insert(name.parse().unwrap(), channel);
        }
        settings
    }

    fn event(text: &str) -> Event {
        serde_json::from_str(text).unwrap()
    }

    fn order(channel: &str, placed_at: &str, quantity: &str) -> Event {
        event(&format!(
            r#"{{"type":"order","channel":"{channel}","order":"1","revision":1,"status":"open","placed_at":"{placed_at}",
                "lines":[{{"line":"1","sku":"A","quantity":"{quantity}"}}]}}"#
        ))
    }

    #[test]
    fn the_later_sale_is_short_also_when_it_was_known_first() {
        let (settings, mut documents, sku) = (merchant(), Documents::default(), Sku::new("A").unwrap());
        let now = "2026-01-05T12:00:00Z".parse().unwrap();
        let events = [
            event(
                r#"{"type":"stock","source":"erp","as_of":"2026-01-05T11:00:00Z",
                    "rows":[{"sku":"A","location":"berlin","quantity":"3"}]}"#,
            ),
            order("shop", "2026-01-05T11:30:00Z", "2"),
        ];
        for event in &events {
            apply(&settings, &mut documents, event, now);
        }
        assert_eq!(shorts(&settings, &documents, &sku, now), BTreeMap::new());
        apply(
            &settings,
            &mut documents,
            &order("market", "2026-01-05T11:20:00Z", "2"),
            now,
        );
        let short: Vec<_> = shorts(&settings, &documents, &sku, now)
            .into_iter()
            .map(|((channel, ..), units)| (channel.to_string(), units))
            .collect();
        assert_eq!(short, [("shop".to_owned(), Quantity::ONE)]);
    }
}

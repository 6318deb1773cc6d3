//! What names a document.

use omnistock_words::{ChannelName, ConnectorName, OrderId, Sku};
use serde::{Deserialize, Serialize};
use std::fmt;

/// One order of one channel.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct OrderKey {
    /// Where it was placed.
    pub channel: ChannelName,
    /// The channel's id of it.
    pub order: OrderId,
}

impl fmt::Display for OrderKey {
    /// `channel/order`: unambiguous, because a channel's name has no slash.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.channel, self.order)
    }
}

/// Names one document.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DocumentKey {
    /// The ledger of an article.
    Sku(Sku),
    /// An order.
    Order(OrderKey),
    /// A source.
    Source(ConnectorName),
}

impl DocumentKey {
    /// The text form: unambiguous among all documents, at most 300 characters.
    pub fn id(&self) -> String {
        match self {
            Self::Sku(sku) => format!("sku:{sku}"),
            Self::Order(key) => format!("order:{key}"),
            Self::Source(source) => format!("source:{source}"),
        }
    }

    /// Reads the text form back; `None` where it is none.
    pub fn parse(text: &str) -> Option<Self> {
        let (kind, rest) = text.split_once(':')?;
        match kind {
            "sku" => Sku::new(rest).ok().map(Self::Sku),
            "source" => ConnectorName::new(rest).ok().map(Self::Source),
            "order" => {
                let (channel, order) = rest.split_once('/')?;
                let (channel, order) = (ChannelName::new(channel).ok()?, OrderId::new(order).ok()?);
                Some(Self::Order(OrderKey { channel, order }))
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_reads_back_whatever_its_parts_hold() {
        let order = |channel: &str, order: &str| {
            DocumentKey::Order(OrderKey {
                channel: channel.parse().unwrap(),
                order: order.parse().unwrap(),
            })
        };
        for key in [
            DocumentKey::Sku("a:b/c".parse().unwrap()),
            DocumentKey::Source("erp".parse().unwrap()),
            order("shop", "1/2:3"),
        ] {
            assert_eq!(DocumentKey::parse(&key.id()), Some(key));
        }
        assert_ne!(order("a", "b/c").id(), order("b", "a/c").id());
        assert_eq!(DocumentKey::parse("order:shop"), None);
    }
}

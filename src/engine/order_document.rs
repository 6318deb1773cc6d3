//! One order: its highest revision, what was said of it early, and every SKU it ever touched.

use crate::encoding::{self, DecodeError};
use crate::{Few, Named};
use omnistock_words::{Component, ConnectorName, LineId, Millis, OrderLineFact, OrderStatus, Quantity, Revision, Sku};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// What one revision said, as far as it dates the way of the goods.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Past {
    /// Which revision.
    pub revision: Revision,
    /// When it says it happened.
    pub at: Millis,
    /// Every line with its status and quantity.
    pub lines: Few<(LineId, OrderStatus, Quantity)>,
}

/// When a source stated one quantity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Said {
    /// Units of the line's SKU.
    pub quantity: Quantity,
    /// The earliest statement of it.
    pub first: Millis,
    /// The latest.
    pub last: Millis,
}

/// What a source stated of one line. A source that repeats itself takes nothing back: figures
/// between two equal statements contain the line as well.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineStatement {
    /// The line.
    pub line: LineId,
    /// Whose figures.
    pub source: ConnectorName,
    /// Quantities ever stated, each once, ascending, at most [`LineStatement::MOST`].
    pub said: Few<Said>,
}

impl LineStatement {
    /// Different quantities that are kept of one source on one line; the one stated longest ago goes first.
    pub const MOST: usize = 8;

    /// Takes a statement in; `true` when it changes what is known. The result is the same in any order.
    pub(crate) fn say(&mut self, as_of: Millis, quantity: Quantity) -> bool {
        match self.said.binary_search_by(|said| said.quantity.cmp(&quantity)) {
            Ok(index) => {
                let Some(said) = self.said.get_mut(index) else {
                    return false;
                };
                let (first, last) = (said.first.min(as_of), said.last.max(as_of));
                let changed = (first, last) != (said.first, said.last);
                (said.first, said.last) = (first, last);
                changed
            }
            Err(index) => {
                let new = Said {
                    quantity,
                    first: as_of,
                    last: as_of,
                };
                self.said.insert(index, new.clone());
                if self.said.len() > Self::MOST {
                    let oldest = self
                        .said
                        .iter()
                        .enumerate()
                        .min_by_key(|(_, said)| (said.last, said.quantity));
                    if let Some(oldest) = oldest.map(|(index, _)| index) {
                        self.said.remove(oldest);
                    }
                }
                self.said.contains(&new)
            }
        }
    }

    /// The quantity that counts, and the instant from which figures contain it: the newest wins, ties
    /// to the smaller; it reaches back over statements of as much or more, until one of less.
    pub fn counts(&self) -> Option<(Millis, Quantity)> {
        let newest = self
            .said
            .iter()
            .max_by(|a, b| (a.last, b.quantity).cmp(&(b.last, a.quantity)))?;
        let less = self
            .said
            .iter()
            .filter(|said| said.quantity < newest.quantity)
            .map(|said| said.last)
            .max();
        let enough = self.said.iter().filter(|said| said.quantity >= newest.quantity);
        let since = enough
            .map(|said| said.first)
            .filter(|first| less.is_none_or(|less| *first > less))
            .min();
        Some((since.unwrap_or(newest.last), newest.quantity))
    }
}

/// A person's word on one line, by (line, source).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineMend {
    /// The line.
    pub line: LineId,
    /// Whose figures contain it; `None`: it is given back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<ConnectorName>,
    /// Units of the line's SKU.
    pub quantity: Quantity,
    /// Figures from then on.
    pub as_of: Millis,
    /// When it was said.
    pub at: Millis,
}

/// What a bundle line was made of when it was first recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Composition {
    /// The line.
    pub line: LineId,
    /// The bundle.
    pub sku: Sku,
    /// Its parts.
    pub parts: Vec<Component>,
}

/// One order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderDocument {
    /// The highest revision seen; `None`: no report of the order yet, only statements.
    pub revision: Option<Revision>,
    /// Where it says the order stands.
    pub status: OrderStatus,
    /// When the buyer bought.
    pub placed_at: Millis,
    /// When the order reached its status.
    pub at: Millis,
    /// A cancellation without a revision: final, since this instant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cancelled: Option<Millis>,
    /// The lines of the highest revision, by id.
    #[serde(default)]
    pub lines: Few<OrderLineFact>,
    /// Every SKU that any revision touched, parts of bundles included: each once, ascending.
    #[serde(default)]
    pub touched: Few<Sku>,
    /// What sources said, by (line, source).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub statements: Vec<LineStatement>,
    /// What people said of lines, each once, ascending by (line, source).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mends: Vec<LineMend>,
    /// Parts of bundle lines.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub compositions: Vec<Composition>,
    /// The newest revisions, newest first, at most [`OrderDocument::PAST`]; empty where there was
    /// only one, which is the document itself.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub past: Vec<Past>,
    /// What earlier reports named lines that the highest revision names no more, by line.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub named: Vec<Named>,
}

impl Default for OrderDocument {
    fn default() -> Self {
        Self {
            revision: None,
            status: OrderStatus::Open,
            placed_at: Millis::default(),
            at: Millis::default(),
            cancelled: None,
            lines: Few::new(),
            touched: Few::new(),
            statements: Vec::new(),
            mends: Vec::new(),
            compositions: Vec::new(),
            past: Vec::new(),
            named: Vec::new(),
        }
    }
}

impl OrderDocument {
    /// How many revisions are remembered for dating.
    pub const PAST: usize = 16;
    /// Lines of one report that are kept; statements as well.
    pub const LINES: usize = 10_000;
    /// SKUs and compositions of lines that later revisions dropped; beyond, they are forgotten.
    pub const DROPPED: usize = 20_000;

    /// Forgets the SKUs and compositions that no line needs any more, where there are too many: their
    /// ledgers hold no line of this order.
    pub(crate) fn shrink(&mut self) {
        if self.compositions.len() > Self::DROPPED {
            let lines: BTreeSet<_> = self.lines.iter().map(|line| (&line.line, line.sku.as_ref())).collect();
            self.compositions
                .retain(|known| lines.contains(&(&known.line, Some(&known.sku))));
        }
        if self.touched.len() > Self::DROPPED {
            let sold = self.lines.iter().filter_map(|line| line.sku.clone());
            let parts = self
                .compositions
                .iter()
                .flat_map(|known| &known.parts)
                .map(|part| part.sku.clone());
            let touched: BTreeSet<Sku> = sold.chain(parts).collect();
            self.touched = touched.into_iter().collect();
        }
    }

    /// Takes a person's word in; `true` when it changes what is known. Of two the newer counts, ties to the smaller.
    pub(crate) fn mend(&mut self, mend: LineMend) -> bool {
        let key = (&mend.line, &mend.source);
        match self
            .mends
            .binary_search_by(|known| (&known.line, &known.source).cmp(&key))
        {
            Ok(index) => {
                let rank = |mend: &LineMend| (mend.at, -mend.quantity, mend.as_of);
                let newer = |known: &&mut LineMend| rank(&mend) > rank(known);
                let Some(known) = self.mends.get_mut(index).filter(newer) else {
                    return false;
                };
                *known = mend;
                true
            }
            Err(_) if self.mends.len() >= Self::LINES => false,
            Err(index) => {
                self.mends.insert(index, mend);
                true
            }
        }
    }

    /// JSON with a schema version.
    pub fn encode(&self) -> Vec<u8> {
        encoding::encode(self)
    }

    /// Names SKUs as touched; false where all of them were already.
    pub(crate) fn touch(&mut self, more: Few<Sku>) -> bool {
        let new = |sku: &Sku| self.touched.binary_search(sku).is_err();
        if !more.iter().any(new) {
            return false;
        }
        if self.touched.is_empty() && more.len() == 1 {
            // Most orders are of one article, and never of another.
            self.touched = more;
            return true;
        }
        let mut touched: Vec<Sku> = self.touched.iter().cloned().chain(more).collect();
        touched.sort_unstable();
        touched.dedup();
        self.touched = Few::from(touched);
        true
    }

    /// Reads what [`Self::encode`] wrote.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        encoding::decode(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(said: &[(i64, i64)]) -> LineStatement {
        let mut statement = LineStatement {
            line: "1".parse().unwrap(),
            source: "erp".parse().unwrap(),
            said: Few::new(),
        };
        for (at, units) in said {
            statement.say(Millis(*at), Quantity::whole(*units));
        }
        statement
    }

    #[test]
    fn the_newest_statement_counts_and_reaches_back_to_the_last_that_said_less() {
        for (said, since, units) in [
            (&[(1, 5)][..], 1, 5),
            (&[(1, 5), (3, 5)], 1, 5),
            (&[(1, 7), (3, 5)], 1, 5),
            (&[(1, 3), (2, 5), (4, 5)], 2, 5),
            (&[(2, 3), (2, 5), (4, 5)], 4, 5),
            (&[(1, 5), (2, 3), (3, 5)], 3, 5),
            (&[(4, 5), (4, 3)], 4, 3),
        ] {
            let mut orders = vec![said.to_vec(), said.iter().rev().copied().collect()];
            for said in orders.drain(..) {
                assert_eq!(
                    told(&said).counts(),
                    Some((Millis(since), Quantity::whole(units))),
                    "{said:?}"
                );
            }
        }
        assert_eq!(told(&[]).counts(), None);
    }

    #[test]
    fn as_many_statements_are_kept_as_fit_and_the_oldest_goes() {
        let most = i64::try_from(LineStatement::MOST).unwrap();
        let all = |count: i64| told(&(1..=count).map(|n| (n, n)).collect::<Vec<_>>()).said;
        assert_eq!(all(most).len(), LineStatement::MOST);
        let more = all(most + 1);
        assert_eq!(more.len(), LineStatement::MOST);
        assert!(more.iter().all(|said| said.first > Millis(1)));
    }
}

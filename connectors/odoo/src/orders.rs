//! Statements: which order lines of our channels the figures contain.
//!
//! Sales orders carry the channel's order number in a reference, their lines the channel's line in a
//! field. Orders are looked at before and after the stock is read, and only what is there both times
//! counts; of two answers the smaller. What is ambiguous waits for the next round.

use crate::articles::IDS;
use crate::client::Client;
use crate::contained::{Move, Sold, contained};
use crate::fields::Fields;
use crate::pages::{List, Row};
use crate::places::Places;
use crate::settings::{ChannelMark, OrdersPlan};
use crate::wire::{Figure, Link, Mark, Text, moment};
use omnistock_sdk::{ConnectorError, StatementRow};
use omnistock_words::{Basis, ChannelName, LineId, Millis, OrderId, Quantity};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet, HashMap};

#[derive(Debug, Deserialize)]
struct Order {
    id: i64,
    state: Text,
    #[serde(default)]
    team_id: Link,
    /// The reference, under the name that the configuration gives.
    #[serde(flatten)]
    rest: BTreeMap<String, Value>,
}

#[derive(Debug, Deserialize)]
struct Line {
    id: i64,
    order_id: Link,
    #[serde(default)]
    product_id: Link,
    product_uom_qty: Figure,
    /// The channel's line, under the name that the configuration gives.
    #[serde(flatten)]
    rest: BTreeMap<String, Value>,
}

impl Row for Order {
    fn id(&self) -> i64 {
        self.id
    }
}

impl Row for Line {
    fn id(&self) -> i64 {
        self.id
    }
}

/// A channel's order line.
pub(crate) type Key = (ChannelName, OrderId, LineId);

/// What one look found: how much of each line is contained, and of which products.
#[derive(Debug, Default)]
pub(crate) struct Look {
    pub(crate) lines: BTreeMap<Key, (Quantity, BTreeSet<i64>)>,
    /// Lines of our channels' orders without the channel's line.
    pub(crate) unmarked: u64,
    /// The references it was made of, for the second look.
    references: BTreeSet<String>,
}

/// Reads orders.
pub(crate) struct OrderReader<'a> {
    pub(crate) client: &'a Client,
    pub(crate) page: usize,
    pub(crate) plan: &'a OrdersPlan,
    pub(crate) places: &'a Places,
    pub(crate) fields: Fields,
    pub(crate) basis: Basis,
}

impl<'a> OrderReader<'a> {
    /// The first look: orders of which anything changed since then, by the server's clock.
    pub(crate) async fn changed(&self, since: Millis) -> Result<Look, ConnectorError> {
        let since = moment(since);
        let reference = &self.plan.reference_field;
        let domain = vec![
            json!([reference, "!=", false]),
            json!("|"),
            json!("|"),
            json!(["write_date", ">=", since]),
            json!(["order_line.write_date", ">=", since]),
            json!(["order_line.move_ids.write_date", ">=", since]),
        ];
        let orders: Vec<Order> = self.orders(domain).read().await?;
        let ours = orders.iter().filter(|order| self.channel(order).is_some());
        let references = ours.filter_map(|order| self.reference(order)).collect();
        self.look(references).await
    }

    /// The second look, at the same orders.
    pub(crate) async fn again(&self, first: &Look) -> Result<Look, ConnectorError> {
        self.look(first.references.clone()).await
    }

    /// Asks for the fields that a look asks for, of no order.
    pub(crate) async fn probe(&self) -> Result<(), ConnectorError> {
        self.changed(Millis::MAX).await?;
        self.lines(&[0], &HashMap::new(), &mut Look::default()).await?;
        self.moves(&[0]).read::<Move>().await?;
        Ok(())
    }

    fn orders(&self, domain: Vec<Value>) -> List<'a> {
        let fields = vec!["id", "state", "team_id", self.plan.reference_field.as_str()];
        List {
            client: self.client,
            page: self.page,
            model: "sale.order",
            domain,
            fields,
        }
    }

    /// By reference, so that an order that was imported twice, or cancelled and made anew, is seen whole.
    async fn look(&self, references: BTreeSet<String>) -> Result<Look, ConnectorError> {
        let mut look = Look::default();
        let all: Vec<&String> = references.iter().collect();
        for part in all.chunks(IDS) {
            let domain = vec![json!([self.plan.reference_field, "in", part])];
            let orders: Vec<Order> = self.orders(domain).read().await?;
            let known: HashMap<i64, (ChannelName, OrderId, bool)> =
                orders.iter().filter_map(|order| self.known(order)).collect();
            let mut ids: Vec<i64> = known.keys().copied().collect();
            ids.sort_unstable();
            for ids in ids.chunks(IDS) {
                self.lines(ids, &known, &mut look).await?;
            }
        }
        look.references = references;
        Ok(look)
    }

    async fn lines(
        &self,
        orders: &[i64],
        known: &HashMap<i64, (ChannelName, OrderId, bool)>,
        look: &mut Look,
    ) -> Result<(), ConnectorError> {
        let domain = vec![json!(["order_id", "in", orders]), json!(["product_id", "!=", false])];
        let fields = vec![
            "id",
            "order_id",
            "product_id",
            "product_uom_qty",
            self.plan.line_field.as_str(),
        ];
        let lines: Vec<Line> = List {
            client: self.client,
            page: self.page,
            model: "sale.order.line",
            domain,
            fields,
        }
        .read()
        .await?;
        let ids: Vec<i64> = lines.iter().map(|line| line.id).collect();
        let mut moves: HashMap<i64, Vec<Move>> = HashMap::new();
        for ids in ids.chunks(IDS) {
            for one in self.moves(ids).read::<Move>().await? {
                if let Some(line) = one.sale_line_id.0 {
                    moves.entry(line).or_default().push(one);
                }
            }
        }
        for line in &lines {
            let Some((channel, order, cancelled)) = line.order_id.0.and_then(|id| known.get(&id)) else {
                continue;
            };
            let Some(mark) = self.mark(line) else {
                look.unmarked += 1;
                continue;
            };
            let moves: Vec<&Move> = moves.get(&line.id).into_iter().flatten().collect();
            let sold = Sold {
                product: line.product_id.0,
                quantity: line.product_uom_qty.0,
            };
            // What left before the order was cancelled has left.
            let basis = if *cancelled { Basis::Physical } else { self.basis };
            let units = contained(basis, sold, &moves, self.places);
            let entry = look.lines.entry((channel.clone(), order.clone(), mark)).or_default();
            entry.0 += units;
            entry
                .1
                .extend(moves.iter().filter_map(|one| one.product_id.0).chain(line.product_id.0));
        }
        Ok(())
    }

    fn moves(&self, lines: &[i64]) -> List<'a> {
        let mut fields = vec![
            "id",
            "sale_line_id",
            "product_id",
            "state",
            "location_id",
            "location_dest_id",
            "product_uom_qty",
            "product_qty",
        ];
        if self.fields.quantity_done {
            fields.extend(["quantity_done", "reserved_availability"]);
        } else {
            fields.push("quantity");
        }
        let domain = vec![json!(["sale_line_id", "in", lines])];
        List {
            client: self.client,
            page: self.page,
            model: "stock.move",
            domain,
            fields,
        }
    }

    fn reference(&self, order: &Order) -> Option<String> {
        let value = order.rest.get(&self.plan.reference_field)?;
        serde_json::from_value::<Text>(value.clone()).ok()?.0
    }

    /// The channel that an order came from, and what is left of its reference.
    fn channel(&self, order: &Order) -> Option<(&ChannelName, String)> {
        let reference = self.reference(order)?;
        channel(&self.plan.channels, &reference, order.team_id.0).map(|(channel, rest)| (channel, rest.to_owned()))
    }

    fn known(&self, order: &Order) -> Option<(i64, (ChannelName, OrderId, bool))> {
        let (channel, number) = self.channel(order)?;
        let cancelled = order.state.0.as_deref() == Some("cancel");
        Some((order.id, (channel.clone(), OrderId::new(number).ok()?, cancelled)))
    }

    fn mark(&self, line: &Line) -> Option<LineId> {
        let value = line.rest.get(&self.plan.line_field)?;
        let mark = serde_json::from_value::<Mark>(value.clone()).ok()?.0?;
        LineId::new(mark.trim()).ok()
    }
}

/// Of several that fit, the one that asks for more: a team before none, then the longer prefix.
fn channel<'p, 't>(
    channels: &'p [ChannelMark],
    reference: &'t str,
    team: Option<i64>,
) -> Option<(&'p ChannelName, &'t str)> {
    let fits = |mark: &&ChannelMark| mark.team.is_none_or(|wanted| Some(wanted) == team);
    let mark = channels
        .iter()
        .filter(fits)
        .filter(|mark| reference.starts_with(&mark.prefix))
        .max_by_key(|mark| (mark.team.is_some(), mark.prefix.len()))?;
    let rest = reference.strip_prefix(&mark.prefix)?.trim();
    (!rest.is_empty()).then_some((&mark.channel, rest))
}

/// What both looks agree on.
pub(crate) fn agreed(first: &Look, second: &Look) -> Vec<StatementRow> {
    let both = first.lines.iter().filter_map(|(key, (units, _))| {
        let (other, _) = second.lines.get(key)?;
        Some((key, (*units).min(*other)))
    });
    both.map(|((channel, order, line), quantity)| StatementRow {
        channel: channel.clone(),
        order: order.clone(),
        line: line.clone(),
        quantity: quantity.positive(),
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(channel: &str, prefix: &str, team: Option<i64>) -> ChannelMark {
        ChannelMark {
            channel: ChannelName::new(channel).unwrap(),
            prefix: prefix.to_owned(),
            team,
        }
    }

    #[test]
    fn an_order_belongs_to_the_channel_that_asks_for_most() {
        let channels = [
            mark("shop", "S-", None),
            mark("outlet", "S-O-", None),
            mark("market", "", Some(5)),
        ];
        let of = |reference: &'static str, team| {
            channel(&channels, reference, team).map(|(name, rest)| (name.as_str(), rest))
        };
        assert_eq!(of("S-1001", None), Some(("shop", "1001")));
        assert_eq!(of("S-O-7", None), Some(("outlet", "7")));
        assert_eq!(of("302-44", Some(5)), Some(("market", "302-44")));
        assert_eq!(of("PO 4711 of a customer", None), None, "an order of somebody else");
        assert_eq!(of("S-", None), None);
    }

    fn look(lines: &[(&str, i64)]) -> Look {
        let key = |line: &str| {
            (
                ChannelName::new("shop").unwrap(),
                OrderId::new("1").unwrap(),
                LineId::new(line).unwrap(),
            )
        };
        let lines = lines
            .iter()
            .map(|(line, units)| (key(line), (Quantity::whole(*units), BTreeSet::new())));
        Look {
            lines: lines.collect(),
            ..Look::default()
        }
    }

    #[test]
    fn only_what_was_there_both_times_counts_and_of_two_the_smaller() {
        let found = agreed(
            &look(&[("a", 3), ("b", 2), ("gone", 1)]),
            &look(&[("a", 1), ("b", 4), ("new", 9)]),
        );
        let found: Vec<(&str, String)> = found
            .iter()
            .map(|row| (row.line.as_str(), row.quantity.to_string()))
            .collect();
        assert_eq!(found, [("a", "1".to_owned()), ("b", "2".to_owned())]);
    }
}

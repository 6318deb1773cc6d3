//! Which products changed: by the time of change of moves and quants, which says where to look and no more.
//!
//! A time of change is when its transaction began, so that it may come into sight long after later ones;
//! and what is deleted or merged has none. Hence the overlap, what was seen in it, and the full pass.

use crate::client::Client;
use crate::fields::Fields;
use crate::pages::{List, Row};
use crate::places::Places;
use crate::wire::{Link, Stamp, moment};
use omnistock_sdk::ConnectorError;
use omnistock_words::Millis;
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

#[derive(Debug, Deserialize)]
struct Changed {
    id: i64,
    #[serde(default)]
    product_id: Link,
    write_date: Stamp,
    /// What may change twice within the second that a time of change is printed to.
    #[serde(flatten)]
    rest: BTreeMap<String, Value>,
}

impl Row for Changed {
    fn id(&self) -> i64 {
        self.id
    }
}

/// How a row was when it was seen.
type Known = (Millis, BTreeMap<String, Value>);

/// What was seen so far.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    /// The newest time of change, by the server's clock.
    newest: Option<Millis>,
    /// What was seen inside the overlap.
    seen: BTreeMap<(&'static str, i64), Known>,
}

impl Changes {
    /// From where on to look, by the server's clock.
    pub(crate) fn from(&self, overlap: i64) -> Millis {
        self.newest.map_or(Millis(0), |newest| newest.plus(-overlap))
    }

    /// Begins at the move that was made last: when that changed is at most now, by the server's clock.
    pub(crate) async fn begin(client: &Client) -> Result<Self, ConnectorError> {
        let list = List {
            client,
            page: 1,
            model: "stock.move",
            domain: Vec::new(),
            fields: vec!["id", "product_id", "write_date"],
        };
        let newest: Option<Changed> = list.newest().await?;
        Ok(Self {
            newest: newest.and_then(|one| one.write_date.0),
            seen: BTreeMap::new(),
        })
    }

    /// Products of moves and quants that changed since the last look.
    pub(crate) async fn look(
        &mut self,
        client: &Client,
        page: usize,
        places: &Places,
        fields: Fields,
        overlap: i64,
    ) -> Result<BTreeSet<i64>, ConnectorError> {
        let (from, roots) = (self.from(overlap), places.roots());
        let since = json!(["write_date", ">=", moment(from)]);
        let either: [Value; 3] = [
            json!("|"),
            json!(["location_id", "child_of", roots]),
            json!(["location_dest_id", "child_of", roots]),
        ];
        let moves = [vec![since.clone()], either.to_vec()].concat();
        let quants = vec![since, json!(["location_id", "child_of", roots])];
        let mut found = Vec::new();
        for (model, domain, more) in [
            ("stock.move", moves, fields.of_move()),
            ("stock.quant", quants, &["quantity", "reserved_quantity"]),
        ] {
            let mut fields = vec!["id", "product_id", "write_date"];
            fields.extend(more);
            let rows: Vec<Changed> = List {
                client,
                page,
                model,
                domain,
                fields,
            }
            .read()
            .await?;
            found.extend(rows.into_iter().map(|row| (model, row)));
        }
        Ok(self.note(&found, overlap))
    }

    fn note(&mut self, found: &[(&'static str, Changed)], overlap: i64) -> BTreeSet<i64> {
        let mut products = BTreeSet::new();
        for (model, row) in found {
            let Some(at) = row.write_date.0 else { continue };
            let known = (at, row.rest.clone());
            if self.seen.insert((model, row.id), known.clone()) != Some(known) {
                products.extend(row.product_id.0);
            }
            self.newest = self.newest.max(Some(at));
        }
        let from = self.from(overlap);
        self.seen.retain(|_, (at, _)| *at >= from);
        products
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(id: i64, product: i64, at: i64) -> (&'static str, Changed) {
        (
            "stock.move",
            Changed {
                id,
                product_id: Link(Some(product)),
                write_date: Stamp(Some(Millis(at))),
                rest: BTreeMap::new(),
            },
        )
    }

    fn set(products: &[i64]) -> BTreeSet<i64> {
        products.iter().copied().collect()
    }

    #[test]
    fn the_same_second_is_read_again_and_only_what_is_new_counts() {
        let mut changes = Changes::default();
        assert_eq!(changes.note(&[row(1, 10, 5_000)], 2_000), set(&[10]));
        assert_eq!(changes.from(2_000), Millis(3_000));
        let again = changes.note(&[row(1, 10, 5_000), row(2, 20, 5_000)], 2_000);
        assert_eq!(again, set(&[20]), "a row of the same second that came later");
        let late = changes.note(&[row(3, 30, 3_500)], 2_000);
        assert_eq!(late, set(&[30]), "a transaction that began earlier and ended later");
        assert_eq!(
            changes.note(&[row(1, 10, 6_000)], 2_000),
            set(&[10]),
            "changed once more"
        );
    }

    #[test]
    fn a_second_change_within_the_same_second_counts() {
        let mut changes = Changes::default();
        changes.note(&[row(1, 10, 5_000)], 2_000);
        let mut again = row(1, 10, 5_000);
        again.1.rest.insert("state".to_owned(), json!("done"));
        assert_eq!(changes.note(&[again], 2_000), set(&[10]));
    }

    #[test]
    fn what_is_older_than_the_overlap_is_forgotten() {
        let mut changes = Changes::default();
        changes.note(&[row(1, 10, 1_000), row(2, 20, 90_000)], 2_000);
        assert_eq!(changes.seen.len(), 1);
    }
}

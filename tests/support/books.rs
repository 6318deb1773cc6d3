//! The truth, by the shops' own books and the ERP's: what is there and not sold, whose orders are known, and whether
//! what was sold too much can be explained by the time that news takes. Knows nothing of what a daemon thinks.

use super::merchant::{ARTICLES, Merchant, sku};
use omnistock_sdk::now;
use omnistock_words::Millis;
use rand::Rng;
use rand::rngs::StdRng;
use std::collections::BTreeSet;
use std::sync::Mutex;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Units of most articles in the beginning: buyers never run out.
const MUCH: i64 = 1_000;
/// These articles are scarce: buyers compete for the last units.
const SCARCE: usize = 4;
/// Units of each of them that the ERP finds at a time.
const FEW: i64 = 6;
/// News takes so long where nothing is wrong, milliseconds: two polls, a commit, a call, on a busy machine.
const NEWS: i64 = 2_000;

/// A sale at a shop.
#[derive(Debug, Clone)]
pub(crate) struct Sold {
    pub(crate) at: Millis,
    pub(crate) channel: &'static str,
    pub(crate) order: String,
    pub(crate) sku: String,
    pub(crate) units: i64,
}

/// Every sale so far; the oldest first.
pub(crate) fn sales(merchant: &Merchant) -> Vec<Sold> {
    let shop = merchant.shop.sales().into_iter().map(|sale| Sold {
        at: sale.at,
        channel: "shop",
        order: sale.order.to_string(),
        sku: sale.sku,
        units: sale.units,
    });
    let market = merchant.market.sales().into_iter().map(|sale| Sold {
        at: sale.at,
        channel: "market",
        order: sale.order,
        sku: sale.sku,
        units: sale.units,
    });
    let mut all: Vec<Sold> = shop.chain(market).collect();
    all.sort_by_key(|sale| sale.at);
    all
}

/// The ERP: what it has counted so far, and when.
pub(crate) struct Erp(Mutex<Vec<(Millis, Vec<i64>)>>);

impl Erp {
    /// The first count is in a file when this returns.
    pub(crate) fn open(merchant: &Merchant) -> Self {
        let first: Vec<i64> = (0..ARTICLES)
            .map(|index| if index < SCARCE { FEW } else { MUCH })
            .collect();
        let erp = Self(Mutex::default());
        erp.count(merchant, &first);
        erp
    }

    fn count(&self, merchant: &Merchant, figures: &[i64]) {
        self.0.lock().unwrap().push((now(), figures.to_owned()));
        merchant.drop_stock(|index| figures.get(index).copied());
    }

    /// It counts anew: some of what is plenty is more or less, and of what is scarce some more is found.
    pub(crate) fn change(&self, merchant: &Merchant, random: &mut StdRng) {
        let mut figures = self.figures();
        for (index, figure) in figures.iter_mut().enumerate() {
            *figure += if index < SCARCE {
                FEW
            } else {
                random.random_range(-9..=9)
            };
        }
        self.count(merchant, &figures);
    }

    fn figures(&self) -> Vec<i64> {
        let counted = self.0.lock().unwrap();
        counted.last().map(|(_, figures)| figures.clone()).unwrap()
    }

    /// What it had counted of an article by then.
    fn counted(&self, index: usize, at: Millis) -> i64 {
        let counted = self.0.lock().unwrap();
        let by_then = counted.iter().rfind(|(when, _)| *when <= at).or(counted.first());
        by_then.map(|(_, figures)| figures[index]).unwrap()
    }

    /// What every shop has to show of each article: stock less sales, and nothing where more was sold.
    pub(crate) fn left(&self, merchant: &Merchant) -> Vec<i64> {
        let mut left = self.figures();
        for sale in sales(merchant) {
            left[index(&sale.sku)] -= sale.units;
        }
        left.into_iter().map(|left| left.max(0)).collect()
    }

    /// Units that were sold and not there; each has to be explained by news that was still on its way: a sale at another
    /// shop since `blind` of that moment.
    pub(crate) fn oversold(&self, merchant: &Merchant, blind: &Blind) -> i64 {
        let (mut sold, all, mut too_much) = (vec![0; ARTICLES], sales(merchant), 0);
        for (number, sale) in all.iter().enumerate() {
            let article = index(&sale.sku);
            sold[article] += sale.units;
            if article >= SCARCE || sold[article] <= self.counted(article, sale.at) {
                continue;
            }
            too_much += sale.units;
            let since = blind.since(sale.at);
            let unheard = all[..number]
                .iter()
                .any(|other| other.sku == sale.sku && other.channel != sale.channel && other.at >= since);
            assert!(
                unheard,
                "{} was oversold at {} at {}, and no other shop had sold any since {since}",
                sale.sku, sale.channel, sale.at
            );
        }
        too_much
    }
}

/// When no news came through, or not all: from when to when.
#[derive(Debug, Default)]
pub(crate) struct Blind(Vec<(Millis, Millis)>);

impl Blind {
    pub(crate) fn add(&mut self, from: Millis, to: Millis) {
        self.0.push((from, to));
    }

    /// What happened since then may not be known everywhere at that moment.
    fn since(&self, at: Millis) -> Millis {
        let ago = at.plus(-NEWS);
        let then = self.0.iter().filter(|(from, to)| *from <= at && ago <= *to);
        then.map(|(from, _)| from.plus(-NEWS)).min().unwrap_or(ago)
    }
}

fn index(article: &str) -> usize {
    (0..ARTICLES).find(|index| sku(*index) == article).unwrap()
}

/// Buys one unit of some article at some shop, again and again; what is sold out is not bought.
pub(crate) async fn buy(merchant: &Merchant, mut random: StdRng, stop: &CancellationToken) {
    while !stop.is_cancelled() {
        let article = sku(random.random_range(0..ARTICLES));
        let _sold_out = if random.random_bool(0.5) {
            merchant.shop.buy(&article, 1).is_err()
        } else {
            merchant.market.buy(&article, 1).is_err()
        };
        tokio::time::sleep(Duration::from_millis(random.random_range(4..24))).await;
    }
}

/// Orders of the shops that are in no ledger of the daemon that answers at this port.
pub(crate) fn unknown_orders(merchant: &Merchant, admin: u16) -> Vec<String> {
    let answer = super::merchant::request(admin, "GET /api/v1/orders?limit=10000 HTTP/1.1", b"");
    let listed: serde_json::Value = answer
        .and_then(|answer| serde_json::from_str(&answer.body).ok())
        .unwrap_or_default();
    let known: BTreeSet<(String, String)> = listed["items"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|order| (text(&order["channel"]), text(&order["order"])))
        .collect();
    let lost = sales(merchant)
        .into_iter()
        .filter(|sale| !known.contains(&(sale.channel.to_owned(), sale.order.clone())));
    lost.map(|sale| format!("{} {}", sale.channel, sale.order)).collect()
}

fn text(value: &serde_json::Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

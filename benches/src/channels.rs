//! The shops and their buyers: a process of its own, told over a small control interface.

use crate::buyers::{Bought, Buying, Choice, buy};
use crate::{ask, rough};
use anyhow::{Context, Result};
use axum::extract::{Query, State};
use axum::routing::{get, post};
use axum::{Json, Router};
use clap::Args;
use omnistock_woocommerce::simulator::{Faults, Simulator, SimulatorSettings};
use omnistock_words::Millis;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::{Child, Command};

/// Webhooks of a shop on their way at once: a shop that sells 250 times a second has more than one queue runner.
const RUNNERS: usize = 5;

/// What to open.
#[derive(Debug, Clone, Args)]
pub(crate) struct Wanted {
    /// How many shops.
    #[arg(long, default_value_t = 4)]
    pub(crate) shops: usize,
    /// Articles of each, all with `stock` units.
    #[arg(long)]
    pub(crate) skus: usize,
    /// Units of each article.
    #[arg(long, default_value_t = 100)]
    pub(crate) stock: i64,
    /// Before each answer, milliseconds.
    #[arg(long, default_value_t = 20)]
    pub(crate) latency: u64,
}

/// Where a shop is.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Place {
    pub(crate) url: String,
    pub(crate) key: String,
    pub(crate) secret: String,
    pub(crate) webhook_secret: String,
}

/// Where everything is.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Places {
    pub(crate) control: String,
    pub(crate) shops: Vec<Place>,
}

/// What became of the orders of the last load.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Report {
    /// Orders placed.
    pub(crate) orders: u64,
    /// Of those, orders after which some other shop has not been changed.
    pub(crate) unseen: u64,
    /// Milliseconds from an order to the last of the other shops changed, sorted.
    pub(crate) last: Vec<f64>,
    /// Listings that show something else than stock less sales.
    pub(crate) wrong: u64,
    /// Writes in all shops since the opening.
    pub(crate) writes: u64,
}

pub(crate) struct Shops {
    pub(crate) all: Vec<Simulator>,
    pub(crate) skus: usize,
    stock: i64,
    pub(crate) bought: Bought,
}

pub(crate) fn sku(number: usize) -> String {
    format!("SKU-{number:07}")
}

/// Opens the shops, says where they are, and serves until standard input ends.
pub(crate) async fn serve(wanted: &Wanted) -> Result<()> {
    let faults = Faults {
        latency: Duration::from_millis(wanted.latency),
        webhook_delay: Duration::ZERO,
        ..Faults::default()
    };
    let mut all = Vec::new();
    for seed in 1..=wanted.shops {
        let settings = SimulatorSettings {
            seed: seed as u64,
            faults: faults.clone(),
            runners: RUNNERS,
            ..SimulatorSettings::default()
        };
        let shop = Simulator::start(settings).await?;
        for number in 0..wanted.skus {
            shop.add_product(&sku(number), wanted.stock);
        }
        all.push(shop);
    }
    let shops = Arc::new(Shops {
        all,
        skus: wanted.skus,
        stock: wanted.stock,
        bought: Bought::default(),
    });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let places = Places {
        control: format!("http://{}", listener.local_addr()?),
        shops: shops.all.iter().map(place).collect(),
    };
    println!("{}", serde_json::to_string(&places)?);
    let router = Router::new()
        .route("/buy", post(buy))
        .route("/report", get(report))
        .route("/writes", get(writes))
        .route("/last_write", get(last_write))
        .route("/wrong", get(wrong))
        .merge(rough::routes())
        .with_state(Arc::clone(&shops));
    let watched = rough::watch(&shops);
    let mut rest = Vec::new();
    tokio::select! {
        served = axum::serve(listener, router) => served?,
        ended = async { tokio::io::stdin().read_to_end(&mut rest).await } => drop(ended?),
        () = watched => {}
    }
    Ok(())
}

fn place(shop: &Simulator) -> Place {
    Place {
        url: shop.url().as_str().trim_end_matches('/').to_owned(),
        key: shop.key().to_owned(),
        secret: shop.secret().to_owned(),
        webhook_secret: shop.webhook_secret().to_owned(),
    }
}

impl Shops {
    /// How many shops are meant by the first `at`.
    pub(crate) fn counted(&self, at: usize) -> usize {
        if at == 0 {
            self.all.len()
        } else {
            at.min(self.all.len())
        }
    }
}

#[derive(Deserialize)]
struct Since {
    since: i64,
    /// Only the first so many shops are looked at.
    #[serde(default)]
    at: usize,
}

/// From each order since then to the last other shop changed.
async fn report(State(shops): State<Arc<Shops>>, Query(Since { since, at }): Query<Since>) -> Json<Report> {
    let shown = shops.counted(at);
    let mut written: Vec<BTreeMap<String, Vec<Millis>>> = Vec::new();
    let mut report = Report::default();
    for shop in shops.all.iter().take(shown) {
        let mut of_shop: BTreeMap<String, Vec<Millis>> = BTreeMap::new();
        for write in shop.writes() {
            report.writes += 1;
            of_shop.entry(write.sku).or_default().push(write.at);
        }
        written.push(of_shop);
    }
    for (own, shop) in shops.all.iter().take(shown).enumerate() {
        for sale in shop.sales().into_iter().filter(|sale| sale.at.0 >= since) {
            report.orders += 1;
            let others = written.iter().enumerate().filter(|(other, _)| *other != own);
            let seen = others.map(|(_, of_shop)| {
                let writes = of_shop.get(&sale.sku)?;
                writes.iter().find(|at| **at >= sale.at).copied()
            });
            match seen.collect::<Option<Vec<Millis>>>() {
                Some(seen) => {
                    let last = seen.into_iter().max().unwrap_or(sale.at);
                    #[allow(clippy::cast_precision_loss, reason = "milliseconds of one run")]
                    report.last.push(last.since(sale.at) as f64);
                }
                None => report.unseen += 1,
            }
        }
    }
    report.last.sort_by(f64::total_cmp);
    report.wrong = count_wrong(&shops, 0..shown);
    Json(report)
}

/// How many writes there were in all shops.
async fn writes(State(shops): State<Arc<Shops>>) -> Json<usize> {
    Json(shops.all.iter().map(|shop| shop.writes().len()).sum())
}

/// When the last number was set, if one ever was.
async fn last_write(State(shops): State<Arc<Shops>>) -> Json<Option<Millis>> {
    Json(shops.all.iter().filter_map(Simulator::last_write).max())
}

async fn wrong(State(shops): State<Arc<Shops>>, Query(changed): Query<BTreeMap<String, String>>) -> Json<u64> {
    // `every=100&units=7`: every 100th article has 7 units by now. `shop=3`: stock less sales, at this shop only.
    let number = |name: &str| changed.get(name).and_then(|text| text.parse::<usize>().ok());
    let Some((every, units)) = number("every").zip(number("units")) else {
        let of = number("shop").map_or(0..shops.all.len(), |shop| shop..shop + 1);
        return Json(count_wrong(&shops, of));
    };
    let units = i64::try_from(units).unwrap_or_default();
    let wrong = (0..shops.skus).step_by(every.max(1)).map(|number| {
        let shown = shops.all.iter().filter(|shop| shop.shown(&sku(number)) != Some(units));
        shown.count() as u64
    });
    Json(wrong.sum())
}

/// Listings of these shops that show something else than stock less sales.
fn count_wrong(shops: &Shops, of: std::ops::Range<usize>) -> u64 {
    let mut left: BTreeMap<String, i64> = BTreeMap::new();
    for sale in shops.all.iter().flat_map(Simulator::sales) {
        *left.entry(sale.sku).or_insert(shops.stock) -= sale.units;
    }
    let of = shops.all.get(of).unwrap_or_default();
    let wrong = left.iter().map(|(sku, left)| {
        // Where more was sold than there was, nothing is left.
        let shown = of.iter().filter(|shop| shop.shown(sku) != Some((*left).max(0)));
        shown.count() as u64
    });
    wrong.sum()
}

/// The shops as another process.
pub(crate) struct Channels {
    child: Child,
    client: reqwest::Client,
    pub(crate) places: Places,
}

impl Channels {
    /// Opens them; ends with this value.
    pub(crate) async fn open(wanted: &Wanted) -> Result<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .args(["channels", "--shops", &wanted.shops.to_string()])
            .args(["--skus", &wanted.skus.to_string(), "--stock", &wanted.stock.to_string()])
            .args(["--latency", &wanted.latency.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let output = child.stdout.take().context("the shops have no output")?;
        let mut line = String::new();
        BufReader::new(output).read_line(&mut line).await?;
        Ok(Self {
            child,
            client: reqwest::Client::new(),
            places: serde_json::from_str(&line).context("the shops did not open")?,
        })
    }

    /// Buyers of one article after the other at this rate for so long; the time of the first order.
    pub(crate) async fn buy(&self, rate: u64, seconds: u64) -> Result<Millis> {
        let buying = Buying {
            rate,
            seconds,
            ..Buying::default()
        };
        self.tell("buy", &buying).await
    }

    /// Buyers as they are told.
    pub(crate) async fn buying(&self, buying: Buying) -> Result<Millis> {
        self.tell("buy", &buying).await
    }

    /// The same of only the first so many articles.
    pub(crate) async fn buy_among(&self, among: usize, rate: u64, seconds: u64) -> Result<Millis> {
        let what = Choice::Among(among);
        let buying = Buying {
            rate,
            seconds,
            what,
            ..Buying::default()
        };
        self.tell("buy", &buying).await
    }

    /// Tells the control interface something; what it says.
    pub(crate) async fn tell<T: serde::de::DeserializeOwned>(&self, path: &str, what: &impl Serialize) -> Result<T> {
        let asked = self.client.post(format!("{}/{path}", self.places.control));
        ask::json(asked.json(what)).await
    }

    /// What the control interface says under this path.
    pub(crate) async fn ask<T: serde::de::DeserializeOwned>(&self, path: &str) -> Result<T> {
        ask::json(self.client.get(format!("{}/{path}", self.places.control))).await
    }

    /// Its process id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id().unwrap_or_default()
    }
}

//! What is really there: articles, shops, and the account of every unit, kept beside the daemon
//! and without its help.

use super::Marketplace;
use super::shop::{Shop, Sold, Trouble, Vendor};
use omnistock_amazon::simulator as amazon;
use omnistock_ebay::simulator as ebay;
use omnistock_medusa::simulator as medusa;
use omnistock_woocommerce::simulator as woocommerce;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Units that every channel keeps back; said in the summary.
pub(super) const SAFETY_STOCK: i64 = 4;
/// The most that a channel shows.
pub(super) const MAX_SHOWN: i64 = 50;
/// Where the goods are.
pub(super) const LOCATIONS: [&str; 2] = ["berlin", "hamburg"];

/// One article.
pub(super) struct Article {
    pub(super) sku: String,
    /// What it is called, in German, with umlauts: files are Windows-1252.
    pub(super) title: String,
    /// Units per location in the beginning.
    pub(super) stock: [i64; 2],
    /// How often buyers want it, relative to others.
    pub(super) weight: u32,
}

/// Everything outside the daemon.
pub struct World {
    pub(super) articles: Vec<Article>,
    pub(super) shops: Vec<Shop>,
    /// Orders that were cancelled, by channel and id.
    cancelled: Mutex<BTreeSet<(&'static str, String)>>,
    /// Units that arrived since the beginning, by SKU.
    received: Mutex<BTreeMap<String, i64>>,
}

fn articles() -> Vec<Article> {
    let kinds = [
        ("HOSE", "Hose Größe"),
        ("JACKE", "Jacke für Übergang"),
        ("MUETZE", "Mütze"),
        ("GUERTEL", "Gürtel"),
    ];
    let colours = ["BL", "SW", "RT", "GN", "WS", "GR"];
    let mut articles = Vec::new();
    for (index, (kind, title)) in (0_u32..).zip(kinds) {
        for (colour_index, colour) in (0_u32..).zip(colours) {
            for size in 0..5_u32 {
                let number = index * 30 + colour_index * 5 + size;
                // One in four is wanted much and scarce.
                let hot = number.is_multiple_of(4);
                let stock = if hot {
                    [6 + i64::from(number % 5), 5]
                } else {
                    [150 + i64::from(number), 60]
                };
                let sku = format!("{kind}-{}-{colour}", 36 + size * 2);
                let title = format!("{title} {} {colour}", 36 + size * 2);
                articles.push(Article {
                    sku,
                    title,
                    stock,
                    weight: if hot { 5 } else { 2 },
                });
            }
        }
    }
    articles
}

impl Marketplace {
    /// The marketplace, as quick as it can be: where each takes minutes, there would be nothing to see.
    async fn open(self, articles: &[Article]) -> std::io::Result<Shop> {
        let (channel, vendor) = match self {
            Self::Amazon => {
                let shop = amazon::Simulator::start(amazon::SimulatorSettings::immediate()).await?;
                for article in articles {
                    shop.add(&article.sku, 3);
                }
                ("amazon", Vendor::Amazon(shop))
            }
            Self::Ebay => {
                let shop = ebay::Simulator::start(ebay::SimulatorSettings::default()).await?;
                for article in articles {
                    shop.add(&article.sku, 3);
                }
                // Of a merchant who has asked for more: the day's calls of others come back too slowly to be watched.
                for quota in ["inventory", "fulfillment"] {
                    shop.set_quota(quota, 1_000_000_000);
                }
                ("ebay", Vendor::Ebay(shop))
            }
        };
        Ok(Shop { channel, vendor })
    }
}

impl World {
    /// Opens three shops, and these marketplaces beside them, that list every article with what a shop that nobody
    /// keeps would show.
    pub async fn open(with: &[Marketplace]) -> std::io::Result<Self> {
        let articles = articles();
        let mut shops = Vec::new();
        for (channel, seed) in [("shop_de", 11), ("shop_at", 12)] {
            let settings = woocommerce::SimulatorSettings {
                seed,
                ..woocommerce::SimulatorSettings::default()
            };
            let shop = woocommerce::Simulator::start(settings).await?;
            for (index, article) in articles.iter().enumerate() {
                match index % 5 {
                    0 => shop.add_variation(article.sku.split('-').next().unwrap_or_default(), &article.sku, 3),
                    _ => shop.add_product(&article.sku, 3),
                };
            }
            shops.push(Shop {
                channel,
                vendor: Vendor::WooCommerce(shop),
            });
        }
        let shop = medusa::Simulator::start(medusa::SimulatorSettings::default()).await?;
        let places = LOCATIONS.map(|name| shop.add_location(name));
        for article in &articles {
            let levels: Vec<(String, i64)> = places.iter().map(|place| (place.clone(), 2)).collect();
            shop.add_product(&article.sku, &levels);
        }
        shops.push(Shop {
            channel: "market",
            vendor: Vendor::Medusa(shop),
        });
        for marketplace in with {
            shops.push(marketplace.open(&articles).await?);
        }
        let world = Self {
            articles,
            shops,
            cancelled: Mutex::default(),
            received: Mutex::default(),
        };
        world.heal();
        Ok(world)
    }

    /// Nothing goes wrong any more.
    pub fn heal(&self) {
        for shop in &self.shops {
            shop.trouble(Trouble::default());
        }
    }

    /// Closes the shops.
    pub async fn close(&self) {
        for shop in &self.shops {
            shop.close().await;
        }
    }

    /// An order was cancelled.
    pub(super) fn cancel(&self, channel: &'static str, order: String) {
        self.cancelled
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert((channel, order));
    }

    /// Goods arrived.
    pub(super) fn receive(&self, sku: &str, units: i64) {
        *self
            .received
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .entry(sku.to_owned())
            .or_default() += units;
    }

    /// Cancelled orders, by channel and id.
    pub(super) fn cancelled(&self) -> BTreeSet<(&'static str, String)> {
        self.cancelled.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// All sales with their channels; cancelled ones are left out.
    pub(super) fn sales(&self) -> Vec<(&'static str, Sold)> {
        let cancelled = self.cancelled();
        let all = self
            .shops
            .iter()
            .flat_map(|shop| shop.sales().into_iter().map(|sold| (shop.channel, sold)));
        all.filter(|(channel, sold)| !cancelled.contains(&(*channel, sold.order.clone())))
            .collect()
    }

    /// Units of every SKU that are there and not sold; negative: oversold.
    pub(super) fn left(&self) -> BTreeMap<String, i64> {
        let mut left: BTreeMap<String, i64> = self
            .articles
            .iter()
            .map(|article| (article.sku.clone(), article.stock.iter().sum()))
            .collect();
        for (sku, units) in self.received.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            *left.entry(sku.clone()).or_default() += units;
        }
        for (_, sold) in self.sales() {
            *left.entry(sold.sku).or_default() -= sold.units;
        }
        left
    }

    /// What a channel should show of so many units.
    pub(super) fn should(left: i64) -> i64 {
        (left - SAFETY_STOCK).clamp(0, MAX_SHOWN)
    }

    /// Listings that show something else than they should: channel, SKU, shown, should.
    pub fn differing(&self) -> Vec<(&'static str, String, Option<i64>, i64)> {
        let left = self.left();
        let mut differing = Vec::new();
        for shop in &self.shops {
            for (sku, left) in &left {
                let (shown, should) = (shop.shown(sku), Self::should(*left));
                if shown != Some(should) {
                    differing.push((shop.channel, sku.clone(), shown, should));
                }
            }
        }
        differing
    }

    /// Waits until every channel shows what it should; how long that took, `None` when it did not come.
    pub async fn settled(&self, within: Duration) -> Option<Duration> {
        let begun = tokio::time::Instant::now();
        while begun.elapsed() < within {
            if self.differing().is_empty() {
                return Some(begun.elapsed());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        None
    }
}

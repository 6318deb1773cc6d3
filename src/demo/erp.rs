//! The simulated ERP: imports orders late, lowers its stock, and drops an order list and a stock
//! file as such systems do: semicolons, decimal commas, Windows-1252, renamed when whole.

use super::world::{LOCATIONS, World};
use omnistock_words::Millis;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Between an order and its import.
const IMPORT_LAG: i64 = 1_500;
/// Between two exports.
const EXPORT_EVERY: Duration = Duration::from_secs(2);

/// How long an order stays on the list after its import, milliseconds: such lists name recent orders.
const LISTED: i64 = 20_000;

/// One imported order line, and where its units were taken.
struct Imported {
    at: Millis,
    units: i64,
    sku: String,
    taken: [i64; 2],
}

/// The ERP's books.
pub struct Erp {
    folder: PathBuf,
    world: Arc<World>,
    stock: BTreeMap<String, [i64; 2]>,
    titles: BTreeMap<String, String>,
    orders: BTreeMap<(&'static str, String, String), Imported>,
    ended: BTreeSet<(&'static str, String, String)>,
    exports: u64,
}

impl Erp {
    /// An ERP that drops its files into `folder`; the first export is made at once.
    pub fn new(folder: PathBuf, world: Arc<World>) -> std::io::Result<Self> {
        std::fs::create_dir_all(&folder)?;
        let stock = world
            .articles
            .iter()
            .map(|article| (article.sku.clone(), article.stock))
            .collect();
        let titles = world
            .articles
            .iter()
            .map(|article| (article.sku.clone(), article.title.clone()))
            .collect();
        let (orders, ended) = (BTreeMap::new(), BTreeSet::new());
        let mut erp = Self {
            folder,
            world,
            stock,
            titles,
            orders,
            ended,
            exports: 0,
        };
        erp.export()?;
        Ok(erp)
    }

    /// Works until `stop`.
    pub async fn run(mut self, stop: CancellationToken) {
        loop {
            tokio::select! {
                () = stop.cancelled() => break,
                () = tokio::time::sleep(EXPORT_EVERY) => {}
            }
            self.import();
            if self.exports % 4 == 2 {
                self.goods_receipt();
            }
            if let Err(error) = self.export() {
                tracing::error!("the simulated ERP can't write its files: {error}");
            }
        }
    }

    /// Takes over orders that are old enough, and gives back what was cancelled.
    fn import(&mut self) {
        let (now, cancelled) = (omnistock_sdk::now(), self.world.cancelled());
        for (channel, sold) in self.world.sales() {
            let key = (channel, sold.order, sold.line);
            if now.since(sold.at) < IMPORT_LAG || self.orders.contains_key(&key) || self.ended.contains(&key) {
                continue;
            }
            let taken = self.take(&sold.sku, sold.units);
            self.orders.insert(
                key,
                Imported {
                    at: now,
                    units: sold.units,
                    sku: sold.sku,
                    taken,
                },
            );
        }
        let gone: Vec<_> = self
            .orders
            .keys()
            .filter(|(channel, order, _)| cancelled.contains(&(*channel, order.clone())))
            .cloned()
            .collect();
        for key in gone {
            if let Some(imported) = self.orders.remove(&key) {
                let stock = self.stock.entry(imported.sku).or_default();
                stock
                    .iter_mut()
                    .zip(imported.taken)
                    .for_each(|(place, units)| *place += units);
                self.ended.insert(key);
            }
        }
    }

    /// From the first place as far as it goes, the rest from the second.
    fn take(&mut self, sku: &str, units: i64) -> [i64; 2] {
        let stock = self.stock.entry(sku.to_owned()).or_default();
        let first = units.min(stock[0].max(0));
        let taken = [first, units - first];
        stock.iter_mut().zip(taken).for_each(|(place, units)| *place -= units);
        taken
    }

    /// Twenty units of an article that had run low.
    fn goods_receipt(&mut self) {
        let low = self.stock.iter().filter(|(_, stock)| stock.iter().sum::<i64>() > 40);
        if let Some(sku) = low.map(|(sku, _)| sku.clone()).nth((self.exports % 50) as usize)
            && let Some(stock) = self.stock.get_mut(&sku)
        {
            stock[0] += 20;
            self.world.receive(&sku, 20);
        }
    }

    /// The order list first: what it names is in the figures that follow.
    fn export(&mut self) -> std::io::Result<()> {
        self.exports += 1;
        let mut orders = vec!["Kanal;Auftrag;Pos;Menge\r\n".to_owned()];
        let now = omnistock_sdk::now();
        for ((channel, order, line), imported) in &self.orders {
            if now.since(imported.at) > LISTED {
                continue;
            }
            orders.push(format!("{channel};{order};{line};{},00\r\n", imported.units));
        }
        drop_file(
            &self.folder,
            &format!("orders-{:05}.csv", self.exports),
            &orders.concat(),
        )?;
        let mut stock = vec!["Artikelnummer;Bezeichnung;Lager;Bestand\r\n".to_owned()];
        for (sku, places) in &self.stock {
            let title = self.titles.get(sku).map(String::as_str).unwrap_or_default();
            for (location, units) in LOCATIONS.iter().zip(places) {
                stock.push(format!("{sku};{title};{location};{units},0\r\n"));
            }
        }
        drop_file(&self.folder, &format!("stock-{:05}.csv", self.exports), &stock.concat())
    }
}

/// Written under another name, then renamed: nobody sees half a file.
fn drop_file(folder: &Path, name: &str, text: &str) -> std::io::Result<()> {
    let bytes: Vec<u8> = text
        .chars()
        .map(|c| u8::try_from(u32::from(c)).unwrap_or(b'?'))
        .collect();
    let part = folder.join(format!("{name}.part"));
    std::fs::write(&part, bytes)?;
    std::fs::rename(part, folder.join(name))
}

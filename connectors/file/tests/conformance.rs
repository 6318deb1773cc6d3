//! The conformance suite against a folder with files, and against one file that is written.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use async_trait::async_trait;
use omnistock_conformance::{Access, Applies, Fake, Fault, Figure, NotApplicable, price};
use omnistock_file::SPEC;
use omnistock_sdk::{
    ArticleRole, ChannelRole, Connector, ConnectorContext, ConnectorError, ListingReference, Manifest, PriceRole,
    StockSource,
};
use omnistock_words::{Basis, Currency, ListingId, Money, Price, Quantity, Sku};
use serde_json::json;
use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

const HEADER: &str = "sku,quantity,price,currency\n";
const NO_SERVER: NotApplicable = NotApplicable("a folder has no credentials and no answers");

struct Folder {
    root: tempfile::TempDir,
    delivered: AtomicUsize,
    /// Articles that the channel was told of: what the daemon knows.
    articles: Arc<Mutex<BTreeSet<Sku>>>,
}

/// The two connectors that a person configures of this kind, seen as one: one reads files, one writes a file.
struct Both {
    source: Arc<dyn Connector>,
    export: Arc<dyn Connector>,
    articles: Arc<Mutex<BTreeSet<Sku>>>,
}

#[async_trait]
impl Connector for Both {
    fn manifest(&self) -> &Manifest {
        self.export.manifest()
    }

    fn stock(&self) -> Option<&dyn StockSource> {
        self.source.stock()
    }

    fn channel(&self) -> Option<&dyn ChannelRole> {
        self.export.channel().map(|_| -> &dyn ChannelRole { self })
    }

    fn articles(&self) -> Option<&dyn ArticleRole> {
        self.export.articles()
    }

    fn prices(&self) -> Option<&dyn PriceRole> {
        self.export.prices()
    }

    async fn check(&self) -> Result<(), ConnectorError> {
        self.source.check().await?;
        self.export.check().await
    }
}

/// The channel as its worker uses it: told of the articles before each catalogue.
#[async_trait]
impl ChannelRole for Both {
    async fn catalogue(
        &self,
        cursor: Option<&omnistock_sdk::Cursor>,
    ) -> Result<omnistock_sdk::ListingPage, ConnectorError> {
        let told: Vec<Sku> = self.articles.lock().unwrap().iter().cloned().collect();
        self.export.articles().unwrap().carry(&told).await?;
        self.export.channel().unwrap().catalogue(cursor).await
    }

    async fn read(&self, listings: &[ListingReference]) -> Result<Vec<omnistock_sdk::ListingReading>, ConnectorError> {
        self.export.channel().unwrap().read(listings).await
    }

    async fn write(
        &self,
        items: &[omnistock_sdk::WriteItem],
    ) -> Result<Vec<omnistock_sdk::ItemOutcome>, ConnectorError> {
        self.export.channel().unwrap().write(items).await
    }
}

impl Folder {
    /// Under another name first, then renamed, as the README says.
    fn deliver(&self, text: &str) {
        let number = self.delivered.fetch_add(1, Ordering::Relaxed);
        let hidden = self.root.path().join(format!(".stock-{number}.csv"));
        fs::write(&hidden, text).unwrap();
        fs::rename(hidden, self.root.path().join(format!("stock-{number}.csv"))).unwrap();
    }

    fn export(&self) -> PathBuf {
        self.root.path().join("export.csv")
    }

    /// The rows of the export as anybody reads them.
    fn rows(&self) -> Vec<[String; 4]> {
        let Ok(bytes) = fs::read(self.export()) else {
            return Vec::new();
        };
        let mut reader = csv::ReaderBuilder::new().from_reader(bytes.as_slice());
        let rows = reader.records().map(|row| row.unwrap());
        rows.map(|row| [0, 1, 2, 3].map(|cell| row[cell].to_owned())).collect()
    }

    /// As a person sets a number in an editor.
    fn edit(&self, sku: &str, units: i64) {
        let known = self.rows().into_iter().find(|row| row[0] == sku);
        let mut row = known.unwrap_or_else(|| [sku, "", "", ""].map(str::to_owned));
        row[1] = units.to_string();
        self.put(row);
    }

    /// In the place of the article's row.
    fn put(&self, row: [String; 4]) {
        let mut rows: Vec<_> = self.rows().into_iter().filter(|other| other[0] != row[0]).collect();
        rows.push(row);
        let mut writer = csv::WriterBuilder::new()
            .terminator(csv::Terminator::Any(b'\n'))
            .from_writer(Vec::new());
        for row in rows {
            writer.write_record(&row).unwrap();
        }
        let rows = String::from_utf8(writer.into_inner().unwrap()).unwrap();
        let hidden = self.root.path().join(".edit");
        fs::write(&hidden, format!("{HEADER}{rows}")).unwrap();
        fs::rename(hidden, self.export()).unwrap();
    }

    fn context(&self, basis: Option<Basis>) -> ConnectorContext {
        ConnectorContext {
            basis,
            folder: self.root.path().to_owned(),
            ..omnistock_sdk::testing::context("erp", &[("berlin", ""), ("hamburg", "")])
        }
    }
}

#[async_trait]
impl Fake for Folder {
    async fn start() -> Self {
        Self {
            root: tempfile::tempdir().unwrap(),
            delivered: AtomicUsize::new(0),
            articles: Arc::default(),
        }
    }

    fn connector(&self, access: Access) -> Applies<Arc<dyn Connector>> {
        let path = match access {
            Access::Good => "export.csv",
            Access::WrongAddress => "nowhere/export.csv",
            Access::WrongSecret | Access::ReadOnly | Access::Impatient => return Err(NO_SERVER),
        };
        let build =
            |basis, table| (SPEC.build)(self.context(basis), table).unwrap_or_else(|problems| panic!("{problems:?}"));
        let columns = json!({"sku": "sku", "quantity": "quantity", "location": "location"});
        Ok(Arc::new(Both {
            source: build(
                Some(Basis::Physical),
                json!({"path": "stock-*.csv", "columns": columns}),
            ),
            export: build(None, json!({"path": path})),
            articles: Arc::clone(&self.articles),
        }))
    }

    fn secrets(&self) -> Vec<String> {
        Vec::new()
    }

    async fn fault(&self, _: Fault) -> Applies<()> {
        Err(NO_SERVER)
    }

    async fn heal(&self) {}

    fn add(&self, sku: &str, units: i64) -> Applies<()> {
        if sku.is_empty() {
            return Err(NotApplicable("a row is named by its article"));
        }
        if units > 1_000_000_000_000 {
            return Err(NotApplicable("the file holds what we write, and that is never so much"));
        }
        self.articles.lock().unwrap().insert(Sku::new(sku).unwrap());
        self.edit(sku, units);
        Ok(())
    }

    fn add_unmanaged(&self, _: &str) -> Applies<()> {
        Err(NotApplicable("each row has a number"))
    }

    fn remove(&self, _: &str) -> Applies<()> {
        Err(NotApplicable("articles that a source has reported stay listed"))
    }

    fn nobody(&self) -> ListingReference {
        ListingReference::plain(ListingId::new("nobody").unwrap())
    }

    fn set_stock(&self, sku: &str, units: i64) -> Applies<()> {
        self.edit(sku, units);
        Ok(())
    }

    fn shown(&self, sku: &str) -> i64 {
        let row = self.rows().into_iter().find(|row| row[0] == sku);
        let quantity: Quantity = row.expect("a row")[1].parse().unwrap();
        quantity.as_whole().expect("whole units")
    }

    fn asked(&self, sku: &str) -> Applies<Option<Price>> {
        let row = self.rows().into_iter().find(|row| row[0] == sku).expect("a row");
        Ok(price(&row[2], &row[3]))
    }

    fn set_price(&self, sku: &str, price: Money) -> Applies<()> {
        let mut row = self.rows().into_iter().find(|row| row[0] == sku).expect("a row");
        (row[2], row[3]) = (price.amount().to_string(), price.currency().to_string());
        self.put(row);
        Ok(())
    }

    fn sells_in_one_currency(&self) -> Applies<()> {
        Err(NotApplicable("each row names its currency"))
    }

    fn sells_in(&self, _: Currency) -> Applies<()> {
        Ok(())
    }

    fn buy(&self, _: &str, _: i64) -> Applies<Option<String>> {
        Err(NotApplicable("nobody buys from a file"))
    }

    async fn report(&self, figures: &[Figure]) -> Applies<()> {
        let mut text = "sku,location,quantity\n".to_owned();
        for figure in figures {
            text.extend([figure.sku, ",", figure.location, ",", figure.quantity, "\n"]);
        }
        self.deliver(&text);
        Ok(())
    }

    async fn report_unreadable(&self) -> Applies<()> {
        self.deliver("<html><body>Service unavailable</body></html>\n");
        Ok(())
    }
}

omnistock_conformance::conformance!(Folder);

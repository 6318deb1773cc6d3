//! What is written, and what others find there.

use crate::SPEC;
use crate::tests::context;
use omnistock_sdk::*;
use omnistock_words::{Money, Price, Quantity, Sku, VendorLocation};
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub(super) fn built(folder: &Path, table: Value) -> Result<Arc<dyn Connector>, Vec<SettingProblem>> {
    let context = ConnectorContext {
        basis: None,
        ..context(folder)
    };
    (SPEC.build)(context, table)
}

pub(super) fn connector(folder: &Path, table: Value) -> Arc<dyn Connector> {
    built(folder, table).unwrap_or_else(|problems| panic!("{problems:?}"))
}

pub(super) struct Rig {
    pub(super) folder: tempfile::TempDir,
    pub(super) connector: Arc<dyn Connector>,
}

impl Rig {
    pub(super) fn new(table: Value) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let connector = connector(folder.path(), table);
        Self { folder, connector }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn text(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    pub(super) fn channel(&self) -> &dyn ChannelRole {
        self.connector.channel().unwrap()
    }

    pub(super) async fn carry(&self, skus: &[&str]) {
        let skus: Vec<Sku> = skus.iter().map(|sku| Sku::new(sku).unwrap()).collect();
        self.connector.articles().unwrap().carry(&skus).await.unwrap();
    }

    /// All listings with what the file says of them.
    pub(super) async fn shown(&self) -> Vec<(String, Option<String>)> {
        let page = self.channel().catalogue(None).await.unwrap();
        let shown = page.listings.into_iter();
        shown
            .map(|one| {
                let key = one.reference.key;
                let place = key.location.map(|code| format!("@{code}")).unwrap_or_default();
                (
                    format!("{}{place}", key.listing),
                    one.quantity.map(|quantity| quantity.to_string()),
                )
            })
            .collect()
    }

    /// Sets numbers of the listings with these names.
    pub(super) async fn write(&self, numbers: &[(&str, &str)]) -> Result<Vec<ItemOutcome>, ConnectorError> {
        let page = self.channel().catalogue(None).await?;
        let item = |(name, quantity): &(&str, &str)| {
            let (sku, place) = name
                .split_once('@')
                .map_or((*name, None), |(sku, place)| (sku, Some(place)));
            let same = |one: &&ListingReading| {
                one.reference.key.listing.as_str() == sku
                    && one.reference.key.location.as_ref().map(VendorLocation::as_str) == place
            };
            WriteItem {
                reference: page.listings.iter().find(same).unwrap().reference.clone(),
                quantity: quantity.parse().unwrap(),
                expected: None,
            }
        };
        let items: Vec<WriteItem> = numbers.iter().map(item).collect();
        self.channel().write(&items).await
    }

    pub(super) async fn price(&self, sku: &str, amount: &str) -> PriceOutcome {
        let page = self.channel().catalogue(None).await.unwrap();
        let same = |one: &ListingReading| one.reference.key.listing.as_str() == sku;
        let item = PriceItem {
            reference: page.listings.into_iter().find(same).unwrap().reference,
            price: Price::plain(eur(amount)),
        };
        self.connector
            .prices()
            .unwrap()
            .write_prices(&[item])
            .await
            .unwrap()
            .remove(0)
    }
}

pub(super) fn eur(amount: &str) -> Money {
    Money::new(amount.parse().unwrap(), "EUR".parse().unwrap()).unwrap()
}

fn some(name: &str, quantity: &str) -> (String, Option<String>) {
    (name.to_owned(), Some(quantity.to_owned()))
}

#[tokio::test]
async fn a_row_stands_for_each_number_that_was_written_and_for_no_other() {
    let rig = Rig::new(json!({"path": "out.csv"}));
    rig.carry(&["B", "A", "C"]).await;
    assert_eq!(
        rig.shown().await,
        [("A", None), ("B", None), ("C", None)].map(|(sku, none)| (sku.to_owned(), none))
    );
    assert!(!rig.path("out.csv").exists(), "nothing is written before it is to be");
    rig.write(&[("B", "2.5"), ("A", "0")]).await.unwrap();
    assert_eq!(rig.text("out.csv"), "sku,quantity,price,currency\nA,0,,\nB,2.5,,\n");
    assert_eq!(
        rig.price("B", "9.9").await,
        PriceOutcome::Applied {
            price: Some(Price::plain(eur("9.90")))
        }
    );
    assert_eq!(
        rig.text("out.csv"),
        "sku,quantity,price,currency\nA,0,,\nB,2.5,9.90,EUR\n"
    );
    let other = connector(rig.folder.path(), json!({"path": "out.csv"}));
    let restarted = Rig {
        folder: rig.folder,
        connector: other,
    };
    assert_eq!(
        restarted.shown().await,
        [some("A", "0"), some("B", "2.5")],
        "as after a restart"
    );
}

#[tokio::test]
async fn a_price_waits_for_the_number_that_its_row_needs() {
    let rig = Rig::new(json!({"path": "out.csv"}));
    rig.carry(&["A"]).await;
    assert!(matches!(rig.price("A", "9.90").await, PriceOutcome::Failed { .. }));
    assert!(!rig.path("out.csv").exists());
    let plain = Rig::new(json!({"path": "out.csv", "prices": false}));
    assert!(plain.connector.prices().is_none());
    plain.carry(&["A"]).await;
    plain.write(&[("A", "1")]).await.unwrap();
    assert_eq!(plain.text("out.csv"), "sku,quantity\nA,1\n");
}

#[tokio::test]
async fn as_a_german_shop_reads_it_with_a_trailer_and_a_row_a_location() {
    let rig = Rig::new(json!({
        "path": "out.csv",
        "locations": ["berlin", "hamburg"],
        "columns": {"sku": "Artikel", "quantity": "Frei", "location": "Lager", "price": "VK", "currency": "Währung"},
        "format": {"delimiter": ";", "decimal": ",", "encoding": "windows-1252", "trailer": "ENDE;{rows};{sum}"},
    }));
    rig.carry(&["Größe;4"]).await;
    rig.write(&[("Größe;4@B/01", "1.5"), ("Größe;4@hamburg", "7")])
        .await
        .unwrap();
    rig.price("Größe;4", "1234.5").await;
    let bytes = fs::read(rig.path("out.csv")).unwrap();
    let (text, _, _) = encoding_rs::WINDOWS_1252.decode(&bytes);
    let rows = "\"Größe;4\";B/01;1,5;1234,50;EUR\n\"Größe;4\";hamburg;7;1234,50;EUR\n";
    assert_eq!(text, format!("Artikel;Lager;Frei;VK;Währung\n{rows}ENDE;2;8,5\n"));
    assert_eq!(
        rig.shown().await,
        [some("Größe;4@B/01", "1.5"), some("Größe;4@hamburg", "7")]
    );
    let odd = Rig::new(json!({"path": "out.csv", "format": {"encoding": "windows-1252"}}));
    odd.carry(&["Ω"]).await;
    let outcomes = odd.write(&[("Ω", "1")]).await.unwrap();
    assert!(
        matches!(outcomes.as_slice(), [ItemOutcome::Rejected { .. }]),
        "{outcomes:?}"
    );
}

#[tokio::test]
async fn json_lines_end_with_what_they_claim() {
    let table = json!({"path": "out.jsonl", "format": {"count": "rows", "sum": "total"}});
    let rig = Rig::new(table);
    rig.carry(&["A \"b\"", "C"]).await;
    rig.write(&[("A \"b\"", "1.25"), ("C", "2")]).await.unwrap();
    rig.price("C", "5").await;
    let expected = "{\"sku\":\"A \\\"b\\\"\",\"quantity\":1.25}\n\
                    {\"sku\":\"C\",\"quantity\":2,\"price\":5.00,\"currency\":\"EUR\"}\n\
                    {\"rows\":2,\"total\":3.25}\n";
    assert_eq!(rig.text("out.jsonl"), expected);
    assert_eq!(rig.shown().await, [some("A \"b\"", "1.25"), some("C", "2")]);
    let cut = expected.strip_suffix("5}\n").unwrap();
    fs::write(rig.path("out.jsonl"), cut).unwrap();
    let error = rig.channel().catalogue(None).await.unwrap_err();
    assert_eq!(error.class, ErrorClass::Operator, "{error}");
}

#[tokio::test]
async fn a_file_that_was_taken_away_shows_nothing_and_is_written_whole_again() {
    let rig = Rig::new(json!({"path": "out.csv"}));
    rig.carry(&["A", "B"]).await;
    rig.write(&[("A", "1"), ("B", "2")]).await.unwrap();
    fs::remove_file(rig.path("out.csv")).unwrap();
    assert!(rig.shown().await.iter().all(|(_, shown)| shown.is_none()));
    rig.write(&[("A", "1"), ("B", "2")]).await.unwrap();
    assert_eq!(rig.text("out.csv"), "sku,quantity,price,currency\nA,1,,\nB,2,,\n");
    fs::write(rig.path("out.csv"), "sku,quantity,price,currency\nA,9,,\nB,2,,\n").unwrap();
    assert_eq!(
        rig.shown().await,
        [some("A", "9"), some("B", "2")],
        "a person's change is read"
    );
}

#[tokio::test]
async fn others_may_read_it_and_rights_that_it_was_given_stay() {
    use std::os::unix::fs::PermissionsExt;
    let rig = Rig::new(json!({"path": "out.csv"}));
    rig.carry(&["A"]).await;
    let mode = || std::fs::metadata(rig.path("out.csv")).unwrap().permissions().mode() & 0o777;
    rig.write(&[("A", "1")]).await.unwrap();
    assert_eq!(mode(), 0o644);
    std::fs::set_permissions(rig.path("out.csv"), std::fs::Permissions::from_mode(0o664)).unwrap();
    rig.write(&[("A", "2")]).await.unwrap();
    assert_eq!(mode(), 0o664);
}

#[tokio::test]
async fn what_is_not_ours_is_never_replaced() {
    let stock = "Artikelnummer;Lager;Bestand\nA-1;B/01;12\n";
    let rig = Rig::new(json!({"path": "stock.csv"}));
    fs::write(rig.path("stock.csv"), stock).unwrap();
    rig.carry(&["A"]).await;
    let skus = [ListingReference::plain(omnistock_words::ListingId::new("A").unwrap())];
    let item = WriteItem {
        reference: skus[0].clone(),
        quantity: Quantity::ONE,
        expected: None,
    };
    for error in [
        rig.connector.check().await.unwrap_err(),
        rig.channel().write(&[item]).await.unwrap_err(),
        rig.channel().read(&skus).await.unwrap_err(),
    ] {
        assert_eq!(error.class, ErrorClass::Operator);
        assert!(
            error
                .message
                .contains("is not replaced: move it away, or correct `path`"),
            "{error}"
        );
        assert!(error.message.contains("stock.csv:1:1"), "{error}");
    }
    assert_eq!(rig.text("stock.csv"), stock);
}

#[tokio::test]
async fn a_wrong_place_is_named_by_the_check_and_by_each_call() {
    let rig = Rig::new(json!({"path": "there/out.csv"}));
    rig.carry(&["A"]).await;
    let said = async || {
        let error = rig.connector.check().await.unwrap_err();
        let call = rig.channel().catalogue(None).await.unwrap_err();
        assert_eq!(
            (&error.class, &call.class),
            (&ErrorClass::Operator, &ErrorClass::Operator)
        );
        assert!(call.message.contains("`path`"), "{call}");
        error.message
    };
    assert!(
        said()
            .await
            .contains("there does not exist: create it, or correct `path`")
    );
    fs::write(rig.path("there"), "").unwrap();
    assert!(said().await.contains("there is no folder: correct `path`"));
    fs::remove_file(rig.path("there")).unwrap();
    fs::create_dir_all(rig.path("there/out.csv")).unwrap();
    assert!(said().await.contains("is no plain file: remove it, or correct `path`"));
    fs::remove_dir(rig.path("there/out.csv")).unwrap();
    rig.connector.check().await.unwrap();
    assert_eq!(
        fs::read_dir(rig.path("there")).unwrap().count(),
        0,
        "a check leaves nothing behind"
    );
}

#[tokio::test]
async fn a_crash_between_writing_and_renaming_leaves_the_old_file_and_harms_nothing() {
    let rig = Rig::new(json!({"path": "out.csv"}));
    rig.carry(&["A"]).await;
    rig.write(&[("A", "1")]).await.unwrap();
    fs::write(rig.path(".out.csv.tmp"), "sku,quan").unwrap();
    assert_eq!(rig.shown().await, [some("A", "1")]);
    rig.write(&[("A", "2")]).await.unwrap();
    assert_eq!(rig.text("out.csv"), "sku,quantity,price,currency\nA,2,,\n");
    assert!(!rig.path(".out.csv.tmp").exists());
}

#[tokio::test]
async fn a_reader_finds_the_old_file_or_the_new_one_and_no_part() {
    let rig = Arc::new(Rig::new(
        json!({"path": "out.csv", "format": {"trailer": "EOF,{rows},{sum},"}}),
    ));
    let names: Vec<String> = (0..200).map(|number| format!("SKU-{number}")).collect();
    rig.carry(&names.iter().map(String::as_str).collect::<Vec<_>>()).await;
    let all = |number: &'static str| names.iter().map(|name| (name.as_str(), number)).collect::<Vec<_>>();
    rig.write(&all("0")).await.unwrap();
    let path = rig.path("out.csv");
    let reader = tokio::task::spawn_blocking(move || {
        for _ in 0..300 {
            let text = fs::read_to_string(&path).unwrap();
            let one = text.lines().nth(1).unwrap().split(',').nth(1).unwrap().to_owned();
            let sum = one.parse::<u64>().unwrap() * 200;
            assert!(text.ends_with(&format!("\nEOF,200,{sum},\n")), "{text}");
        }
    });
    for number in ["1", "2", "3", "4", "5"].repeat(8) {
        rig.write(&all(number)).await.unwrap();
    }
    reader.await.unwrap();
}

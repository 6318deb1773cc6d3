//! What is wrong with settings is told at once; what is written can be read.

use super::tests::{Rig, built, connector, eur};
use omnistock_words::{Price, Quantity, Sku};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::path::Path;

#[test]
fn everything_wrong_with_the_settings_is_told_in_one_go() {
    let keys = |table: Value| {
        let problems = built(Path::new("/out"), table).err().unwrap_or_default();
        problems.into_iter().map(|problem| problem.key).collect::<Vec<_>>()
    };
    assert_eq!(
        keys(json!({
            "path": "stock-*.csv",
            "locations": ["berlin", "nowhere", "berlin"],
            "prices": false,
            "columns": {"sku": "a", "quantity": "a", "price": "p"},
            "format": {"encoding": "utf-16", "grouping": "'"},
        })),
        [
            "path",
            "format.encoding",
            "format.grouping",
            "locations[1]",
            "locations[2]",
            "columns.price",
            "columns"
        ]
    );
    assert_eq!(
        keys(json!({"path": "out.xml", "format": {"rows": "a/b"}})),
        ["format.kind"]
    );
    assert_eq!(keys(json!({"path": "out.csv.gz"})), ["format.compression"]);
    let same = json!({"path": "out.csv", "format": {"decimal": ",", "quote": ""}});
    assert_eq!(keys(same), ["format.decimal"], "1,5 would be two cells");
    assert_eq!(
        keys(json!({"path": "out.csv", "columns": {"location": "l"}})),
        ["columns.location"]
    );
    assert_eq!(keys(json!({"path": "o.jsonl", "columns": {"sku": "a.b"}})), ["columns"]);
    assert_eq!(
        keys(json!({"path": "o.jsonl", "format": {"count": "meta.rows"}})),
        ["format.count"]
    );
    assert_eq!(keys(json!({})), ["path"]);
    let source = built(Path::new("/out"), json!({"path": "s.csv", "bad_rows": "refuse"}))
        .err()
        .unwrap();
    assert!(
        source[0].help.as_deref().unwrap().contains("state its `basis`"),
        "{source:?}"
    );
}

fn sku() -> impl Strategy<Value = String> {
    "[A-Za-z0-9;,\"' .ÄΩ/-]{1,12}".prop_filter("an article number", |text| {
        Sku::new(text).is_ok() && !text.trim().is_empty()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_is_written_is_read(
        numbers in prop::collection::btree_map(sku(), (0_i64..5_000_000_000, any::<bool>()), 1..12),
        lines in any::<bool>(),
        comma in any::<bool>(),
    ) {
        let name = if lines { "out.jsonl" } else { "out.csv" };
        let format = match (lines, comma) {
            (true, _) => json!({"count": "n", "sum": "s"}),
            (false, true) => json!({"decimal": ",", "delimiter": ";", "trailer": "E;{rows};{sum};"}),
            (false, false) => json!({"trailer": "E,{rows},{sum},x"}),
        };
        let table = json!({"path": name, "format": format});
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let rig = Rig::new(table.clone());
            rig.carry(&numbers.keys().map(String::as_str).collect::<Vec<_>>()).await;
            let texts: Vec<(String, String)> = numbers.iter()
                .map(|(sku, (millionths, _))| (sku.clone(), Quantity::of_millionths(*millionths).to_string()))
                .collect();
            let pairs: Vec<(&str, &str)> = texts.iter().map(|(sku, text)| (sku.as_str(), text.as_str())).collect();
            // Names with an @ mean places in this rig.
            rig.write(&pairs).await.unwrap();
            for (sku, (_, priced)) in &numbers {
                if *priced {
                    rig.price(sku, "1234.5").await;
                }
            }
            let restarted = connector(rig.folder.path(), table);
            let again = Rig { connector: restarted, ..rig };
            let wanted: Vec<_> = texts.iter().map(|(sku, text)| (sku.clone(), Some(text.clone()))).collect();
            assert_eq!(again.shown().await, wanted);
            let page = again.connector.prices().unwrap().priced_page(None).await.unwrap();
            for reading in page.prices {
                let priced = numbers[reading.key.listing.as_str()].1;
                assert_eq!(reading.prices, if priced { vec![Price::plain(eur("1234.50"))] } else { vec![] });
            }
        });
    }
}

//! Hostile JSON Lines.

use super::*;

const NAME: &str = "stock-1.jsonl";

pub(super) fn cases() -> Vec<Case> {
    let usual = || plain("stock-*.jsonl", json!({}));
    let counted = || {
        plain(
            "stock-*.jsonl",
            json!({ "format": { "count": "end.rows", "sum": "end.sum" } }),
        )
    };
    let row = |sku: &str, quantity: &str| format!("{{\"sku\":\"{sku}\",\"place\":\"B/01\",\"qty\":{quantity}}}\n");
    let two = || row("A", "1") + &row("B", "2.5");
    vec![
        case("lines of JSON cut at any byte", NAME, usual(), two(), CutBetweenRows),
        case(
            "lines of JSON with a trailer, cut at any byte",
            NAME,
            counted(),
            two() + "{\"end\":{\"rows\":2,\"sum\":3.5}}\n",
            CutAnywhere,
        ),
        case(
            "a line that is no JSON",
            NAME,
            usual(),
            row("A", "1") + "Warning: disk full\n",
            Refused("stock-1.jsonl:2:1: is not valid JSON: expected value"),
        ),
        case(
            "a line that ends within a value",
            NAME,
            usual(),
            row("A", "1") + "{\"sku\":\"B\",\n" + &row("C", "1"),
            Refused("stock-1.jsonl:2:12: the line ends too early: EOF while parsing an object"),
        ),
        case(
            "two objects in one line",
            NAME,
            usual(),
            row("A", "1").replace('\n', " ") + &row("B", "1"),
            Refused("stock-1.jsonl:1:36: is not valid JSON: trailing characters"),
        ),
        case(
            "a line twice",
            NAME,
            usual(),
            row("A", "1") + &row("B", "2") + &row("A", "1"),
            Refused(
                "stock-1.jsonl:3:8: sku \"A\" at berlin already stands in line 1; duplicates = \"sum\" would add such rows up",
            ),
        ),
        case(
            "a trailer in the middle of the lines",
            NAME,
            counted(),
            row("A", "1") + "{\"end\":{\"rows\":1,\"sum\":1}}\n" + &row("B", "1"),
            Refused(
                "stock-1.jsonl:3:1: the last line is not the trailer: no \"end\" of format.count = \"end.rows\": there is \"sku\", \"place\", \"qty\"",
            ),
        ),
        case(
            "nothing but blank lines",
            NAME,
            usual(),
            "\n\n",
            Refused("stock-1.jsonl:1:1: no rows: a failed export, not an empty shop"),
        ),
    ]
}

//! Hostile JSON.
#![allow(clippy::too_many_lines, reason = "a table of cases")]

use super::*;

const NAME: &str = "stock-1.json";

pub(super) fn cases() -> Vec<Case> {
    let usual = || plain("stock-*.json", json!({}));
    let set = |format: Value| plain("stock-*.json", json!({ "format": format }));
    let one = |fields: &str| format!("[\n  {{\"sku\": \"A\", \"place\": \"B/01\", {fields}}}\n]");
    let deep = |signs: &str| {
        format!(
            "[{{\"sku\":\"A\",\"place\":\"B/01\",\"qty\":1,\"x\":{}",
            signs.repeat(100_000)
        )
    };
    let counted = json!({ "rows": "rows", "count": "meta.count", "sum": "meta.sum" });
    vec![
        case(
            "a JSON file cut at any byte",
            NAME,
            usual(),
            one("\"qty\": 12.5, \"name\": \"Stück \\\"ü\\\"\""),
            CutAnywhere,
        ),
        case(
            "a JSON file with a count, cut at any byte",
            NAME,
            set(counted.clone()),
            "{\"rows\": [{\"sku\":\"A\",\"place\":\"B/01\",\"qty\":1.5}], \"meta\": {\"count\": 1, \"sum\": \"1.5\"}}",
            CutAnywhere,
        ),
        case(
            "an error message in place of the list",
            NAME,
            usual(),
            "{\"error\": \"session expired\"}",
            Refused("stock-1.json:1:1: the document is no list of rows: look at what wrote it"),
        ),
        case(
            "an error message in place of the named list",
            NAME,
            set(json!({ "rows": "data.rows" })),
            "{\"error\": \"session expired\"}",
            Refused("stock-1.json:1:1: no \"data\" of format.rows = \"data.rows\": there is \"error\""),
        ),
        case(
            "a login page in place of JSON",
            NAME,
            usual(),
            "<html><form action=\"/login\"></form></html>",
            Refused("stock-1.json:1:1: begins with \"<\": this is a web page or XML, not JSON; look at what wrote it"),
        ),
        case(
            "an empty list",
            NAME,
            usual(),
            "[]",
            Refused("stock-1.json:1:1: no rows: a failed export, not an empty shop"),
        ),
        case(
            "two documents in one file",
            NAME,
            usual(),
            "[{\"sku\":\"A\",\"place\":\"B/01\",\"qty\":1}]\n[]",
            Refused("stock-1.json:2:1: is not valid JSON: trailing characters"),
        ),
        case(
            "a key that stands twice",
            NAME,
            usual(),
            one("\"qty\": 1, \"qty\": 100"),
            Refused("stock-1.json:2:50: row 1: \"qty\" stands twice in this row"),
        ),
        case(
            "every object twice",
            NAME,
            usual(),
            "[{\"sku\":\"A\",\"place\":\"B/01\",\"qty\":1},\n{\"sku\":\"A\",\"place\":\"B/01\",\"qty\":1}]",
            Refused(
                "stock-1.json:2:8: row 2: sku \"A\" at berlin already stands at 1:2; duplicates = \"sum\" would add such rows up",
            ),
        ),
        case(
            "100,000 lists within each other",
            NAME,
            usual(),
            deep("["),
            Refused("stock-1.json:1:102: more than 64 lists and objects within each other"),
        ),
        case(
            "100,000 objects within each other",
            NAME,
            usual(),
            deep("{\"x\":"),
            Refused("stock-1.json:1:350: more than 64 lists and objects within each other"),
        ),
        case(
            "NaN in JSON",
            NAME,
            usual(),
            one("\"qty\": NaN"),
            Refused("stock-1.json:2:40: is not valid JSON: expected value"),
        ),
        case(
            "Infinity in JSON",
            NAME,
            usual(),
            one("\"qty\": -Infinity"),
            Refused("stock-1.json:2:41: is not valid JSON: invalid number"),
        ),
        case(
            "1e400 in JSON",
            NAME,
            usual(),
            one("\"qty\": 1e400"),
            Refused(
                "stock-1.json:2:40: row 1: quantity \"1e400\" is written with an exponent: export the column as plain digits",
            ),
        ),
        case(
            "1E+2 in JSON",
            NAME,
            usual(),
            one("\"qty\": 1E+2"),
            Refused(
                "stock-1.json:2:40: row 1: quantity \"1E+2\" is written with an exponent: export the column as plain digits",
            ),
        ),
        case(
            "negative zero in JSON",
            NAME,
            usual(),
            one("\"qty\": -0"),
            Read("A@berlin=0"),
        ),
        case(
            "a number of more digits than a float has",
            NAME,
            usual(),
            one("\"qty\": 900000000000.123456"),
            Read("A@berlin=900000000000.123456"),
        ),
        case(
            "what a float makes of 0.1 + 0.2",
            NAME,
            usual(),
            one("\"qty\": 0.30000000000000004"),
            Refused(
                "stock-1.json:2:40: row 1: quantity \"0.30000000000000004\" is outside ±1000000000000 or with more than six decimals",
            ),
        ),
        case(
            "a number as text in another convention",
            NAME,
            usual(),
            one("\"qty\": \"1.234,50\""),
            Refused(
                "stock-1.json:2:40: row 1: quantity \"1.234,50\" is ambiguous: \",\" is not the decimal sign (\".\"), and format.grouping does not name it",
            ),
        ),
        case(
            "a JSON number where texts have a decimal comma",
            NAME,
            set(json!({ "decimal": ",", "grouping": "." })),
            one("\"qty\": 1.234"),
            Read("A@berlin=1.234"),
        ),
        case(
            "a text in a decimal comma's convention",
            NAME,
            set(json!({ "decimal": ",", "grouping": "." })),
            one("\"qty\": \"1.234\""),
            Read("A@berlin=1234"),
        ),
        case(
            "a number with a leading zero",
            NAME,
            usual(),
            one("\"qty\": 007"),
            Refused("stock-1.json:2:41: is not valid JSON: invalid number"),
        ),
        case(
            "a quantity that is null",
            NAME,
            usual(),
            one("\"qty\": null"),
            Refused("stock-1.json:2:40: row 1: quantity is blank"),
        ),
        case(
            "a quantity that is true",
            NAME,
            usual(),
            one("\"qty\": true"),
            Refused("stock-1.json:2:40: row 1: quantity \"true\" is not a number (decimal sign is \".\")"),
        ),
        case(
            "a quantity that is a list",
            NAME,
            usual(),
            one("\"qty\": [1, 2]"),
            Refused("stock-1.json:2:40: row 1: quantity \"[1, 2]\" is not a number (decimal sign is \".\")"),
        ),
        case(
            "a row without a quantity",
            NAME,
            usual(),
            one("\"quantity\": 1"),
            Refused("stock-1.json:2:3: row 1: quantity is blank: the row has no \"qty\""),
        ),
        case(
            "a row that is no object",
            NAME,
            usual(),
            "[[\"A\", \"B/01\", 1]]",
            Refused("stock-1.json:1:2: row 1: this row is no object"),
        ),
        case(
            "a SKU that became a float",
            NAME,
            usual(),
            "[{\"sku\": 4.00638E12, \"place\": \"B/01\", \"qty\": 1}]",
            Refused(
                "stock-1.json:1:10: row 1: sku \"4.00638E12\" is a number that may have lost signs: export it as text",
            ),
        ),
        case(
            "a SKU that is an object",
            NAME,
            usual(),
            "[{\"sku\": {\"id\": 1}, \"place\": \"B/01\", \"qty\": 1}]",
            Refused("stock-1.json:1:10: row 1: sku \"{\\\"id\\\": 1}\" is neither a text nor a number"),
        ),
        case(
            "half of a surrogate pair",
            NAME,
            usual(),
            "[{\"sku\": \"A\\ud800\", \"place\": \"B/01\", \"qty\": 1}]",
            Refused("stock-1.json:1:2: row 1: is not valid JSON: unexpected end of hex escape"),
        ),
        case(
            "an escaped NUL in a SKU",
            NAME,
            usual(),
            "[{\"sku\": \"A\\u0000\", \"place\": \"B/01\", \"qty\": 1}]",
            Refused(
                "stock-1.json:1:10: row 1: sku \"A\\0\" is not a valid SKU: 1 to 100 characters without control characters",
            ),
        ),
        case(
            "a comment in JSON",
            NAME,
            usual(),
            "[ // stock\n]",
            Refused("stock-1.json:1:3: is not valid JSON: expected value"),
        ),
        case(
            "a comma behind the last row",
            NAME,
            usual(),
            "[{\"sku\":\"A\",\"place\":\"B/01\",\"qty\":1},]",
            Refused("stock-1.json:1:37: is not valid JSON: expected value"),
        ),
        case(
            "JSON in Windows-1252",
            NAME,
            usual(),
            b"[{\"sku\":\"M\xFCller\",\"place\":\"B/01\",\"qty\":1}]".to_vec(),
            Refused("stock-1.json:1:11: byte 0xFC at offset 10 is no character of utf-8: check format.encoding"),
        ),
        case(
            "a count that is higher than the rows",
            NAME,
            set(counted.clone()),
            "{\"meta\": {\"count\": 2, \"sum\": 1}, \"rows\": [{\"sku\":\"A\",\"place\":\"B/01\",\"qty\":1}]}",
            Refused("stock-1.json:1:30: the document says \"2\" rows, the file has 1"),
        ),
        case(
            "a control sum that is another",
            NAME,
            set(counted.clone()),
            "{\"meta\": {\"count\": 1, \"sum\": 7.5}, \"rows\": [{\"sku\":\"A\",\"place\":\"B/01\",\"qty\":1}]}",
            Refused("stock-1.json:1:30: the document says the quantities add up to \"7.5\", they make 1"),
        ),
        case(
            "a list of rows that stands twice",
            NAME,
            set(json!({ "rows": "rows" })),
            "{\"rows\": [], \"rows\": [{\"sku\":\"A\",\"place\":\"B/01\",\"qty\":1}]}",
            Refused("stock-1.json:1:22: \"rows\" stands twice"),
        ),
        case(
            "a price as a float beside its currency",
            NAME,
            plain(
                "stock-*.json",
                json!({ "columns": { "price": "vk", "currency": "cur" }, "price_list": "retail" }),
            ),
            one("\"qty\": 1, \"vk\": 19.900000000000002, \"cur\": \"EUR\""),
            Read("A@berlin=1, retail A 19.900000000000002 EUR"),
        ),
    ]
}

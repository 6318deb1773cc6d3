//! Hostile XML.
#![allow(clippy::too_many_lines, reason = "a table of cases")]

use super::*;

const NAME: &str = "stock-1.xml";

pub(super) fn cases() -> Vec<Case> {
    let set = |format: Value| {
        let mut table = plain("stock-*.xml", json!({ "format": { "rows": "stock/item" } }));
        lay_over(&mut table, json!({ "format": format }));
        table
    };
    let usual = || set(json!({}));
    let many = (0..300).map(|n| format!("a{n}=\"1\" ")).collect::<Vec<_>>().concat();
    let item = "<item><sku>A</sku><place>B/01</place><qty>1</qty></item>";
    let doc = |rows: &str| format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<stock>\n{rows}\n</stock>\n");
    let laughs = {
        let levels: Vec<String> = (1..10)
            .map(|n| format!("<!ENTITY l{n} \"{}\">", format!("&l{};", n - 1).repeat(10)))
            .collect();
        format!(
            "<?xml version=\"1.0\"?>\n<!DOCTYPE stock [<!ENTITY l0 \"ha\">{}]>\n<stock><item><sku>&l9;</sku></item></stock>",
            levels.concat()
        )
    };
    let external = "<?xml version=\"1.0\"?>\n<!DOCTYPE stock [<!ENTITY x SYSTEM \"file:///etc/passwd\">]>\n<stock><item><sku>&x;</sku><place>B/01</place><qty>1</qty></item></stock>";
    vec![
        case(
            "an XML file cut at any byte",
            NAME,
            usual(),
            doc("<item id=\"7\"><sku>A</sku><place>B/01</place><qty>1</qty><t><![CDATA[a<b]]></t><!-- x --></item>")
                .trim_end(),
            CutAnywhere,
        ),
        case(
            "an XML file with a count, cut at any byte",
            NAME,
            set(json!({ "count": "stock/@rows", "sum": "stock/sum" })),
            format!("<stock rows=\"1\">{item}<sum>1.0</sum></stock>"),
            CutAnywhere,
        ),
        case(
            "ten entities of ten entities of ten … (a bomb)",
            NAME,
            usual(),
            laughs,
            Refused(
                "stock-1.xml:2:1: a document type (DOCTYPE) can define entities, so it is never read: export without one",
            ),
        ),
        case(
            "an entity that reads a file of this machine",
            NAME,
            usual(),
            external,
            Refused(
                "stock-1.xml:2:1: a document type (DOCTYPE) can define entities, so it is never read: export without one",
            ),
        ),
        case(
            "a document type from another server",
            NAME,
            usual(),
            "<!DOCTYPE stock SYSTEM \"http://example.test/stock.dtd\"><stock/>",
            Refused(
                "stock-1.xml:1:1: a document type (DOCTYPE) can define entities, so it is never read: export without one",
            ),
        ),
        case(
            "an entity that nobody defined",
            NAME,
            usual(),
            doc("<item><sku>&nbsp;A</sku><place>B/01</place><qty>1</qty></item>"),
            Refused("stock-1.xml:3:12: the entity \"nbsp\" is none of XML's own, and others are never expanded"),
        ),
        case(
            "an entity in an attribute that nobody defined",
            NAME,
            usual(),
            doc("<item n=\"&x;\"><sku>A</sku></item>"),
            Refused("stock-1.xml:3:1: is not valid XML: at 1..2: unrecognized entity `x`"),
        ),
        case(
            "XML's own entities",
            NAME,
            usual(),
            doc("<item><sku>&lt;A&#38;&#x42;&gt;</sku><place>B/01</place><qty>1</qty></item>"),
            Read("<A&B>@berlin=1"),
        ),
        case(
            "100,000 elements within each other",
            NAME,
            usual(),
            format!("<stock>{}", "<item>".repeat(100_000)),
            Refused("stock-1.xml:1:386: more than 64 elements within each other"),
        ),
        case(
            "a login page in place of XML",
            NAME,
            usual(),
            "<!DOCTYPE html>\n<html><body>Login</body></html>",
            Refused("stock-1.xml:1:1: this is a web page (a login?), not the XML of an export; look at what wrote it"),
        ),
        case(
            "a page of well-formed HTML in place of XML",
            NAME,
            usual(),
            "<html><body><p>Login</p></body></html>",
            Refused("stock-1.xml:1:1: this is a web page (a login?), not the XML of an export; look at what wrote it"),
        ),
        case(
            "another document of well-formed XML",
            NAME,
            usual(),
            "<fault><code>500</code></fault>",
            Refused("stock-1.xml:1:1: no element \"/stock\", in which rows should stand; there is \"/fault\""),
        ),
        case(
            "a root without rows",
            NAME,
            usual(),
            "<stock></stock>",
            Refused("stock-1.xml:1:1: no rows: a failed export, not an empty shop"),
        ),
        case(
            "an element closed by another's end",
            NAME,
            usual(),
            doc("<item><sku>A</sku><place>B/01</place><qty>1</item></qty>"),
            Refused(
                "stock-1.xml:3:44: is not valid XML: ill-formed document: expected `</qty>`, but `</item>` was found",
            ),
        ),
        case(
            "a second root",
            NAME,
            usual(),
            doc(item) + "<stock/>",
            Refused("stock-1.xml:5:1: a second root element: two documents in one file"),
        ),
        case(
            "text behind the root",
            NAME,
            usual(),
            doc(item) + "Warning: disk full",
            Refused("stock-1.xml:4:9: text outside of the root element"),
        ),
        case(
            "an attribute that stands twice",
            NAME,
            usual(),
            doc("<item a=\"1\" a=\"2\"><sku>A</sku></item>"),
            Refused(
                "stock-1.xml:3:1: is not valid XML: position 11: duplicated attribute, previous declaration at position 5",
            ),
        ),
        case(
            "an element that stands twice in its row",
            NAME,
            usual(),
            doc("<item><sku>A</sku><place>B/01</place><qty>1</qty><qty>100</qty></item>"),
            Refused("stock-1.xml:3:55: row 1: \"qty\" stands twice in this row"),
        ),
        case(
            "every row of XML twice",
            NAME,
            usual(),
            doc(&format!("{item}\n{item}")),
            Refused(
                "stock-1.xml:4:12: row 2: sku \"A\" at berlin already stands at 3:1; duplicates = \"sum\" would add such rows up",
            ),
        ),
        case(
            "a quantity with text and elements in it",
            NAME,
            usual(),
            doc("<item><sku>A</sku><place>B/01</place><qty>1<b>2</b></qty></item>"),
            Refused("stock-1.xml:3:1: row 1: quantity is blank: the row has no \"qty\""),
        ),
        case(
            "another encoding than the document says",
            NAME,
            set(json!({ "encoding": "utf-8" })),
            "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><stock/>",
            Refused(
                "stock-1.xml:1:1: says that it is written in \"ISO-8859-1\", but format.encoding is \"utf-8\": set it to that, or look at what wrote it",
            ),
        ),
        case(
            "Windows-1252 in XML that should be UTF-8",
            NAME,
            usual(),
            b"<stock><item><sku>M\xFCller</sku></item></stock>".to_vec(),
            Refused("stock-1.xml:1:20: byte 0xFC at offset 19 is no character of utf-8: check format.encoding"),
        ),
        case(
            "a NUL byte in XML",
            NAME,
            usual(),
            "<stock>\u{0}</stock>",
            Refused("stock-1.xml:1:8: NUL byte: a broken transfer, or UTF-16 (then set format.encoding)"),
        ),
        case(
            "300 attributes of one element",
            NAME,
            usual(),
            format!("<stock><item {many}/></stock>"),
            Refused("stock-1.xml:1:8: more than 200 attributes of one element"),
        ),
        case(
            "a count in XML that is higher than the rows",
            NAME,
            set(json!({ "count": "stock/@rows" })),
            format!("<stock rows=\"2\">{item}</stock>"),
            Refused("stock-1.xml:1:1: the document says \"2\" rows, the file has 1"),
        ),
        case(
            "NaN in XML",
            NAME,
            usual(),
            doc("<item><sku>A</sku><place>B/01</place><qty>NaN</qty></item>"),
            Refused("stock-1.xml:3:43: row 1: quantity \"NaN\" is not a number (decimal sign is \".\")"),
        ),
        case(
            "an empty element for a quantity",
            NAME,
            usual(),
            doc("<item><sku>A</sku><place>B/01</place><qty/></item>"),
            Refused("stock-1.xml:3:38: row 1: quantity is blank"),
        ),
    ]
}

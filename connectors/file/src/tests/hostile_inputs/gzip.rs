//! Hostile gzip.
#![allow(clippy::too_many_lines, reason = "a table of cases")]

use super::*;

const NAME: &str = "stock-1.csv.gz";

pub(super) fn cases() -> Vec<Case> {
    let usual = || german(json!({ "path": "stock-*.csv.gz" }));
    let small = || german(json!({ "path": "stock-*.csv.gz", "max_bytes": 1_000_000 }));
    let good = || gzipped(GOOD.as_bytes());
    let mut changed = good();
    // The checksum of the content, which stands before its length at the end.
    let at = changed.len() - 8;
    changed[at] ^= 1;
    let mut garbled = good();
    let middle = garbled.len() / 2;
    garbled[middle] ^= 0x55;
    vec![
        case("a compressed file cut at any byte", NAME, usual(), good(), CutAnywhere),
        case(
            "a few kilobytes that expand to 32 MiB",
            NAME,
            usual(),
            gzipped(&vec![b'0'; 32 << 20]),
            Refused(
                "stock-1.csv.gz: expands to more than 200 times its 32623 bytes: no export does, so it is not read any further",
            ),
        ),
        case(
            "more than `max_bytes` when it is expanded",
            NAME,
            small(),
            gzipped(&vec![b'0'; 2_000_000]),
            Refused("stock-1.csv.gz: holds more than max_bytes = 1000000 bytes when it is expanded"),
        ),
        case(
            "compressed twice",
            NAME,
            usual(),
            gzipped(&good()),
            Refused(
                "stock-1.csv.gz:1:1: is compressed with gzip: let its name end in .gz, or set format.compression = \"gzip\"; and compress it once",
            ),
        ),
        case(
            "named .gz and not compressed",
            NAME,
            usual(),
            GOOD,
            Refused(
                "stock-1.csv.gz: is not compressed with gzip, as its name or format.compression says: look at what wrote it",
            ),
        ),
        case(
            "compressed and not named .gz",
            "stock-1.csv",
            german(json!({})),
            good(),
            Refused(
                "stock-1.csv:1:1: is compressed with gzip: let its name end in .gz, or set format.compression = \"gzip\"; and compress it once",
            ),
        ),
        case(
            "a checksum that is another",
            NAME,
            usual(),
            changed,
            Refused(
                "stock-1.csv.gz: is damaged: after 59 expanded bytes, corrupt gzip stream does not have a matching checksum; transfer it again, in binary mode",
            ),
        ),
        case(
            "a byte changed on the way",
            NAME,
            usual(),
            garbled,
            Refused(
                "stock-1.csv.gz: is damaged: after 59 expanded bytes, corrupt gzip stream does not have a matching checksum; transfer it again, in binary mode",
            ),
        ),
        case(
            "something behind the compressed data",
            NAME,
            usual(),
            [good(), b"something else".to_vec()].concat(),
            Refused(
                "stock-1.csv.gz: is damaged: after 59 expanded bytes, invalid gzip header; transfer it again, in binary mode",
            ),
        ),
        case(
            "a fault inside of a compressed file",
            NAME,
            usual(),
            gzipped(b"Artikelnummer;Lager;Bestand\nA;B/01;x\n"),
            Refused("stock-1.csv.gz:2:8: quantity \"x\" is not a number (decimal sign is \",\")"),
        ),
    ]
}

//! The table that people bring back: read whole, with everything that is wrong with it by line and column.

use omnistock_words::{ChannelName, ListingId, Quantity, Sku};
use std::collections::HashMap;
use std::fmt::Display;

/// Problems that are named, at most.
const MOST_NAMED: usize = 50;
/// Rows, at most.
pub(super) const MOST_ROWS: usize = 200_000;
const COLUMNS: [&str; 4] = ["channel", "listing", "sku", "factor"];

/// A row that says something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Row {
    /// Where it begins, from 1.
    pub(super) line: u64,
    pub(super) channel: ChannelName,
    pub(super) listing: ListingId,
    /// The SKU, and the units of it in one of the listing. `None`: the row says nothing.
    pub(super) sold: Option<(Sku, Quantity)>,
}

/// What is wrong, each one sentence with its place.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Problems {
    named: Vec<String>,
    more: usize,
}

impl Problems {
    pub(super) fn at(&mut self, line: u64, column: &str, what: impl Display) {
        if self.named.len() < MOST_NAMED {
            self.named.push(format!("line {line}, {column}: {what}"));
        } else {
            self.more += 1;
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.named.is_empty()
    }
}

impl Display for Problems {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let count = self.named.len() + self.more;
        let things = if count == 1 { "thing is" } else { "things are" };
        write!(f, "nothing was changed: {count} {things} wrong with the table")?;
        for one in &self.named {
            write!(f, "\n{one}")?;
        }
        if self.more > 0 {
            write!(f, "\nand {} more", self.more)?;
        }
        Ok(())
    }
}

/// Where the columns stand that are read; all others may say what they like.
struct Head([usize; 4]);

impl Head {
    fn read(head: &csv::StringRecord, needed: usize, problems: &mut Problems) -> Self {
        let mut found = [usize::MAX; 4];
        for (name, place) in COLUMNS.iter().zip(&mut found) {
            let mut at = head
                .iter()
                .enumerate()
                .filter(|(_, text)| text.trim().eq_ignore_ascii_case(name));
            *place = at.next().map_or(usize::MAX, |(index, _)| index);
            if at.next().is_some() {
                problems.at(1, name, "there are two columns of this name");
            }
        }
        for (name, _) in COLUMNS
            .iter()
            .zip(&found)
            .take(needed)
            .filter(|(_, place)| **place == usize::MAX)
        {
            problems.at(1, name, "this column is missing; the first line names the columns");
        }
        Self(found)
    }

    fn of<'a>(&self, record: &'a csv::StringRecord, column: usize) -> &'a str {
        let place = self.0.get(column).copied();
        place.and_then(|place| record.get(place)).unwrap_or_default()
    }
}

/// The rows of the table, separated by commas, semicolons or tabs. With `remove` a listing alone is a row.
pub(super) fn read(text: &str, remove: bool) -> (Vec<Row>, Problems) {
    let text = text.trim_start_matches('\u{feff}').replace("\r\n", "\n");
    let first = text.lines().next().unwrap_or_default();
    let delimiter = [b';', b'\t', b',']
        .into_iter()
        .find(|mark| first.as_bytes().contains(mark))
        .unwrap_or(b',');
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .has_headers(false)
        .flexible(true)
        .from_reader(text.as_bytes());
    let (mut rows, mut problems) = (Vec::new(), Problems::default());
    let mut seen: HashMap<(ChannelName, ListingId), u64> = HashMap::new();
    let mut records = reader.records();
    let head = match records.next() {
        Some(Ok(record)) => Head::read(&record, if remove { 2 } else { 4 }, &mut problems),
        _ => Head::read(&csv::StringRecord::new(), 4, &mut problems),
    };
    if !problems.is_empty() {
        return (rows, problems);
    }
    for record in records {
        let record = match record {
            Ok(record) => record,
            Err(error) => {
                let line = error.position().map_or(0, csv::Position::line);
                problems.at(line, "the line", error);
                continue;
            }
        };
        let line = record.position().map_or(0, |position| begins(&text, position));
        if record.iter().all(|field| field.trim().is_empty()) {
            continue;
        }
        if rows.len() >= MOST_ROWS {
            problems.at(
                line,
                "the table",
                format!("it has more than {MOST_ROWS} rows: import it in parts"),
            );
            break;
        }
        let Some(row) = row((&head, &record), line, remove, &mut problems) else {
            continue;
        };
        let key = (row.channel.clone(), row.listing.clone());
        if let Some(before) = seen.insert(key, line) {
            let what = format!(
                "{} of {} stands in line {before} already; a listing sells one SKU",
                row.listing, row.channel
            );
            problems.at(line, "listing", what);
        }
        rows.push(row);
    }
    (rows, problems)
}

/// The line in which a record begins: the reader's place is before the empty lines that it passes over.
fn begins(text: &str, position: &csv::Position) -> u64 {
    let from = usize::try_from(position.byte()).unwrap_or(usize::MAX);
    let empty = text
        .as_bytes()
        .get(from..)
        .unwrap_or_default()
        .iter()
        .take_while(|byte| **byte == b'\n');
    position.line() + empty.map(|_| 1).sum::<u64>()
}

fn row((head, record): (&Head, &csv::StringRecord), line: u64, remove: bool, problems: &mut Problems) -> Option<Row> {
    let channel = ChannelName::new(head.of(record, 0).trim());
    let listing = ListingId::new(head.of(record, 1));
    let channel = channel.map_err(|error| problems.at(line, "channel", error)).ok();
    let listing = listing.map_err(|error| problems.at(line, "listing", error)).ok();
    let (sku, factor) = (head.of(record, 2), head.of(record, 3).trim());
    let mut sold = None;
    if !remove && !sku.is_empty() {
        let sku = Sku::new(sku).map_err(|error| problems.at(line, "sku", error)).ok();
        let factor = units(factor).map_err(|error| problems.at(line, "factor", error)).ok();
        sold = Some((sku?, factor?));
    }
    Some(Row {
        line,
        channel: channel?,
        listing: listing?,
        sold,
    })
}

fn units(text: &str) -> Result<Quantity, String> {
    if text.is_empty() {
        return Err("say how many units of the SKU one sale takes: 1, or 6 for a pack of six".to_owned());
    }
    let number: Result<Quantity, _> = text.parse();
    match number {
        Ok(number) if number.is_positive() => Ok(number),
        Ok(_) => Err(format!("{text} is not above zero")),
        Err(_) => Err(format!("`{text}` is no number such as 6 or 0.5")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn problems(text: &str) -> Vec<String> {
        read(text, false).1.named
    }

    #[test]
    fn rows_are_read_by_the_names_of_their_columns() {
        let (rows, problems) = read(
            "\u{feff}Title;sku;FACTOR;listing;channel\r\nMug, red;MUG-RED;6;1041;shop\r\n\r\n\"two\nlines\";;;1042;shop\r\n;;;7;market\n",
            false,
        );
        assert_eq!(problems, Problems::default());
        let told = |row: &Row| {
            let sold = row.sold.as_ref().map(|(sku, factor)| format!("{sku} x {factor}"));
            format!(
                "{} {} {} {}",
                row.line,
                row.channel,
                row.listing,
                sold.unwrap_or_default()
            )
        };
        let told: Vec<String> = rows.iter().map(told).collect();
        assert_eq!(told, ["2 shop 1041 MUG-RED x 6", "4 shop 1042 ", "6 market 7 "]);
        assert!(read("channel,listing\nshop,7\n", true).1.is_empty(), "a listing alone");
    }

    #[test]
    fn everything_that_is_wrong_is_said_with_its_place() {
        assert_eq!(
            problems("channel,listing,sku\nshop,1,A\n"),
            ["line 1, factor: this column is missing; the first line names the columns"]
        );
        assert_eq!(problems("").len(), 4);
        assert_eq!(problems("channel,listing,sku,factor,sku\n").len(), 1);
        let table = "channel,listing,sku,factor\nSHOP,1,A,1\nshop,,A,1\nshop,2,A,0\nshop,3,A,-1\nshop,4,A,six\nshop,5,A,\nshop,6,A,1\nshop,6,B,1\nshop,7,\"a\tb\",1\nshop,8,A,1e3\n";
        let found = problems(table);
        let places: Vec<&str> = found
            .iter()
            .filter_map(|one| one.split_once(": ").map(|(place, _)| place))
            .collect();
        assert_eq!(
            places,
            [
                "line 2, channel",
                "line 3, listing",
                "line 4, factor",
                "line 5, factor",
                "line 6, factor",
                "line 7, factor",
                "line 9, listing",
                "line 10, sku",
                "line 11, factor"
            ],
            "{found:?}"
        );
        assert!(found[6].contains("stands in line 8 already"), "{found:?}");
        let (_, all) = read(
            &format!("channel,listing,sku,factor\n{}", "X,1,A,1\n".repeat(60)),
            false,
        );
        assert!(
            all.to_string().starts_with("nothing was changed: 60 things are wrong"),
            "{all}"
        );
        assert!(all.to_string().ends_with("and 10 more"), "{all}");
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "\\PC{0,80}", rows in "(shop|[;,\"\n\t]|1|A| |\\PC){0,60}", remove: bool) {
            let (read_rows, problems) = read(&format!("channel,listing,sku,factor\n{rows}"), remove);
            prop_assert!(read_rows.iter().all(|row| row.line > 1));
            prop_assert!(problems.is_empty() || problems.to_string().contains("line "));
            read(&text, remove);
        }

        #[test]
        fn what_is_written_is_read(listing in "[^\\pC]{1,30}", sku in "[^\\pC]{1,30}", factor in 1i64..1_000) {
            let mut writer = csv::Writer::from_writer(Vec::new());
            writer.write_record(COLUMNS).unwrap();
            writer.write_record(["shop", &listing, &sku, &factor.to_string()]).unwrap();
            let text = String::from_utf8(writer.into_inner().unwrap()).unwrap();
            let (rows, problems) = read(&text, false);
            prop_assert_eq!(problems, Problems::default());
            prop_assert_eq!(rows[0].listing.as_str(), listing);
            let (known, units) = rows[0].sold.clone().unwrap();
            prop_assert_eq!((known.as_str(), units), (sku.as_str(), Quantity::whole(factor)));
        }
    }
}

//! The table of listings, as `listings import` takes it back.

use crate::server::{CandidateView, ListingRow, MappedBy};

const HEAD: [&str; 10] = [
    "channel",
    "listing",
    "sku",
    "factor",
    "mapped_by",
    "state",
    "sku_there",
    "title",
    "gtin",
    "candidates",
];

/// A row a listing, columns separated by commas.
pub(super) fn text(rows: &[ListingRow]) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    // Into memory, with as many fields in each row: it does not fail.
    drop(writer.write_record(HEAD));
    for row in rows {
        drop(writer.write_record(fields(row)));
    }
    String::from_utf8(writer.into_inner().unwrap_or_default()).unwrap_or_default()
}

fn fields(row: &ListingRow) -> [String; 10] {
    let state = serde_json::to_value(row.state).unwrap_or_default();
    let by = row.mapped_by.map(|by| match by {
        MappedBy::Sku => "sku",
        MappedBy::Import => "import",
    });
    let factor = row.factor.map(|factor| factor.to_string());
    [
        row.channel.to_string(),
        row.listing.clone(),
        row.sku.as_ref().map(ToString::to_string).unwrap_or_default(),
        factor.unwrap_or_default(),
        by.unwrap_or_default().to_owned(),
        state.as_str().unwrap_or_default().to_owned(),
        row.sku_there.clone().unwrap_or_default(),
        plain(row.title.clone().unwrap_or_default()),
        row.gtin.clone().unwrap_or_default(),
        plain(row.candidates.iter().map(candidate).collect::<Vec<_>>().join("; ")),
    ]
}

fn candidate(one: &CandidateView) -> String {
    format!("{} ({}, {} %)", one.sku, one.reason, one.confidence)
}

/// What a spreadsheet would take for a formula is a text all the same; columns that are read back stay as they are.
fn plain(text: String) -> String {
    if text.starts_with(['=', '+', '-', '@']) {
        format!("'{text}")
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use omnistock_planner::ListingState;

    #[test]
    fn a_row_says_what_is_known_and_what_may_be() {
        let row = |listing: &str| ListingRow {
            channel: "shop".parse().unwrap(),
            listing: listing.to_owned(),
            sku_there: None,
            title: None,
            gtin: None,
            sku: None,
            factor: None,
            mapped_by: None,
            state: ListingState::Unmapped,
            candidates: Vec::new(),
        };
        let mapped = ListingRow {
            sku: "MUG-RED".parse().ok(),
            factor: "6".parse().ok(),
            mapped_by: Some(MappedBy::Import),
            state: ListingState::InSync,
            sku_there: Some("mug, red".to_owned()),
            ..row("1041")
        };
        let one = |sku: &str, confidence| CandidateView {
            sku: sku.parse().unwrap(),
            reason: "leading zeros".to_owned(),
            confidence,
        };
        let strange = ListingRow {
            title: Some("=Mug \"red\"".to_owned()),
            gtin: Some("4006381333931".to_owned()),
            candidates: vec![one("-1", 85), one("01", 85)],
            ..row("1042")
        };
        let expected = "\
channel,listing,sku,factor,mapped_by,state,sku_there,title,gtin,candidates
shop,1041,MUG-RED,6,import,in_sync,\"mug, red\",,,
shop,1042,,,,unmapped,,\"'=Mug \"\"red\"\"\",4006381333931,\"'-1 (leading zeros, 85 %); 01 (leading zeros, 85 %)\"
";
        assert_eq!(text(&[mapped, strange]), expected);
        assert_eq!(text(&[]).lines().count(), 1);
    }
}

//! Listings and the SKUs they sell: to be exported, suggested for, and imported.

use super::ApiError;
use super::admin::{Answer, Asked, Body, MOST_LISTED, Shared, channel, json, query, reason};
use super::routes::{CHANNEL, LIMIT, Parameter, Route, change, optional, read};
use axum::Json;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::HeaderMap;
use axum::routing::{get, post};
use omnistock_planner::ListingState;
use omnistock_words::{ChannelName, Quantity, Sku};
use serde::{Deserialize, Serialize};

/// The largest body of an import, bytes: 100,000 rows fit.
pub const MOST_IMPORTED: usize = 16 << 20;

/// Which listings are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rows {
    /// All.
    All,
    /// Those that no SKU of ours belongs to.
    Unmapped,
    /// The same, with the SKUs that may be meant.
    Suggested,
}

/// A page of listings, as asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowsAsked {
    /// Which.
    pub rows: Rows,
    /// One channel; all unless said.
    pub channel: Option<ChannelName>,
    /// Where the page before ended.
    pub after: Option<String>,
    /// Entries at most.
    pub most: usize,
}

/// Who says which SKU a listing sells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MappedBy {
    /// The vendor has our SKU for it.
    Sku,
    /// A person: `omnistock listings import`.
    Import,
}

/// A SKU that a listing may mean.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CandidateView {
    /// Ours.
    pub sku: Sku,
    /// Why, in a few words.
    pub reason: String,
    /// How sure that is, in percent.
    pub confidence: u8,
}

/// A listing and what it sells.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListingRow {
    /// The channel.
    pub channel: ChannelName,
    /// The vendor's id of it.
    pub listing: String,
    /// The vendor's SKU for it.
    #[serde(default)]
    pub sku_there: Option<String>,
    /// As buyers see it; where no SKU of ours belongs to it and the vendor says so.
    #[serde(default)]
    pub title: Option<String>,
    /// Its GTIN; as of the title.
    #[serde(default)]
    pub gtin: Option<String>,
    /// Our SKU; of a suggestion the one that is meant, where that is plain.
    #[serde(default)]
    pub sku: Option<Sku>,
    /// Units of it in one of the listing.
    #[serde(default)]
    pub factor: Option<Quantity>,
    /// Who says so; of a suggestion nobody.
    #[serde(default)]
    pub mapped_by: Option<MappedBy>,
    /// How it stands.
    pub state: ListingState,
    /// SKUs that may be meant, the likeliest first.
    #[serde(default)]
    pub candidates: Vec<CandidateView>,
}

/// A page of listings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListingRows {
    /// By channel and listing.
    pub items: Vec<ListingRow>,
    /// Where the next page begins; none behind the last.
    #[serde(default)]
    pub next: Option<String>,
}

/// The body of `listings import`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ImportBody {
    /// The table: a row a listing, with `channel`, `listing`, `sku`, `factor`.
    pub csv: String,
    /// Say what would change, and change nothing.
    pub dry_run: bool,
    /// Take back what people have said of these listings: their vendor's SKU counts again.
    pub remove: bool,
    /// Why, for the record; 1 to 500 characters, unless nothing is to change.
    pub reason: String,
}

/// What a listing sells.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MappedView {
    /// Our SKU.
    pub sku: Sku,
    /// Units of it in one of the listing.
    pub factor: Quantity,
    /// Who says so.
    pub by: MappedBy,
}

/// One listing that an import changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MappingChange {
    /// The channel.
    pub channel: ChannelName,
    /// The vendor's id of it.
    pub listing: String,
    /// As it was; none: no SKU of ours belonged to it.
    #[serde(default)]
    pub before: Option<MappedView>,
    /// As it is from then on.
    #[serde(default)]
    pub after: Option<MappedView>,
}

/// What an import changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportView {
    /// Whether it is in force; else nothing was changed.
    pub applied: bool,
    /// Listings that change.
    pub changed: u64,
    /// Rows that say what holds already.
    pub same: u64,
    /// Rows without a SKU: left as they are.
    pub blank: u64,
    /// The first of the changes.
    pub changes: Vec<MappingChange>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OfRows {
    channel: Option<String>,
    after: Option<String>,
    limit: Option<usize>,
    unmapped: Option<bool>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OfSuggestions {
    channel: Option<String>,
    after: Option<String>,
    limit: Option<usize>,
}

fn rows(
    rows: Rows,
    (named, after, limit): (Option<&str>, Option<String>, Option<usize>),
) -> Result<RowsAsked, ApiError> {
    if after.as_ref().is_some_and(|after| after.len() > 2_000) {
        return Err(ApiError::bad_request("`after` is no place where a page has ended"));
    }
    Ok(RowsAsked {
        rows,
        channel: channel(named)?,
        after,
        most: limit.unwrap_or(100).min(MOST_LISTED),
    })
}

pub(super) async fn export(State(view): Shared, asked: Asked<OfRows>) -> Answer<ListingRows> {
    let asked = query(asked)?;
    let which = if asked.unmapped == Some(true) {
        Rows::Unmapped
    } else {
        Rows::All
    };
    let page = rows(which, (asked.channel.as_deref(), asked.after, asked.limit))?;
    view.listing_rows(page).await.map(Json)
}

pub(super) async fn suggest(State(view): Shared, asked: Asked<OfSuggestions>) -> Answer<ListingRows> {
    let asked = query(asked)?;
    let page = rows(Rows::Suggested, (asked.channel.as_deref(), asked.after, asked.limit))?;
    view.listing_rows(page).await.map(Json)
}

const AFTER: Parameter = optional("after", "Place");
const UNMAPPED: Parameter = optional("unmapped", "Boolean");

/// Their routes.
pub(super) fn routes() -> Vec<Route> {
    vec![
        read(
            "/api/v1/listings/export",
            get(export),
            "ListingRows",
            "Listings and what they sell, page by page.",
        )
        .asks(&[CHANNEL, AFTER, LIMIT, UNMAPPED]),
        read(
            "/api/v1/listings/suggest",
            get(suggest),
            "ListingRows",
            "SKUs that listings without one may mean, page by page.",
        )
        .asks(&[CHANNEL, AFTER, LIMIT]),
        change(
            "/api/v1/listings/import",
            post(take).layer(DefaultBodyLimit::max(MOST_IMPORTED)),
            ("ImportBody", "Import"),
            "Say which SKUs listings sell, all of a table or nothing.",
        ),
    ]
}

async fn take(State(view): Shared, headers: HeaderMap, body: Body) -> Answer<ImportView> {
    let mut asked: ImportBody = json(&headers, body)?;
    if !asked.dry_run {
        asked.reason = reason(&asked.reason)?.to_owned();
    }
    view.import_listings(asked).await.map(Json)
}

//! Own keys of `[connectors.NAME]`: read, checked, secrets resolved; all problems at once.

use crate::marketplace::Marketplace;
use omnistock_sdk::{
    ExposeSecret, SecretReference, SecretResolver, SecretString, SettingProblem, SettingsReader, read_settings,
};
use serde::Deserialize;
use std::time::Duration;
use url::Url;

/// Where eBay's interfaces are.
const EBAY: &str = "https://api.ebay.com";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    marketplace: Option<String>,
    client_id: Option<String>,
    client_secret: Option<SecretReference>,
    refresh_token: Option<SecretReference>,
    verification_token: Option<SecretReference>,
    alert_email: Option<String>,
    trading: Option<bool>,
    orders_of: Option<Vec<String>>,
    base_url: Option<String>,
    deadline_ms: Option<u64>,
    overlap_ms: Option<u64>,
}

/// What a connector is built from.
pub(crate) struct Parts {
    /// Where the interfaces are.
    pub(crate) url: Url,
    /// Which of the account's listings are ours.
    pub(crate) marketplace: Marketplace,
    /// The application.
    pub(crate) client_id: String,
    /// Its secret.
    pub(crate) client_secret: SecretString,
    /// The seller's consent.
    pub(crate) refresh_token: SecretString,
    /// Proves to eBay that the webhook listener is ours; without one there are no webhooks.
    pub(crate) verification_token: Option<SecretString>,
    /// Where eBay writes to when the webhook listener does not answer.
    pub(crate) alert_email: Option<String>,
    /// Whether listings of the Trading model are looked for.
    pub(crate) trading: bool,
    /// The marketplaces whose orders are ours, where they are named.
    pub(crate) orders_of: Option<Vec<Marketplace>>,
    /// Of one call, from connect to the last byte.
    pub(crate) deadline: Duration,
    /// How far a poll of orders looks back before the newest change seen, milliseconds.
    pub(crate) overlap: i64,
}

fn marketplace(reader: &mut SettingsReader<'_>, name: Option<&str>) -> Option<Marketplace> {
    const HELP: &str = "such as \"EBAY_DE\": the listings of this marketplace are read and written";
    let Some(name) = name else {
        reader.problem("marketplace", "`marketplace` is missing", HELP);
        return None;
    };
    let found = Marketplace::named(name);
    if found.is_none() {
        let help = Marketplace::nearest(name).map_or_else(|| HELP.to_owned(), |near| format!("did you mean {near}?"));
        reader.problem("marketplace", format!("`{name}` is no marketplace of eBay"), &help);
    }
    found
}

/// None may be unknown; a list of none would count nothing.
fn orders_of(reader: &mut SettingsReader<'_>, names: Option<Vec<String>>) -> Option<Vec<Marketplace>> {
    const KEY: &str = "orders_of";
    const HELP: &str = "name the marketplaces whose orders this connector counts, such as [\"EBAY_DE\"]";
    let names = names?;
    if names.is_empty() {
        reader.problem(KEY, "`orders_of` is empty", HELP);
    }
    let mut all = Vec::new();
    for name in names {
        match Marketplace::named(&name) {
            Some(found) => all.push(found),
            None => reader.problem(KEY, format!("`{name}` is no marketplace of eBay"), HELP),
        }
    }
    Some(all)
}

fn client_id(reader: &mut SettingsReader<'_>, id: Option<String>) -> Option<String> {
    const HELP: &str = "the App ID (Client ID) of your application's production keyset at developer.ebay.com";
    let id = id.filter(|id| !id.trim().is_empty());
    if id.is_none() {
        reader.problem("client_id", "`client_id` is missing", HELP);
    }
    id
}

/// The vendor takes 32 to 80 letters, digits, `_` and `-`.
fn verification_token(reader: &mut SettingsReader<'_>, reference: Option<&SecretReference>) -> Option<SecretString> {
    const KEY: &str = "verification_token";
    let token = reader.secret(KEY, reference)?;
    let word = token.expose_secret();
    let sign = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    if (32..=80).contains(&word.len()) && word.bytes().all(sign) {
        return Some(token);
    }
    let help = "make one up: 32 to 80 letters, digits, _ and -, such as what `openssl rand -hex 20` prints";
    reader.problem(KEY, "eBay would not take it", help);
    None
}

/// Reads the table, or says everything that is wrong with it.
pub(crate) fn read(table: serde_json::Value, secrets: &dyn SecretResolver) -> Result<Parts, Vec<SettingProblem>> {
    const CONSENT: &str =
        "add refresh_token = { credential = \"…\" }: what the seller's consent gave, see the page of this connector";
    let table: Table = read_settings(table)?;
    let mut reader = SettingsReader::new(secrets);
    let marketplace = marketplace(&mut reader, table.marketplace.as_deref());
    let orders_of = orders_of(&mut reader, table.orders_of);
    let client_id = client_id(&mut reader, table.client_id);
    let secret = reader.required(
        "client_secret",
        table.client_secret.as_ref(),
        "add client_secret = { credential = \"…\" }: the Cert ID (Client Secret) of the same keyset",
    );
    let consent = reader.required("refresh_token", table.refresh_token.as_ref(), CONSENT);
    let verification_token = verification_token(&mut reader, table.verification_token.as_ref());
    if table.alert_email.is_some() && table.verification_token.is_none() {
        let message = "there are no webhooks that eBay could alert of";
        reader.problem("alert_email", message, "add `verification_token`");
    }
    let url = table.base_url.as_deref().unwrap_or(EBAY);
    let url = reader.url(
        "base_url",
        Some(url),
        "leave it out, or use \"https://api.sandbox.ebay.com\"",
    );
    let deadline = reader.within("deadline_ms", table.deadline_ms, 30_000, 100, 120_000, "milliseconds");
    let overlap = reader.within(
        "overlap_ms",
        table.overlap_ms,
        120_000,
        2_000,
        3_600_000,
        "milliseconds",
    );
    let read = url.zip(marketplace).zip(client_id).zip(secret.zip(consent)).map(
        |(((url, marketplace), client_id), (client_secret, refresh_token))| Parts {
            url,
            marketplace,
            client_id,
            client_secret,
            refresh_token,
            verification_token,
            alert_email: table.alert_email,
            trading: table.trading.unwrap_or(true),
            orders_of,
            deadline: Duration::from_millis(deadline),
            overlap: i64::try_from(overlap).unwrap_or(120_000),
        },
    );
    reader.finish(read)
}

#[cfg(test)]
mod tests {
    use super::*;
    use omnistock_sdk::testing::{Names, keys};
    use serde_json::{Value, json};

    const WORD: &str = "a-word_of_exactly_forty_letters_0123456789";

    fn table() -> Value {
        json!({"marketplace": "EBAY_DE", "client_id": "id", "client_secret": {"env": "secret"},
               "refresh_token": {"env": "consent"}, "verification_token": {"env": WORD}, "alert_email": "a@example.test"})
    }

    fn problems(table: Value) -> Vec<String> {
        keys(read(table, &Names))
    }

    #[test]
    fn all_that_is_missing_is_named_at_once() {
        let wanted = ["marketplace", "client_id", "client_secret", "refresh_token"];
        assert_eq!(problems(json!({})), wanted);
    }

    #[test]
    fn each_bad_key_is_named() {
        for (key, value) in [
            ("marketplace", json!("EBAY_XX")),
            ("marketplace", json!("ebay_de")),
            ("client_id", json!(" ")),
            ("client_secret", json!({"env": "UNSET"})),
            ("refresh_token", json!({"env": "UNSET"})),
            ("verification_token", json!({"env": "short"})),
            (
                "verification_token",
                json!({"env": "a word with blanks is not what eBay would take"}),
            ),
            ("base_url", json!("ftp://api.ebay.com")),
            ("base_url", json!("https://me:pw@api.ebay.com")),
            ("deadline_ms", json!(5)),
            ("overlap_ms", json!(0)),
            ("orders_of", json!([])),
            ("orders_of", json!(["EBAY_DE", "EBAY_XX"])),
            ("marketplaces", json!("EBAY_DE")),
        ] {
            let mut table = table();
            table[key] = value.clone();
            assert_eq!(problems(table), [key], "{key} = {value}");
        }
        let mut table = table();
        table.as_object_mut().unwrap().remove("verification_token");
        assert_eq!(problems(table), ["alert_email"]);
    }

    #[test]
    fn what_is_not_said_is_ebays_own() {
        let parts = read(table(), &Names).ok().unwrap();
        assert_eq!(parts.url.as_str(), "https://api.ebay.com/");
        assert_eq!((parts.trading, parts.overlap), (true, 120_000));
        assert!(parts.verification_token.is_some());
    }
}

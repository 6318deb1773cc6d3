//! References to secrets. A secret itself never stands in a configuration, and is never shown.

use super::reader::Fault;
use super::tree::{Node, Value};
use omnistock_sdk::{PLAIN_SECRET, SecretReference};

/// The fault of a password inside an address.
pub(super) const PLAIN_IN_URL: &str =
    ": a password never stands in the configuration; put the whole address into a secret: { credential = \"…\" }";

/// `{ credential = "…" }`, `{ file = "…" }` or `{ env = "…" }`.
pub(super) fn secret_reference(node: &Node) -> Result<SecretReference, Fault> {
    if matches!(node.value, Value::Text(_)) {
        // So worded, the line itself is not shown.
        return Err(Fault::new(format!(": {PLAIN_SECRET}")));
    }
    serde_json::from_value(node.json())
        .map_err(|_| Fault::new(": expected { credential = \"…\" }, { file = \"…\" } or { env = \"…\" }"))
}

/// Whether a message is about a secret that stands in the file: then its line isn't shown.
pub(super) fn is_about_plain_secret(message: &str) -> bool {
    message.contains(PLAIN_SECRET) || message.contains("a password never stands in the configuration")
}

//! `[tokens.NAME]`: who may use the admin listener from other machines, and what for.

use super::root::Root;
use super::secret::secret_reference;
use super::value::choice;
use omnistock_sdk::SecretReference;

/// One token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenChoice {
    /// What it is called in the record.
    pub name: String,
    /// Whether it may change something; else it only reads.
    pub operator: bool,
    /// Where the secret is.
    pub secret: SecretReference,
}

/// Reads `[tokens.NAME]`.
pub(super) fn tokens(root: Root) -> Vec<TokenChoice> {
    let roles = [("viewer", false), ("operator", true)];
    let mut tokens = Vec::new();
    for (name, place, section) in root.named::<String>("tokens") {
        if !section.has("token") {
            root.findings.error(
                place,
                format!("`token` is missing in {}: {{ credential = \"…\" }}", section.title),
            );
        }
        let operator = section.read("role", |node| choice(node, &roles)).unwrap_or(false);
        if let Some(secret) = section.read("token", secret_reference) {
            tokens.push(TokenChoice { name, operator, secret });
        }
    }
    tokens
}

//! One HTTP client for all connectors: deadlines, body limits, no redirects, guarded addresses, errors by what happens next, tokens.

mod client;
mod fetch;
mod guard;
mod tokens;

pub use crate::verify::{hmac_sha256_base64, verify_hmac_sha256_base64};
pub use client::{Answer, Http, HttpSettings};
pub use fetch::Fetched;
pub use tokens::{Pass, Token, Tokens, login_error};

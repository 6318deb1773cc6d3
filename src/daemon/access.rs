//! Who may use the admin listener, with their secrets.

use super::StartError;
use crate::config::{ServerSettings, TokenChoice};
use crate::server::{Access, Role, Token};
use omnistock_sdk::{ExposeSecret, SecretResolver};

/// A token of fewer characters is guessed.
const SHORTEST: usize = 16;

/// Who may use it, by the configuration.
///
/// # Errors
/// Those of [`tokens`].
pub(super) fn access(settings: &ServerSettings, secrets: &dyn SecretResolver) -> Result<Access, StartError> {
    Ok(Access::new(tokens(settings, secrets)?).always(settings.require_tokens))
}

/// The tokens of the configuration.
///
/// # Errors
/// One can't be had, or is too short; one sentence that names it.
pub(super) fn tokens(settings: &ServerSettings, secrets: &dyn SecretResolver) -> Result<Vec<Token>, StartError> {
    let one = |token: &TokenChoice| {
        let secret = secrets
            .resolve(&token.secret)
            .map_err(|error| StartError::Refused(format!("`token` in [tokens.{}]: {error}", token.name)))?;
        if secret.expose_secret().len() < SHORTEST {
            return Err(StartError::Refused(format!(
                "`token` in [tokens.{}] has fewer than {SHORTEST} characters: make one with `openssl rand -hex 24`",
                token.name
            )));
        }
        let role = if token.operator { Role::Operator } else { Role::Viewer };
        Ok(Token {
            name: token.name.clone(),
            role,
            secret,
        })
    };
    settings.tokens.iter().map(one).collect()
}

//! One `[[notify]]`: how a message of it goes out, and what people see of it.

use super::board::NotifierBoard;
use super::matter::Severity;
use super::message::Message;
use super::send::send;
use super::tally::Limits;
use crate::config::{Least, NotifySettings};
use omnistock_sdk::{SecretResolver, now};
use std::sync::Arc;
use std::time::Duration;

/// Somebody to tell.
pub struct Notifier {
    settings: NotifySettings,
    secrets: Arc<dyn SecretResolver>,
    merchant: String,
    /// What people see of it.
    pub board: Arc<NotifierBoard>,
}

fn milliseconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

impl Notifier {
    /// Of these settings; secrets are read anew for each message, so that a rotated one counts at once.
    pub fn new(
        settings: NotifySettings,
        secrets: Arc<dyn SecretResolver>,
        merchant: String,
        board: Arc<NotifierBoard>,
    ) -> Self {
        Self {
            settings,
            secrets,
            merchant,
            board,
        }
    }

    /// What people call it.
    pub fn name(&self) -> &str {
        &self.settings.name
    }

    /// As it is configured.
    pub fn settings(&self) -> &NotifySettings {
        &self.settings
    }

    pub(super) fn limits(&self) -> Limits {
        Limits {
            least: match self.settings.min {
                Least::Warn => Severity::Warn,
                Least::Page => Severity::Page,
            },
            after: milliseconds(self.settings.after),
            settle: milliseconds(self.settings.settle),
            most_per_hour: usize::try_from(self.settings.most_per_hour).unwrap_or(usize::MAX),
        }
    }

    /// Sends a message once, within the deadline.
    ///
    /// # Errors
    /// One sentence without a secret in it. What the receiver did with it may be unknown.
    pub async fn deliver(&self, message: &Message, within: Duration) -> Result<(), String> {
        let mut message = message.clone();
        message.merchant.clone_from(&self.merchant);
        let deadline = self.settings.timeout.min(within);
        let (way, token) = (&self.settings.way, self.settings.token.as_ref());
        let sent = send(way, token, self.secrets.as_ref(), &message, deadline).await;
        match &sent {
            Ok(()) => self.board.sent(),
            Err(why) => self.board.failed(now(), why),
        }
        sent
    }
}

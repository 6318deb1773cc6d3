//! Messages that wait for us at the vendor's, in a queue that is read: reasons to look sooner than at the next poll.
//!
//! They come late, doubled and in any order, or not at all. So nothing is believed of them but that something should be
//! looked at, and polls go on as if there were none.

use crate::{ConnectorError, Hint, SubscriptionState, Ticket};
use async_trait::async_trait;
use omnistock_words::Millis;
use std::time::Duration;

/// One message, as far as it concerns us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Names it until it is put away.
    pub ticket: Ticket,
    /// When it was sent, where the queue says so.
    pub sent_at: Option<Millis>,
    /// What to look at; nothing: it does not concern us. Or why nobody understands it: one sentence for the operator,
    /// the same for all messages of its kind, without a word of the message that could be about a person.
    pub says: Result<Vec<Hint>, String>,
}

/// A queue of messages in which the vendor lays down what has happened.
#[async_trait]
pub trait QueueRole: Send + Sync {
    /// Messages that wait, as many as the queue hands out at once; where there are none, what comes within `wait`.
    /// One that is not put away comes again after [`QueueRole::returns`].
    async fn messages(&self, wait: Duration) -> Result<Vec<Message>, ConnectorError>;

    /// So long a message that was handed out is hidden; then it comes again.
    fn returns(&self) -> Duration;

    /// What these ask for is handed over: they need not come again. One that comes all the same harms nothing.
    async fn put_away(&self, tickets: &[Ticket]) -> Result<(), ConnectorError>;

    /// Makes sure that the vendor lays its messages down there, where that is ours to do.
    async fn subscribe(&self) -> Result<SubscriptionState, ConnectorError> {
        Ok(SubscriptionState::Active)
    }
}

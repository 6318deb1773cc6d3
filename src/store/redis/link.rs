//! One connection to one server, shared by all callers; it never comes back once it is gone.

use super::node::Node;
use super::problem::{Next, Trouble, located, trouble};
use crate::store::StoreError;
use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Cmd, FromRedisValue, Pipeline, PushInfo, PushKind, Value};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// To reach a server and be let in.
const CONNECT: Duration = Duration::from_secs(2);
/// For one answer: a commit of 50,000 changes takes some 100 ms.
const RESPONSE: Duration = Duration::from_secs(5);

/// A connection that was made.
pub(super) struct Link {
    connection: MultiplexedConnection,
    /// Falls when the other side ends it, also while nobody asks anything.
    alive: Arc<AtomicBool>,
    silence: Silence,
    pub(super) node: Node,
}

/// Since when something was asked and nothing was answered. Who asks may have gone away meanwhile: the lease's keeper
/// waits for a part of the lease only, and nobody else may ask. A connection that is half-open would be used for ever.
#[derive(Default)]
struct Silence(Mutex<Option<Instant>>);

impl Silence {
    fn with<T>(&self, work: impl FnOnce(&mut Option<Instant>) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn asked(&self) {
        self.with(|since| *since = since.or_else(|| Some(Instant::now())));
    }

    fn answered(&self) {
        self.with(|since| *since = None);
    }

    /// Whether an answer is overdue, whoever still waits for it.
    fn is_long(&self) -> bool {
        self.with(|since| since.is_some_and(|since| since.elapsed() > RESPONSE))
    }
}

impl Link {
    /// Connects once. Nothing was asked yet, so nothing may have happened.
    pub(super) async fn open(node: &Node) -> Result<Self, StoreError> {
        let (client, address) = (node.client()?, node.address());
        let alive = Arc::new(AtomicBool::new(true));
        let seen = Arc::clone(&alive);
        let hears = move |push: PushInfo| {
            if push.kind == PushKind::Disconnection {
                seen.store(false, Ordering::Release);
            }
            Ok::<(), ()>(())
        };
        let settings = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(CONNECT))
            .set_response_timeout(Some(RESPONSE))
            .set_push_sender(hears);
        let opening = client.get_multiplexed_async_connection_with_config(&settings);
        let opened = tokio::time::timeout(CONNECT, opening).await;
        let Ok(opened) = opened else {
            let text = format!("redis at {address} does not answer within {} s", CONNECT.as_secs());
            return Err(StoreError::Unavailable(text));
        };
        let connection = opened.map_err(|error| {
            let found = trouble(&error);
            match found.next {
                Next::Broken => {
                    StoreError::Unavailable(format!("redis at {address} does not answer: {}", plain(&error)))
                }
                _ => located(found.error, &address),
            }
        })?;
        Ok(Self {
            connection,
            alive,
            silence: Silence::default(),
            node: node.clone(),
        })
    }

    pub(super) fn is_alive(&self) -> bool {
        self.alive.load(Ordering::Acquire) && !self.silence.is_long()
    }

    /// Not used for new calls any more; it ends with the last call that is under way on it.
    pub(super) fn give_up(&self) {
        self.alive.store(false, Ordering::Release);
    }

    /// Sends commands together; an answer, or what is wrong with it, for each.
    pub(super) async fn send(&self, commands: &Pipeline) -> Result<Vec<Result<Value, Trouble>>, Trouble> {
        let mut connection = self.connection.clone();
        let count = commands.len();
        self.silence.asked();
        let sent = connection.send_packed_commands(commands, 0, count).await;
        let answers = sent.map_err(|error| {
            let found = trouble(&error);
            if found.next == Next::Broken {
                self.give_up();
            }
            found
        })?;
        self.silence.answered();
        let checked = |answer: Value| answer.extract_error().map_err(|error| trouble(&error));
        Ok(answers.into_iter().map(checked).collect())
    }

    /// One command, once.
    pub(super) async fn ask<T: FromRedisValue>(&self, command: Cmd) -> Result<T, Trouble> {
        let mut commands = redis::pipe();
        commands.add_command(command);
        let answer = self.send(&commands).await?.pop().unwrap_or(Ok(Value::Nil))?;
        redis::from_redis_value(answer).map_err(|error| trouble(&error.into()))
    }
}

/// The system's own words, where the error is one of the system.
fn plain(error: &redis::RedisError) -> String {
    error.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn silence_counts_from_the_first_question_whoever_still_waits() {
        let silence = Silence::default();
        tokio::time::advance(RESPONSE * 2).await;
        assert!(!silence.is_long(), "nothing was asked");
        for _ in 0..4 {
            silence.asked();
            tokio::time::advance(RESPONSE / 3).await;
        }
        assert!(silence.is_long(), "asked again and again, and never answered");
        silence.answered();
        silence.asked();
        tokio::time::advance(RESPONSE / 2).await;
        assert!(!silence.is_long());
    }
}

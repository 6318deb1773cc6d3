//! One connection, shared, which comes back by itself; every call has a deadline.
//!
//! No blocking command is ever sent: it would hold up all callers of the connection. A call
//! whose connection breaks is not repeated here, because it may have happened: callers repeat,
//! and versions and cursor tell. Reads of the inbox poll.

use super::problem::{problem, unusable_url};
use super::scripts::Script;
use crate::store::StoreError;
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{Client, Cmd, ErrorKind, FromRedisValue, IntoConnectionInfo, Pipeline, ProtocolVersion, ServerErrorKind};
use secrecy::{ExposeSecret, SecretString};
use std::time::Duration;

/// To reach the server.
const CONNECT: Duration = Duration::from_secs(2);
/// For one answer: a commit of 50,000 changes takes some 100 ms.
const RESPONSE: Duration = Duration::from_secs(5);
/// For one call, with waiting for a connection that is being made anew.
const DEADLINE: Duration = Duration::from_secs(10);
/// Between attempts to reach a server that went away. Attempts end after about ten seconds;
/// the next call begins them again.
const SHORTEST_DELAY: Duration = Duration::from_millis(50);
const LONGEST_DELAY: Duration = Duration::from_secs(1);
const ATTEMPTS: usize = 12;

#[derive(Clone)]
pub(super) struct Connection {
    manager: ConnectionManager,
    /// `host:port` without user and password.
    pub(super) address: String,
}

fn too_slow() -> StoreError {
    StoreError::Unavailable("redis gave no answer within 10 s; the change may have happened".to_owned())
}

async fn timely<T>(call: impl Future<Output = redis::RedisResult<T>>) -> Result<redis::RedisResult<T>, StoreError> {
    tokio::time::timeout(DEADLINE, call).await.map_err(|_| too_slow())
}

fn has_no_script(error: &redis::RedisError) -> bool {
    error.kind() == ErrorKind::Server(ServerErrorKind::NoScript)
}

impl Connection {
    /// RESP3, so that a connection that dies while idle is noticed at once.
    pub(super) async fn open(url: &SecretString) -> Result<Self, StoreError> {
        let information = url.expose_secret().into_connection_info().map_err(|_| unusable_url())?;
        let settings = information
            .redis_settings()
            .clone()
            .set_protocol(ProtocolVersion::RESP3);
        let information = information.set_redis_settings(settings);
        let address = information.addr().to_string();
        let client = Client::open(information).map_err(|error| problem(&error))?;
        let config = ConnectionManagerConfig::new()
            .set_connection_timeout(Some(CONNECT))
            .set_response_timeout(Some(RESPONSE))
            .set_min_delay(SHORTEST_DELAY)
            .set_max_delay(LONGEST_DELAY)
            .set_number_of_retries(ATTEMPTS);
        // At start once: a wrong password is not asked about twelve times.
        let first = redis::AsyncConnectionConfig::new().set_connection_timeout(Some(CONNECT));
        timely(client.get_multiplexed_async_connection_with_config(&first))
            .await?
            .map_err(|error| unreachable_at(&address, &error))?;
        let manager = timely(ConnectionManager::new_with_config(client, config)).await?;
        Ok(Self {
            manager: manager.map_err(|error| unreachable_at(&address, &error))?,
            address,
        })
    }

    /// One command, as the server answers it.
    pub(super) async fn raw<T: FromRedisValue>(&self, command: &Cmd) -> Result<redis::RedisResult<T>, StoreError> {
        let mut manager = self.manager.clone();
        timely(command.query_async(&mut manager)).await
    }

    pub(super) async fn command<T: FromRedisValue>(&self, command: &Cmd) -> Result<T, StoreError> {
        self.raw(command).await?.map_err(|error| problem(&error))
    }

    /// Reads only: were one command of it to fail, those behind it would run all the same.
    pub(super) async fn read_together<T: FromRedisValue>(&self, reads: &Pipeline) -> Result<T, StoreError> {
        let mut manager = self.manager.clone();
        timely(reads.query_async(&mut manager))
            .await?
            .map_err(|error| problem(&error))
    }

    /// Runs a script by its name; if the server does not know it (restarted, failed over,
    /// `SCRIPT FLUSH`), sends all of it again with its text. It did not run the first time.
    /// A script is always a call of its own, never part of a pipeline.
    pub(super) async fn run<T: FromRedisValue>(
        &self,
        script: &Script,
        keys: &[String],
        arguments: &[Vec<u8>],
    ) -> Result<T, StoreError> {
        let mut command = script.by_name();
        command.arg(keys.len()).arg(keys).arg(arguments);
        let answer = self.raw(&command).await?;
        let answer = match answer {
            Err(error) if has_no_script(&error) => {
                let mut command = script.by_text();
                command.arg(keys.len()).arg(keys).arg(arguments);
                self.raw(&command).await?
            }
            answer => answer,
        };
        answer.map_err(|error| problem(&error))
    }
}

fn unreachable_at(address: &str, error: &redis::RedisError) -> StoreError {
    match problem(error) {
        // Nothing was asked yet, so nothing may have happened.
        StoreError::Unavailable(_) if error.kind() == ErrorKind::Io => StoreError::Unavailable(format!(
            "redis at {address}: {error}: start it, or correct `url` under [store]"
        )),
        StoreError::Unavailable(text) => StoreError::Unavailable(format!("redis at {address}: {text}")),
        StoreError::Refused(text) => {
            StoreError::Refused(text.replacen("redis refuses", &format!("redis at {address} refuses"), 1))
        }
        other => other,
    }
}

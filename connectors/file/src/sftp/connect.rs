//! A connection to an SFTP server: reached, proven to be the right one, logged in. Each step has a deadline.
//!
//! The only host that is ever connected to is the one that the operator names in `url`, so an address of the own network
//! is as good as any other here, as with the named host of HTTP; nothing that a server says leads to another host.

use super::host_key::Stranger;
use super::settings::Remote;
use omnistock_sdk::{ConnectorError, ExposeSecret};
use russh::client::{self, AuthResult, Handle, KeyboardInteractiveAuthResponse};
use russh::keys::ssh_key::Fingerprint;
use russh::keys::{Algorithm, HashAlg, PrivateKey, PrivateKeyWithHashAlg, PublicKeyOrCertificate};
use russh::{ChannelMsg, MethodKind, Preferred};
use russh_sftp::client::RawSftpSession;
use std::borrow::Cow;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::timeout;

/// A connection that nobody used for so long is closed. Polls that come more often keep it: logging in for each would
/// fill the server's log and look like an attack; rare ones do not hold a place of the server for nothing.
const IDLE: Duration = Duration::from_mins(1);
/// Questions that a server may ask before it lets somebody in.
const MOST_QUESTIONS: usize = 5;

/// Decides about the server's key, and remembers one that it did not believe.
pub(super) struct Gatekeeper {
    believed: Vec<Fingerprint>,
    stranger: Arc<Mutex<Option<(Stranger, Algorithm)>>>,
}

impl client::Handler for Gatekeeper {
    type Error = russh::Error;

    async fn check_server_key(&mut self, shown: &PublicKeyOrCertificate) -> Result<bool, russh::Error> {
        // Certificates are not asked for, so none is believed.
        let PublicKeyOrCertificate::PublicKey { key, .. } = shown else {
            return Ok(false);
        };
        if self.believed.contains(&key.fingerprint(HashAlg::Sha256)) {
            return Ok(true);
        }
        let mut stranger = self.stranger.lock().unwrap_or_else(PoisonError::into_inner);
        *stranger = Some((Stranger::new(key), key.algorithm()));
        Ok(false)
    }
}

/// An open connection.
pub(super) struct Connection {
    pub(super) raw: Arc<RawSftpSession>,
    pub(super) handle: Handle<Gatekeeper>,
}

impl Remote {
    /// As messages call it.
    pub(super) fn server(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }

    fn late(&self, what: &str) -> ConnectorError {
        let (server, deadline) = (self.server(), self.deadline.as_millis());
        ConnectorError::retry(format!("{server}: {what} within {deadline} ms"))
    }

    fn broken(&self, error: &russh::Error) -> ConnectorError {
        let server = self.server();
        match error {
            russh::Error::NoCommonAlgo { kind, theirs, .. } => ConnectorError::operator(format!(
                "{server} and this program have no {kind:?} algorithm in common; it offers {}: its operator has to update it",
                theirs.join(", ")
            )),
            russh::Error::Version => {
                ConnectorError::operator(format!("{server} does not speak SSH: look at host and port in `url`"))
            }
            other => ConnectorError::retry(format!("{server}: the connection broke: {other}")),
        }
    }

    /// Connects, checks the server's key, logs in, and opens the file service.
    pub(super) async fn connect(&self) -> Result<Connection, ConnectorError> {
        let mut handle = self.trusted().await?;
        let login = timeout(self.deadline, self.login(&mut handle));
        login.await.map_err(|_| self.late("logging in did not end"))??;
        let opened = timeout(self.deadline, self.open(&handle));
        let raw = opened.await.map_err(|_| self.late("the file service did not open"))??;
        Ok(Connection {
            raw: Arc::new(raw),
            handle,
        })
    }

    /// Only one of a server's keys may be the one that is believed, of whatever kind: it is asked for all kinds in turn.
    async fn trusted(&self) -> Result<Handle<Gatekeeper>, ConnectorError> {
        let believed = self.trust.believed(&self.host, self.port)?;
        let mut kinds = Preferred::DEFAULT.key.to_vec();
        let mut seen = Vec::new();
        // Each round leaves at least one kind fewer.
        while !kinds.is_empty() {
            let stranger = Arc::default();
            let gatekeeper = Gatekeeper {
                believed: believed.clone(),
                stranger: Arc::clone(&stranger),
            };
            let outcome = self.greeted(gatekeeper, kinds.clone()).await?;
            let shown = stranger.lock().unwrap_or_else(PoisonError::into_inner).take();
            match (outcome, shown) {
                (Ok(handle), _) => return Ok(handle),
                (Err(_), Some((stranger, kind))) => {
                    let rsa = matches!(kind, Algorithm::Rsa { .. });
                    kinds.retain(|other| *other != kind && !(rsa && matches!(other, Algorithm::Rsa { .. })));
                    seen.push(stranger);
                }
                // It has no key of the kinds that are left.
                (Err(russh::Error::NoCommonAlgo { .. }), None) if !seen.is_empty() => break,
                (Err(error), None) => return Err(self.broken(&error)),
            }
        }
        Err(self.trust.refused(&self.server(), &seen))
    }

    /// One connection up to the server's key. The inner error is that of the greeting.
    async fn greeted(
        &self,
        gatekeeper: Gatekeeper,
        kinds: Vec<Algorithm>,
    ) -> Result<Result<Handle<Gatekeeper>, russh::Error>, ConnectorError> {
        let preferred = Preferred {
            key: Cow::Owned(kinds),
            ..Preferred::DEFAULT
        };
        let config = client::Config {
            preferred,
            inactivity_timeout: Some(IDLE.max(self.deadline * 2)),
            nodelay: true,
            ..client::Config::default()
        };
        let connect = timeout(self.deadline, TcpStream::connect((self.host.as_str(), self.port)));
        let stream = connect.await.map_err(|_| self.late("no connection"))?;
        let stream =
            stream.map_err(|error| ConnectorError::retry(format!("{}: no connection: {error}", self.server())))?;
        // Small requests are answered by large pieces; waiting to fill packets would only cost time.
        drop(stream.set_nodelay(true));
        let greeting = timeout(
            self.deadline,
            client::connect_stream(Arc::new(config), stream, gatekeeper),
        );
        greeting.await.map_err(|_| self.late("it did not introduce itself"))
    }

    async fn login(&self, handle: &mut Handle<Gatekeeper>) -> Result<(), ConnectorError> {
        let broken = |error: russh::Error| self.broken(&error);
        let mut takes = Vec::new();
        if let Some(key) = &self.key {
            match self.login_by_key(handle, key).await.map_err(broken)? {
                AuthResult::Success => return Ok(()),
                AuthResult::Failure { remaining_methods, .. } => takes = remaining_methods.to_vec(),
            }
        }
        if let Some(password) = &self.password {
            let password = password.expose_secret();
            let outcome = handle
                .authenticate_password(&self.user, password)
                .await
                .map_err(broken)?;
            match outcome {
                AuthResult::Success => return Ok(()),
                AuthResult::Failure { remaining_methods, .. } => takes = remaining_methods.to_vec(),
            }
            // Many servers take a password only as the answer to a question.
            if takes.contains(&MethodKind::KeyboardInteractive)
                && self.answer(handle, password).await.map_err(broken)?
            {
                return Ok(());
            }
        }
        Err(self.refused(&takes))
    }

    async fn login_by_key(
        &self,
        handle: &mut Handle<Gatekeeper>,
        key: &Arc<PrivateKey>,
    ) -> Result<AuthResult, russh::Error> {
        let mut hashes = vec![None];
        if key.algorithm().is_rsa() {
            // A server that doesn't say what it takes may be an old one, which knows only SHA-1.
            hashes = match handle.best_supported_rsa_hash().await? {
                Some(best) => vec![best],
                None => vec![Some(HashAlg::Sha256), None],
            };
        }
        let mut outcome = None;
        for hash in hashes {
            let key = PrivateKeyWithHashAlg::new(Arc::clone(key), hash);
            let answer = handle.authenticate_publickey(&self.user, key).await?;
            if matches!(
                answer,
                AuthResult::Success
                    | AuthResult::Failure {
                        partial_success: true,
                        ..
                    }
            ) {
                return Ok(answer);
            }
            outcome = Some(answer);
        }
        outcome.ok_or(russh::Error::NoAuthMethod)
    }

    /// Answers what a server asks with the password, where the answer is not to be shown.
    async fn answer(&self, handle: &mut Handle<Gatekeeper>, password: &str) -> Result<bool, russh::Error> {
        let mut asked = handle.authenticate_keyboard_interactive_start(&self.user, None).await?;
        for _ in 0..MOST_QUESTIONS {
            let prompts = match asked {
                KeyboardInteractiveAuthResponse::Success => return Ok(true),
                KeyboardInteractiveAuthResponse::Failure { .. } => return Ok(false),
                KeyboardInteractiveAuthResponse::InfoRequest { prompts, .. } => prompts,
            };
            let answer = |echo: bool| if echo { String::new() } else { password.to_owned() };
            let answers = prompts.iter().map(|prompt| answer(prompt.echo)).collect();
            asked = handle.authenticate_keyboard_interactive_respond(answers).await?;
        }
        Ok(false)
    }

    fn refused(&self, takes: &[MethodKind]) -> ConnectorError {
        let takes: Vec<&str> = takes.iter().map(<&str>::from).collect();
        let mut with = Vec::new();
        if let Some(key) = &self.key {
            let public = key.public_key();
            with.push(format!(
                "the key {} {}",
                public.algorithm(),
                public.fingerprint(HashAlg::Sha256)
            ));
        }
        if self.password.is_some() {
            with.push("the password".to_owned());
        }
        ConnectorError::operator(format!(
            "{} refuses {} with {}; it takes {}: correct `user` and the secret, or have its operator enter the key",
            self.server(),
            self.user,
            with.join(" and "),
            if takes.is_empty() {
                "nothing".to_owned()
            } else {
                takes.join(", ")
            },
        ))
    }

    async fn open(&self, handle: &Handle<Gatekeeper>) -> Result<RawSftpSession, ConnectorError> {
        let none = |why: &str| {
            let (server, user) = (self.server(), &self.user);
            ConnectorError::operator(format!(
                "{server} lets {user} in, but offers no SFTP ({why}): its operator has to permit it"
            ))
        };
        let mut channel = handle
            .channel_open_session()
            .await
            .map_err(|error| self.broken(&error))?;
        let asked = channel.request_subsystem(true, "sftp").await;
        asked.map_err(|error| self.broken(&error))?;
        loop {
            match channel.wait().await {
                Some(ChannelMsg::Success) => break,
                Some(ChannelMsg::Failure | ChannelMsg::Close | ChannelMsg::Eof) | None => return Err(none("refused")),
                Some(_) => {}
            }
        }
        let raw = RawSftpSession::new(channel.into_stream());
        // Ours come first; this only ends what nobody waits for any more.
        raw.set_timeout(self.deadline.as_secs() + 5);
        raw.init().await.map_err(|error| none(&error.to_string()))?;
        Ok(raw)
    }
}

//! The keys that say which SFTP server, as whom, and what proves that it is the right one.

use super::host_key::Trust;
use crate::pattern::Pattern;
use omnistock_sdk::{ConnectorContext, ExposeSecret, SecretReference, SecretString, SettingsReader};
use russh::keys::{PrivateKey, decode_secret_key};
use serde::Deserialize;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use url::Url;

const EXAMPLE: &str = "\"sftp://erp.example.com/export/stock-*.csv\"";
/// Connecting, logging in and each call may take so long, unless the operator says otherwise: milliseconds.
const DEADLINE: u64 = 30_000;

/// Files on a server.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Address {
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) files: Pattern,
}

impl Address {
    /// Of an address that begins with `sftp:`. `/~/` is the folder in which the login begins.
    pub(crate) fn new(url: &Url) -> Result<Self, String> {
        let Some(host) = url.host_str().filter(|host| !host.is_empty()) else {
            return Err(format!("the address names no host: write it like {EXAMPLE}"));
        };
        if url.query().is_some() {
            return Err("the address must have no \"?\": write it as %3F".to_owned());
        }
        let path = decoded(url.path()).ok_or("what follows a % in the address is no UTF-8 text")?;
        let (base, path) = path
            .strip_prefix("/~/")
            .map_or(("/", path.as_str()), |path| (".", path));
        Ok(Self {
            host: host.trim_start_matches('[').trim_end_matches(']').to_owned(),
            port: url.port().unwrap_or(22),
            files: Pattern::new(Path::new(base), path)?,
        })
    }
}

/// Without `%20` and the like.
fn decoded(path: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(path.len());
    let mut parts = path.split('%');
    bytes.extend_from_slice(parts.next()?.as_bytes());
    for part in parts {
        bytes.push(u8::from_str_radix(part.get(..2)?, 16).ok()?);
        bytes.extend_from_slice(part.get(2..)?.as_bytes());
    }
    String::from_utf8(bytes).ok().filter(|text| !text.contains('\0'))
}

/// A server, and as whom it is asked.
#[derive(Debug)]
pub(crate) struct Remote {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) user: String,
    pub(super) key: Option<Arc<PrivateKey>>,
    pub(super) password: Option<SecretString>,
    pub(super) trust: Trust,
    /// Of connecting, of logging in, of each call.
    pub(super) deadline: Duration,
}

/// Fingerprints of host keys.
#[derive(Deserialize)]
#[serde(untagged, expecting = "a fingerprint like \"SHA256:…\", or a list of them")]
pub(crate) enum HostKeys {
    One(String),
    Some(Vec<String>),
}

impl HostKeys {
    fn all(&self) -> &[String] {
        match self {
            Self::One(key) => std::slice::from_ref(key),
            Self::Some(keys) => keys,
        }
    }
}

/// The keys of the table.
pub(crate) struct SftpTable<'t> {
    pub(crate) user: Option<&'t str>,
    pub(crate) password: Option<&'t SecretReference>,
    pub(crate) private_key: Option<&'t SecretReference>,
    pub(crate) passphrase: Option<&'t SecretReference>,
    pub(crate) host_key: Option<&'t HostKeys>,
    pub(crate) known_hosts: Option<&'t str>,
    pub(crate) deadline_ms: Option<u64>,
}

impl SftpTable<'_> {
    /// Those that have a value; of no use elsewhere.
    pub(crate) fn own(&self) -> Vec<&'static str> {
        let keys = [
            ("private_key", self.private_key.is_some()),
            ("passphrase", self.passphrase.is_some()),
            ("host_key", self.host_key.is_some()),
            ("known_hosts", self.known_hosts.is_some()),
            ("deadline_ms", self.deadline_ms.is_some()),
        ];
        keys.iter().filter(|(_, set)| *set).map(|(key, _)| *key).collect()
    }

    pub(crate) fn checked(
        &self,
        context: &ConnectorContext,
        host: String,
        port: u16,
        reader: &mut SettingsReader<'_>,
    ) -> Option<Remote> {
        let before = reader.told();
        let deadline = reader.within("deadline_ms", self.deadline_ms, DEADLINE, 500, 300_000, "milliseconds");
        let user = self.user.unwrap_or_default();
        if user.is_empty() {
            reader.problem("user", "`user` is missing: as whom to log in at the server", "");
        }
        if self.password.is_none() && self.private_key.is_none() {
            let message = "nothing to log in with: set private_key = { credential = \"…\" }, or `password`";
            reader.problem("private_key", message, "");
        }
        let password = reader.secret("password", self.password);
        let key = self.key(reader);
        let trust = self.trust(context, &host, port, reader);
        let remote = trust.map(|trust| Remote {
            host,
            port,
            user: user.to_owned(),
            key: key.map(Arc::new),
            password,
            trust,
            deadline: Duration::from_millis(deadline),
        });
        remote.filter(|_| reader.told() == before)
    }

    fn key(&self, reader: &mut SettingsReader<'_>) -> Option<PrivateKey> {
        if self.private_key.is_none() && self.passphrase.is_some() {
            reader.problem("passphrase", "there is no `private_key` that it would open", "");
        }
        let key = reader.secret("private_key", self.private_key)?;
        let passphrase = reader.secret("passphrase", self.passphrase);
        if passphrase.is_none() && self.passphrase.is_some() {
            return None;
        }
        let text = key.expose_secret();
        let phrase = passphrase.as_ref().map(ExposeSecret::expose_secret);
        match decode_secret_key(text, phrase) {
            Ok(key) => Some(key),
            Err(russh::keys::Error::KeyIsEncrypted) => {
                reader.problem(
                    "passphrase",
                    "the private key is encrypted, and `passphrase` is missing",
                    "",
                );
                None
            }
            // What the error says may be about the key's own bytes: it is not repeated.
            Err(_) if passphrase.is_some() && text.contains("PRIVATE KEY-----") => {
                reader.problem("passphrase", "the private key can't be opened with this passphrase", "");
                None
            }
            Err(_) => {
                let help = "its text begins with \"-----BEGIN OPENSSH PRIVATE KEY-----\"; make one with `ssh-keygen -t ed25519`";
                reader.problem(
                    "private_key",
                    "what is there is no private key that is understood",
                    help,
                );
                None
            }
        }
    }

    fn trust(
        &self,
        context: &ConnectorContext,
        host: &str,
        port: u16,
        reader: &mut SettingsReader<'_>,
    ) -> Option<Trust> {
        match (self.host_key, self.known_hosts) {
            (Some(keys), None) => Trust::pinned(keys.all())
                .map_err(|message| reader.problem("host_key", message, ""))
                .ok(),
            (None, Some(path)) => {
                let path = context.folder.join(path);
                let known = Trust::file(path, host, port);
                known.map_err(|message| reader.problem("known_hosts", message, "")).ok()
            }
            (None, None) => {
                let message =
                    "`host_key` is missing: without it, anybody on the way could answer in the server's place";
                let help = format!(
                    "ask the server's operator for its fingerprint, host_key = \"SHA256:…\" (to compare: `ssh-keyscan -p {port} {host} | ssh-keygen -lf -`), or set known_hosts = \"FILE\""
                );
                reader.problem("host_key", message, &help);
                None
            }
            (Some(_), Some(_)) => {
                reader.problem(
                    "known_hosts",
                    "host keys are given twice, here and as `host_key`: keep one",
                    "",
                );
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn address(text: &str) -> Result<Address, String> {
        let url: Url = text.parse().map_err(|error| format!("{error}"))?;
        Address::new(&url)
    }

    #[test]
    fn an_address_names_host_port_folder_and_name() {
        for (text, host, port, folder, name) in [
            (
                "sftp://erp.example.com/out/stock-*.csv",
                "erp.example.com",
                22,
                "/out",
                "stock-*.csv",
            ),
            ("sftp://10.0.0.7:2222/s.csv", "10.0.0.7", 2222, "/", "s.csv"),
            ("sftp://[::1]:2222/~/out/s.csv", "::1", 2222, "./out", "s.csv"),
            ("sftp://h/~/s.csv", "h", 22, "./", "s.csv"),
            (
                "sftp://h/Lager%20S%C3%BCd/best and.csv",
                "h",
                22,
                "/Lager Süd",
                "best and.csv",
            ),
        ] {
            let read = address(text).unwrap();
            let files = (read.files.folder.to_str().unwrap(), read.files.name.as_str());
            assert_eq!(
                (read.host.as_str(), read.port, files),
                (host, port, (folder, name)),
                "{text}"
            );
        }
        for text in [
            "sftp:///out/s.csv",
            "sftp://h/s.csv?x=1",
            "sftp://h/%ff/s.csv",
            "sftp://h/%f",
            "sftp://h/out/",
            "sftp://h/*/s.csv",
            "sftp://h",
        ] {
            assert!(address(text).is_err(), "{text}");
        }
    }

    proptest! {
        /// However an address writes them, folder and name are what a server calls them.
        #[test]
        fn names_are_read_as_they_were_meant(folder in "[^/*\\x00]{1,12}", name in "[a-zäß %?#&+]{1,12}x", all: bool) {
            prop_assume!(!matches!(folder.as_str(), "." | ".." | "~"));
            let written = |text: &str| -> String {
                let sign = |byte: u8| match byte {
                    b'a'..=b'z' if !all => char::from(byte).to_string(),
                    other => format!("%{other:02X}"),
                };
                text.bytes().map(sign).collect()
            };
            let read = address(&format!("sftp://h/{}/{}", written(&folder), written(&name))).unwrap();
            prop_assert_eq!(read.files, Pattern { folder: Path::new("/").join(folder), name });
        }

        /// Nothing that somebody writes there ends the program.
        #[test]
        fn any_path_is_read_or_refused(path in ".{0,40}") {
            drop(address(&format!("sftp://h/{path}")));
            drop(decoded(&path));
        }
    }
}

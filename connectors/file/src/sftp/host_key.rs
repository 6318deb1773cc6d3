//! Whether a server is the one that the operator means: by the fingerprint of its host key, or by a file of known keys.
//!
//! There is no "trust it the first time": whoever answers could be anybody on the way.

use omnistock_sdk::ConnectorError;
use russh::keys::known_hosts::known_host_keys_path;
use russh::keys::ssh_key::Fingerprint;
use russh::keys::{HashAlg, PublicKey};
use std::path::PathBuf;

/// Whose keys are believed.
#[derive(Debug)]
pub(crate) enum Trust {
    /// Any of these.
    Pinned(Vec<Fingerprint>),
    /// Those that this file lists for the server; read for each connection, so that a change needs no restart.
    File(PathBuf),
}

/// A key that a server showed and that is not believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stranger {
    /// Such as `ssh-ed25519`.
    pub(super) kind: String,
    pub(super) fingerprint: String,
}

impl Stranger {
    pub(super) fn new(key: &PublicKey) -> Self {
        Self {
            kind: key.algorithm().to_string(),
            fingerprint: key.fingerprint(HashAlg::Sha256).to_string(),
        }
    }
}

impl Trust {
    /// By fingerprints as `ssh-keygen -l` shows them; the error is one sentence.
    pub(super) fn pinned(texts: &[String]) -> Result<Self, String> {
        if texts.is_empty() {
            return Err("the list is empty: nobody would be believed".to_owned());
        }
        let read = |text: &String| {
            let plain = text.trim_end_matches('=');
            let wrong = |_| {
                format!(
                    "{text:?} is no fingerprint like \"SHA256:…\" with 43 signs behind the colon: `ssh-keygen -lf FILE` shows it"
                )
            };
            let fingerprint: Fingerprint = plain.parse().map_err(wrong)?;
            if fingerprint.is_sha256() {
                Ok(fingerprint)
            } else {
                Err(format!("{text:?} is not of SHA256"))
            }
        };
        texts.iter().map(read).collect::<Result<_, _>>().map(Self::Pinned)
    }

    /// By a file like `~/.ssh/known_hosts`, which has to list this server; the error is one sentence.
    pub(super) fn file(path: PathBuf, host: &str, port: u16) -> Result<Self, String> {
        let shown = path.display();
        let text = std::fs::read_to_string(&path).map_err(|error| format!("{shown} can't be read: {error}"))?;
        if text.lines().any(|line| line.trim_start().starts_with('@')) {
            return Err(format!(
                "{shown} has lines that begin with @ (authorities, revoked keys), which are not understood: put the server's own line into a file of its own"
            ));
        }
        let known =
            known_host_keys_path(host, port, &path).map_err(|error| format!("{shown} can't be read: {error}"))?;
        if known.is_empty() {
            return Err(format!(
                "{shown} lists no key of {host} at port {port}: add the line that `ssh-keyscan -p {port} {host}` prints, once its fingerprint is confirmed by the server's operator"
            ));
        }
        Ok(Self::File(path))
    }

    /// The keys that are believed now.
    pub(super) fn believed(&self, host: &str, port: u16) -> Result<Vec<Fingerprint>, ConnectorError> {
        match self {
            Self::Pinned(fingerprints) => Ok(fingerprints.clone()),
            Self::File(path) => {
                let known = known_host_keys_path(host, port, path);
                let known = known.map_err(|error| {
                    ConnectorError::operator(format!("known_hosts {} can't be read: {error}", path.display()))
                })?;
                Ok(known
                    .into_iter()
                    .map(|(_, key)| key.fingerprint(HashAlg::Sha256))
                    .collect())
            }
        }
    }

    /// What to do about a server none of whose keys is believed.
    pub(super) fn refused(&self, server: &str, seen: &[Stranger]) -> ConnectorError {
        let shown: Vec<String> = seen
            .iter()
            .map(|key| format!("{} {}", key.kind, key.fingerprint))
            .collect();
        let (shown, first) = (
            shown.join(", "),
            seen.first().map_or("", |key| key.fingerprint.as_str()),
        );
        let rest = match self {
            Self::Pinned(_) => format!(
                "none of which is `host_key`. If the server's operator confirms that the key is new, set host_key = \"{first}\"; if not"
            ),
            Self::File(path) => format!(
                "none of which stands for it in {}. If the server's operator confirms one of them, replace the server's line there; if not",
                path.display()
            ),
        };
        ConnectorError::operator(format!(
            "{server} shows the host keys {shown}, {rest}, somebody else answers in its place. Not logged in"
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAILM+rvN+ot98qgEN796jTiQfZfG1KaT0PtFDJ/XFSqti";
    const PRINT: &str = "SHA256:UCUiLr7Pjs9wFFJMDByLgc3NrtdU344OgUM45wZPcIQ";

    #[test]
    fn only_whole_fingerprints_of_sha256_are_taken() {
        let pinned = |text: &str| Trust::pinned(&[text.to_owned()]);
        for good in [PRINT.to_owned(), format!("{PRINT}=")] {
            assert!(pinned(&good).is_ok(), "{good}");
        }
        for wrong in [
            "",
            "SHA256:",
            "SHA256:abc",
            "UCUiLr7Pjs9wFFJMDByLgc3NrtdU344OgUM45wZPcIQ",
            "16:27:ac:a5:76:28:2d:36:63:1b:56:4d:eb:df:a6:48",
            KEY,
        ] {
            assert!(pinned(wrong).is_err(), "{wrong}");
        }
        assert!(Trust::pinned(&[]).is_err());
    }

    #[test]
    fn a_file_of_known_hosts_has_to_list_the_server_at_its_port() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("known_hosts");
        assert!(
            Trust::file(path.clone(), "erp.test", 22)
                .unwrap_err()
                .contains("known_hosts can't be read")
        );
        std::fs::write(
            &path,
            format!("# ours\nerp.test {KEY} comment\n[erp.test]:2222,other {KEY}\n"),
        )
        .unwrap();
        for (host, port, listed) in [
            ("erp.test", 22, true),
            ("erp.test", 2222, true),
            ("other", 22, false),
            ("erp.test", 23, false),
        ] {
            let trust = Trust::file(path.clone(), host, port);
            assert_eq!(trust.is_ok(), listed || host == "other", "{host}:{port} {trust:?}");
        }
        let trust = Trust::file(path.clone(), "erp.test", 22).unwrap();
        assert_eq!(trust.believed("erp.test", 22).unwrap()[0].to_string(), PRINT);
        // A change is seen without a restart.
        std::fs::write(&path, "").unwrap();
        assert!(trust.believed("erp.test", 22).unwrap().is_empty());
        std::fs::write(&path, format!("@revoked erp.test {KEY}\n")).unwrap();
        assert!(Trust::file(path, "erp.test", 22).unwrap_err().contains('@'));
    }

    #[test]
    fn a_refusal_names_what_was_seen_and_what_to_do() {
        let seen = [Stranger {
            kind: "ssh-ed25519".into(),
            fingerprint: PRINT.into(),
        }];
        let said = Trust::pinned(&[PRINT.to_owned()])
            .unwrap()
            .refused("erp.test:22", &seen)
            .message;
        assert!(
            said.contains(&format!("ssh-ed25519 {PRINT}")) && said.contains(&format!("set host_key = \"{PRINT}\"")),
            "{said}"
        );
    }
}

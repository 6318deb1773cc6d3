//! Two daemons on one merchant and one Redis: the second has ports and a state folder of its own.
#![allow(dead_code, reason = "each test program uses a part of it")]

use crate::support::daemon::Daemon;
use crate::support::merchant::{Answer, Merchant, free_port, request, until};
use std::path::PathBuf;
use std::process::Command;

/// The lease of these tests, milliseconds.
pub(crate) const LEASE: i64 = 1_000;

/// A daemon with its ports.
pub(crate) struct Member {
    pub(crate) daemon: Daemon,
    pub(crate) admin: u16,
    pub(crate) webhooks: u16,
}

/// `[store]` for a Redis, with a short lease and a state folder in the merchant's own.
pub(crate) fn store(merchant: &Merchant, url: &str, prefix: &str, state: &str) -> String {
    let folder = merchant.folder.path().display();
    format!(
        "kind = \"redis\"\nurl = \"{url}\"\nprefix = \"{prefix}\"\nlease = \"{LEASE}ms\"\npath = \"{folder}/{state}\""
    )
}

impl Member {
    /// Starts a daemon of the merchant as `name`.
    pub(crate) fn start(merchant: &Merchant, url: &str, name: &str) -> Self {
        Self::start_changed(merchant, url, name, |text| text)
    }

    /// The same with a configuration of its own.
    pub(crate) fn start_changed(
        merchant: &Merchant,
        url: &str,
        name: &str,
        change: impl FnOnce(String) -> String,
    ) -> Self {
        Self::start_under(merchant, url, name, &[], |text| change(text.to_owned()))
    }

    /// The same with further environment variables.
    pub(crate) fn start_under(
        merchant: &Merchant,
        url: &str,
        name: &str,
        environment: &[(&str, &str)],
        change: impl FnOnce(&str) -> String,
    ) -> Self {
        let (admin, webhooks) = (free_port(), free_port());
        let text = merchant
            .text(&store(merchant, url, "omnistock", name))
            .replace(
                &format!("127.0.0.1:{}\"", merchant.admin),
                &format!("127.0.0.1:{admin}\""),
            )
            .replace(
                &format!("127.0.0.1:{}\"", merchant.webhooks),
                &format!("127.0.0.1:{webhooks}\""),
            );
        let file = merchant.folder.path().join(format!("{name}.toml"));
        std::fs::write(&file, change(&text)).unwrap();
        Self {
            daemon: Daemon::start_with(&file, environment),
            admin,
            webhooks,
        }
    }

    pub(crate) fn file(merchant: &Merchant, name: &str) -> PathBuf {
        merchant.folder.path().join(format!("{name}.toml"))
    }

    pub(crate) fn get(&self, path: &str) -> Option<Answer> {
        request(self.admin, &format!("GET {path} HTTP/1.1"), b"")
    }

    /// What it says of leading; empty when it does not answer.
    pub(crate) fn standing(&self) -> String {
        let status = self.get("/api/v1/status").map(|answer| answer.body).unwrap_or_default();
        let status: serde_json::Value = serde_json::from_str(&status).unwrap_or_default();
        status["standing"].as_str().unwrap_or_default().to_owned()
    }

    pub(crate) fn leads(&self) -> bool {
        self.standing().starts_with("leads since")
    }

    pub(crate) async fn comes_to_lead(&self) {
        until("it leads", || self.leads(), || self.daemon.log()).await;
    }

    pub(crate) async fn comes_to_stand_by(&self) {
        let standing = || self.standing().contains(" leads since ");
        until("it stands by", standing, || {
            format!("{}\n{}", self.standing(), self.daemon.log())
        })
        .await;
    }

    /// Sends it a signal, such as `-STOP`.
    pub(crate) fn signal(&self, signal: &str) {
        let id = self.daemon.id().to_string();
        assert!(Command::new("kill").args([signal, &id]).status().unwrap().success());
    }
}

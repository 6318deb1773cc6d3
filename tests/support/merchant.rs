//! A small merchant: an ERP's folder, a `WooCommerce` shop, a Medusa market, 24 articles, and a
//! configuration with free ports and secrets of its own. Every test opens one for itself.

use super::canary;
use super::daemon::Daemon;
use omnistock_medusa::simulator as medusa;
use omnistock_sdk::SecretString;
use omnistock_sdk::http::hmac_sha256_base64;
use omnistock_woocommerce::simulator as woocommerce;
use serde_json::Value;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// Articles of the merchant: enough for guards that never act below ten.
pub const ARTICLES: usize = 24;
/// How long a condition is waited for; a test that fails takes this long, one that passes never does.
pub const PATIENCE: Duration = Duration::from_secs(30);
/// The secret with which the test signs webhooks.
pub const WEBHOOK_SECRET: &str = "webhook-c0ffee5ec4e7";

pub struct Merchant {
    pub folder: tempfile::TempDir,
    pub shop: woocommerce::Simulator,
    pub market: medusa::Simulator,
    pub admin: u16,
    pub webhooks: u16,
    files: AtomicU32,
}

/// A free port below those that the system gives to outgoing connections, so that none of these takes it
/// before the daemon does. Every process and every call tries others first.
pub fn free_port() -> u16 {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let own = std::process::id() % 1_900 * 10;
    let candidates = std::iter::repeat_with(|| 12_000 + (own + NEXT.fetch_add(1, Ordering::Relaxed)) % 19_000);
    let mut ports = candidates.take(1_000).map(|port| u16::try_from(port).unwrap());
    ports
        .find(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok())
        .unwrap()
}

/// The SKU of an article.
pub fn sku(index: usize) -> String {
    format!("ART-{index:02}")
}

/// What the ERP has of an article in the beginning, and what both channels then show.
pub fn usual(index: usize) -> i64 {
    10 + i64::try_from(index).unwrap()
}

/// Waits until `met`; panics with what `instead` says when it does not come.
pub async fn until(what: &str, mut met: impl FnMut() -> bool, instead: impl FnOnce() -> String) {
    let begun = Instant::now();
    while !met() {
        assert!(
            begun.elapsed() < PATIENCE,
            "{what}: did not come within {PATIENCE:?}\n{}",
            instead()
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// An answer over HTTP.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: String,
}

/// One request on a connection of its own. `None`: nobody listens.
pub fn request(port: u16, head: &str, body: &[u8]) -> Option<Answer> {
    let mut socket = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).ok()?;
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    let length = body.len();
    let head = format!("{head}\r\nhost: 127.0.0.1:{port}\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n");
    socket.write_all(head.as_bytes()).ok()?;
    socket.write_all(body).ok()?;
    let mut answer = Vec::new();
    socket.read_to_end(&mut answer).ok()?;
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    canary::stays_in("an answer", &answer);
    Some(Answer {
        status,
        head: head.to_ascii_lowercase(),
        body: body.to_owned(),
    })
}

impl Merchant {
    pub async fn open() -> Self {
        Self::open_with(woocommerce::SimulatorSettings::default()).await
    }

    /// With a shop that starts so; its webhooks come soon.
    pub async fn open_with(settings: woocommerce::SimulatorSettings) -> Self {
        let faults = woocommerce::Faults {
            webhook_delay: Duration::from_millis(100),
            ..settings.faults.clone()
        };
        let settings = woocommerce::SimulatorSettings { faults, ..settings };
        let shop = woocommerce::Simulator::start(settings).await.unwrap();
        let market = medusa::Simulator::start(medusa::SimulatorSettings::default())
            .await
            .unwrap();
        let places = ["berlin", "hamburg"].map(|name| (market.add_location(name), 0));
        for index in 0..ARTICLES {
            shop.add_product(&sku(index), 1);
            market.add_product(&sku(index), &places);
        }
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("erp")).unwrap();
        let files = AtomicU32::new(0);
        Self {
            folder,
            shop,
            market,
            admin: free_port(),
            webhooks: free_port(),
            files,
        }
    }

    /// A secret in a file of its own, as a configuration refers to it.
    pub fn secret(&self, name: &str, value: &str) -> String {
        let path = self.folder.path().join(name);
        let mut file = std::fs::OpenOptions::new()
            .create(true)
            .write(true)
            .truncate(true)
            .mode(0o600)
            .open(&path)
            .unwrap();
        file.write_all(value.as_bytes()).unwrap();
        format!("{{ file = \"{}\" }}", path.display())
    }

    /// The usual configuration; `store` is the section's body.
    pub fn text(&self, store: &str) -> String {
        let (admin, webhooks, folder) = (self.admin, self.webhooks, self.folder.path().display());
        let key = self.secret("shop-key", self.shop.key());
        let secret = self.secret("shop-secret", self.shop.secret());
        let webhook = self.secret("shop-webhook", WEBHOOK_SECRET);
        let password = self.secret("market-password", self.market.password());
        let (shop, market) = (self.shop.url(), self.market.url());
        let (shop, market) = (
            shop.as_str().trim_end_matches('/'),
            market.as_str().trim_end_matches('/'),
        );
        let email = self.market.email();
        format!(
            r#"[store]
{store}

[server]
admin      = "127.0.0.1:{admin}"
webhooks   = "127.0.0.1:{webhooks}"

[connectors.erp]
kind     = "file"
path     = "{folder}/erp/stock-*.csv"
every    = "100ms"
basis    = "physical"
absorb   = "never"
columns  = {{ sku = "Artikel", quantity = "Bestand", location = "Lager" }}
format   = {{ delimiter = ";", decimal = ",", encoding = "utf-8" }}

[connectors.shop]
kind           = "woocommerce"
url            = "{shop}"
key            = {key}
secret         = {secret}
webhook_secret = {webhook}
deadline_ms    = 2000

[connectors.market]
kind     = "medusa"
url      = "{market}"
email    = "{email}"
password = {password}
deadline_ms = 2000

[locations.berlin]
[locations.hamburg]

[channels.shop]
locations    = ["berlin"]
mode         = "live"
orders_every = "300ms"
audit_every  = "1s"

[channels.market]
locations    = ["berlin"]
mode         = "live"
orders_every = "300ms"
audit_every  = "1s"
"#
        )
    }

    /// On the embedded store.
    pub fn embedded(&self) -> String {
        self.text(&format!("path = \"{}/state\"", self.folder.path().display()))
    }

    /// The configuration as a file.
    pub fn write(&self, text: &str) -> PathBuf {
        let file = self.folder.path().join("omnistock.toml");
        std::fs::write(&file, text).unwrap();
        file
    }

    pub fn erp(&self) -> PathBuf {
        self.folder.path().join("erp")
    }

    /// A stock file's name that no earlier one had.
    pub fn name(&self) -> String {
        format!("stock-{:03}.csv", self.files.fetch_add(1, Ordering::Relaxed))
    }

    /// Drops a file as ERPs do: renamed when it is whole. Its name.
    pub fn drop_file(&self, bytes: &[u8]) -> String {
        let name = self.name();
        let part = self.erp().join(format!("{name}.part"));
        std::fs::write(&part, bytes).unwrap();
        std::fs::rename(part, self.erp().join(&name)).unwrap();
        name
    }

    /// A well-formed file with these quantities; `None` leaves the row out. Its name.
    pub fn drop_stock(&self, of: impl Fn(usize) -> Option<i64>) -> String {
        self.drop_file(table(of).as_bytes())
    }

    /// Whether both channels show so much of every article.
    pub fn both_show(&self, of: impl Fn(usize) -> i64) -> bool {
        self.shop_shows(&of) && self.market_shows(&of)
    }

    pub fn shop_shows(&self, of: impl Fn(usize) -> i64) -> bool {
        (0..ARTICLES).all(|index| self.shop.shown(&sku(index)) == Some(of(index)))
    }

    pub fn market_shows(&self, of: impl Fn(usize) -> i64) -> bool {
        (0..ARTICLES).all(|index| self.market.shown(&sku(index)) == Some(of(index)))
    }

    /// What both channels show, for a message.
    pub fn shown(&self) -> String {
        let one = |index: usize| (sku(index), self.shop.shown(&sku(index)), self.market.shown(&sku(index)));
        format!("{:?}", (0..ARTICLES).map(one).collect::<Vec<_>>())
    }

    /// How many numbers both channels were sent so far.
    pub fn written(&self) -> u64 {
        self.shop.counters().items_written + self.market.counters().items_written
    }

    /// Waits until both channels show so much.
    pub async fn settles(&self, daemon: &Daemon, of: impl Fn(usize) -> i64) {
        let instead = || format!("{}\n{}\n{}", self.shown(), self.status_text(), daemon.log());
        until("both channels right", || self.both_show(&of), instead).await;
    }

    /// A daemon on the usual configuration and embedded store, both channels right.
    pub async fn at_work(&self) -> Daemon {
        self.at_work_on(&self.embedded()).await
    }

    /// A daemon on this configuration, both channels right.
    pub async fn at_work_on(&self, text: &str) -> Daemon {
        let daemon = Daemon::start(&self.write(text));
        self.drop_stock(|index| Some(usual(index)));
        self.settles(&daemon, usual).await;
        daemon
    }

    /// `GET` on the admin listener.
    pub fn get(&self, path: &str) -> Option<Answer> {
        let answer = request(self.admin, &format!("GET {path} HTTP/1.1"), b"")?;
        super::documented::is_documented("GET", path, answer.status, &answer.body);
        Some(answer)
    }

    /// What `/api/v1/status` says; null when nobody answers.
    pub fn status(&self) -> Value {
        self.get("/api/v1/status")
            .and_then(|answer| serde_json::from_str(&answer.body).ok())
            .unwrap_or_default()
    }

    fn status_text(&self) -> String {
        serde_json::to_string_pretty(&self.status()).unwrap()
    }

    /// Waits until what is at `pointer` of the status is as wanted; that part.
    pub async fn status_says(&self, daemon: &Daemon, pointer: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let mut found = Value::Null;
        let instead = || format!("{}\n{}", self.status_text(), daemon.log());
        let met = || {
            found = self.status().pointer(pointer).cloned().unwrap_or_default();
            wanted(&found)
        };
        until(&format!("status{pointer}"), met, instead).await;
        found
    }

    /// `omnistock -c FILE …`: exit code, standard output, standard error.
    pub fn command(&self, arguments: &[&str]) -> Ended {
        let file = self.folder.path().join("omnistock.toml");
        let mut all = vec!["-c", file.to_str().unwrap()];
        all.extend(arguments);
        omnistock(&all, &[])
    }

    /// A signed webhook that tells of this shop order.
    pub fn webhook(&self, body: &str) -> Option<Answer> {
        let signature = hmac_sha256_base64(&SecretString::from(WEBHOOK_SECRET), body.as_bytes());
        let head = format!(
            "POST /webhooks/shop HTTP/1.1\r\ncontent-type: application/json\r\nx-wc-webhook-topic: order.updated\r\nx-wc-webhook-signature: {signature}"
        );
        request(self.webhooks, &head, body.as_bytes())
    }
}

/// A stock file as text.
pub fn table(of: impl Fn(usize) -> Option<i64>) -> String {
    let rows = (0..ARTICLES).filter_map(|index| Some(format!("{};berlin;{},0\n", sku(index), of(index)?)));
    std::iter::once("Artikel;Lager;Bestand\n".to_owned())
        .chain(rows)
        .collect()
}

/// How a run of the program ended.
#[derive(Debug)]
pub struct Ended {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Ended {
    /// Standard error without log lines.
    pub fn sentences(&self) -> String {
        let is_log = |line: &&str| line.starts_with("20") && line.contains("Z ");
        self.err
            .lines()
            .filter(|line| !is_log(line))
            .collect::<Vec<_>>()
            .join("\n")
    }
}

/// Runs the program to its end, within 30 seconds.
pub fn omnistock(arguments: &[&str], environment: &[(&str, &str)]) -> Ended {
    let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_omnistock"))
        .args(arguments)
        .envs(environment.iter().copied())
        .stdin(std::process::Stdio::null())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let begun = Instant::now();
    // Few enough words for the pipes: nothing has to be read meanwhile.
    while child.try_wait().unwrap().is_none() {
        if begun.elapsed() > PATIENCE {
            child.kill().unwrap();
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    let output = child.wait_with_output().unwrap();
    let text = |bytes| canary::checked("what the program says", String::from_utf8(bytes).unwrap());
    Ended {
        code: output.status.code(),
        out: text(output.stdout),
        err: text(output.stderr),
    }
}

/// Whether a file is there and what it says.
pub fn read(path: &Path) -> Option<String> {
    std::fs::read_to_string(path).ok()
}

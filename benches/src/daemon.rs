//! The daemon under test: its configuration, its process, and what it says of itself.

use crate::ask;
use crate::channels::{Places, sku};
use anyhow::{Context, Result, bail};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::net::TcpListener;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// A running daemon with its folder; killed when dropped.
pub(crate) struct Daemon {
    child: Child,
    program: PathBuf,
    folder: tempfile::TempDir,
    client: reqwest::Client,
    admin: String,
    webhooks: String,
    exports: u32,
}

fn free_port() -> Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

fn secret(folder: &Path, name: &str, value: &str) -> Result<String> {
    let path = folder.join(name);
    let mut options = std::fs::OpenOptions::new();
    let mut file = options.create(true).write(true).mode(0o600).open(&path)?;
    file.write_all(value.as_bytes())?;
    Ok(format!("{{ file = \"{}\" }}", path.display()))
}

/// What a shop's sections say beside the usual.
#[derive(Debug, Default)]
pub(crate) struct Extra {
    /// Lines of `[connectors.…]`.
    pub(crate) connector: &'static str,
    /// Lines of `[channels.…]`.
    pub(crate) channel: &'static str,
}

fn configuration(
    folder: &Path,
    store: &str,
    places: &Places,
    extras: &[Extra],
    (admin, webhooks): (u16, u16),
) -> Result<String> {
    let erp = folder.join("erp");
    let mut text = format!(
        r#"[store]
{store}

[server]
admin = "127.0.0.1:{admin}"
webhooks = "127.0.0.1:{webhooks}"
public_url = "http://127.0.0.1:{webhooks}"

[connectors.erp]
kind = "file"
path = "{}/stock-*.csv"
every = "50ms"
basis = "net_of_orders"
absorb = "never"
columns = {{ sku = "sku", quantity = "quantity" }}
location = "berlin"
format = {{ delimiter = ";", decimal = "," }}

[locations.berlin]

[pools.all]
locations = ["berlin"]
"#,
        erp.display()
    );
    for (number, shop) in places.shops.iter().enumerate() {
        let key = secret(folder, &format!("shop_{number}-key"), &shop.key)?;
        let own = secret(folder, &format!("shop_{number}-secret"), &shop.secret)?;
        let hook = secret(folder, &format!("shop_{number}-webhook"), &shop.webhook_secret)?;
        let Extra { connector, channel } = extras.get(number).unwrap_or(&Extra {
            connector: "",
            channel: "",
        });
        write!(
            text,
            r#"
[connectors.shop_{number}]
kind = "woocommerce"
url = "{}"
key = {key}
secret = {own}
webhook_secret = {hook}
{connector}

[channels.shop_{number}]
pool = "all"
mode = "live"
{channel}
"#,
            shop.url
        )?;
    }
    Ok(text)
}

/// Starts the program on what is in the folder; its log goes on where an earlier one ended.
fn spawn(program: &Path, folder: &Path) -> Result<Child> {
    let mut log = std::fs::OpenOptions::new();
    let log = log.create(true).append(true).open(folder.join("daemon.log"))?;
    Command::new(program)
        .arg("-c")
        .arg(folder.join("omnistock.toml"))
        .arg("run")
        // As the unit does.
        .env("MIMALLOC_ALLOW_THP", "0")
        // What is written down beside a store is of this store only.
        .env("STATE_DIRECTORY", folder.join("state"))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log)
        .spawn()
        .with_context(|| format!("{} does not start", program.display()))
}

impl Daemon {
    /// Writes a configuration and a first stock file, and starts.
    pub(crate) fn start(program: &Path, store: &str, places: &Places, rows: &[(usize, i64)]) -> Result<Self> {
        Self::start_with(program, store, places, rows, &[])
    }

    /// The same, with more in the sections of its shops.
    pub(crate) fn start_with(
        program: &Path,
        store: &str,
        places: &Places,
        rows: &[(usize, i64)],
        extras: &[Extra],
    ) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        std::fs::create_dir(folder.path().join("erp"))?;
        let ports = (free_port()?, free_port()?);
        let text = configuration(folder.path(), store, places, extras, ports)?;
        std::fs::write(folder.path().join("omnistock.toml"), text)?;
        let mut daemon = Self {
            child: spawn(program, folder.path())?,
            program: program.to_owned(),
            folder,
            client: reqwest::Client::new(),
            admin: format!("http://127.0.0.1:{}", ports.0),
            webhooks: format!("http://127.0.0.1:{}", ports.1),
            exports: 0,
        };
        daemon.export(rows)?;
        Ok(daemon)
    }

    /// Its process id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Where it takes webhooks.
    pub(crate) fn webhooks(&self) -> &str {
        &self.webhooks
    }

    /// SIGKILL, and the same daemon again: same folder, same ports.
    pub(crate) fn kill_and_start_again(&mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        self.child = spawn(&self.program, self.folder.path())?;
        Ok(())
    }

    /// Whether it says that it is ready.
    pub(crate) async fn ready(&self) -> bool {
        let answer = self.client.get(format!("{}/health/ready", self.admin)).send().await;
        answer.is_ok_and(|answer| answer.status().is_success())
    }

    /// What it knows of an article.
    pub(crate) async fn item(&self, sku: &str) -> Result<serde_json::Value> {
        ask::json(self.client.get(format!("{}/api/v1/items/{sku}", self.admin))).await
    }

    /// Drops a complete stock file into its folder: article and units.
    pub(crate) fn export(&mut self, rows: &[(usize, i64)]) -> Result<()> {
        self.exports += 1;
        let mut text = String::from("sku;quantity\n");
        for (number, units) in rows {
            writeln!(text, "{};{units}", sku(*number))?;
        }
        let folder = self.folder.path().join("erp");
        let (part, whole) = (
            folder.join("stock.part"),
            folder.join(format!("stock-{:05}.csv", self.exports)),
        );
        std::fs::write(&part, text)?;
        Ok(std::fs::rename(part, whole)?)
    }

    /// What it says of itself.
    pub(crate) async fn status(&self) -> Result<serde_json::Value> {
        ask::json(self.client.get(format!("{}/api/v1/status", self.admin))).await
    }

    /// How often it has asked its store, by what it asked.
    pub(crate) async fn asked(&self) -> Result<BTreeMap<String, u64>> {
        let text = ask::text(self.client.get(format!("{}/metrics", self.admin))).await?;
        let count = |line: &str| {
            let (question, count) = line
                .strip_prefix("omnistock_store_seconds_count{question=\"")?
                .split_once("\"} ")?;
            Some((question.to_owned(), count.trim().parse().ok()?))
        };
        Ok(text.lines().filter_map(count).collect())
    }

    /// Has every connector read now.
    pub(crate) async fn sync(&self) -> Result<()> {
        let asked = self.client.post(format!("{}/api/v1/sync", self.admin));
        let _answer: serde_json::Value = ask::json(asked.json(&serde_json::json!({}))).await?;
        Ok(())
    }

    /// Waits until it says that every listing is in sync.
    pub(crate) async fn in_sync(&mut self, listings: u64, within: Duration) -> Result<()> {
        let begun = Instant::now();
        let mut last = serde_json::Value::Null;
        while begun.elapsed() < within {
            if let Some(status) = self.child.try_wait()? {
                bail!("the daemon ended with {status}:\n{}", self.log());
            }
            if let Ok(status) = self.status().await {
                if in_sync(&status) >= listings {
                    return Ok(());
                }
                last = status;
            }
            sleep(Duration::from_millis(50)).await;
        }
        bail!("not in sync within {within:?}: {last:#}\n{}", self.log())
    }

    /// Its resident memory, megabytes.
    pub(crate) fn memory(&self) -> f64 {
        self.megabytes("VmRSS:")
    }

    /// The most it ever had, megabytes.
    pub(crate) fn peak(&self) -> f64 {
        self.megabytes("VmHWM:")
    }

    fn megabytes(&self, name: &str) -> f64 {
        let path: PathBuf = ["/proc", &self.child.id().to_string(), "status"].iter().collect();
        let text = std::fs::read_to_string(path).unwrap_or_default();
        let kilobytes = text.lines().find_map(|line| line.strip_prefix(name));
        let kilobytes: Option<f64> = kilobytes.and_then(|text| text.trim().trim_end_matches(" kB").parse().ok());
        #[allow(clippy::float_arithmetic, reason = "megabytes for people")]
        kilobytes.map_or(f64::NAN, |kilobytes| kilobytes / 1_024.0)
    }

    /// What the daemon said.
    pub(crate) fn log(&self) -> String {
        let text = std::fs::read_to_string(self.folder.path().join("daemon.log")).unwrap_or_default();
        let skip = text.lines().count().saturating_sub(40);
        text.lines().skip(skip).collect::<Vec<_>>().join("\n")
    }
}

fn in_sync(status: &serde_json::Value) -> u64 {
    let channels = status.get("channels").and_then(serde_json::Value::as_array);
    let of_channel = |channel: &serde_json::Value| channel.pointer("/listings/in_sync")?.as_u64();
    channels.into_iter().flatten().filter_map(of_channel).sum()
}

impl Drop for Daemon {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

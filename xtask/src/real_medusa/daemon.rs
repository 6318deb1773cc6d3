//! The daemon with `config/medusa-and-woocommerce.toml`, in a folder of its own, and the ERP that drops files beside it.

use super::second_shop::SecondShop;
use super::server::Medusa;
use super::shop::Shop;
use crate::http;
use crate::process::{Folder, Process, free_port};
use anyhow::{Context, Result};
use std::path::PathBuf;
use std::process::Command;

const CONFIGURATION: &str = "config/medusa-and-woocommerce.toml";

/// A running daemon.
pub(crate) struct Daemon {
    process: Process,
    admin: String,
    folder: Folder,
    files: u32,
}

/// One row of the ERP's file: article, units as the ERP writes them, location.
pub(crate) type Row<'a> = (&'a str, &'a str, &'a str);

/// The program, fresh: optimised where there is an optimised one already.
fn program() -> Result<PathBuf> {
    let root = crate::root();
    let release = root.join("target/release/omnistock");
    if release.is_file() {
        crate::run(crate::cargo().args(["build", "--package", "omnistock", "--bin", "omnistock", "--release"]))?;
        return Ok(release);
    }
    // An example beside it: then features are those of the tests, and nothing is compiled anew.
    crate::run(crate::cargo().args(["build", "--workspace", "--bin", "omnistock", "--example", "second_shop"]))?;
    Ok(root.join("target/debug/omnistock"))
}

/// Windows-1252, as far as it is the same as Latin-1: all that a German ERP writes but the euro sign and typographic quotes.
fn windows_1252(text: &str) -> Result<Vec<u8>> {
    text.chars()
        .map(|c| u8::try_from(u32::from(c)).with_context(|| format!("{c} is not in Latin-1")))
        .collect()
}

impl Daemon {
    /// Prepares the folder, drops a first file and starts the daemon; returns when it is ready.
    pub(crate) fn start(medusa: &Medusa, shop: &Shop, second: &SecondShop, first: &[Row]) -> Result<Self> {
        let folder = Folder::new("real-daemon")?;
        std::fs::create_dir_all(folder.0.join("erp"))?;
        let configuration = folder.0.join("omnistock.toml");
        std::fs::copy(crate::root().join(CONFIGURATION), &configuration)
            .with_context(|| format!("{CONFIGURATION} can't be copied"))?;
        let admin = format!("127.0.0.1:{}", free_port()?);
        let mut command = Command::new(program()?);
        command.arg("run").arg("-c").arg(&configuration).current_dir(&folder.0);
        command
            .env("OMNISTOCK__STORE__KIND", "embedded")
            .env("OMNISTOCK__STORE__PATH", folder.0.join("state"));
        command
            .env("OMNISTOCK__SERVER__ADMIN", &admin)
            .env("OMNISTOCK__SERVER__WEBHOOKS", format!("127.0.0.1:{}", free_port()?));
        command
            .env("OMNISTOCK__CONNECTORS__MEDUSA__URL", &medusa.url)
            .env("MEDUSA_API_KEY", shop.api_key()?);
        command.env("OMNISTOCK__CONNECTORS__WOO__URL", second.access("url"));
        command
            .env("WOO_KEY", second.access("key"))
            .env("WOO_SECRET", second.access("secret"));
        command.env("WOO_WEBHOOK_SECRET", second.access("webhook_secret"));
        command.env("OMNISTOCK__LOCATIONS__BERLIN__CODES__MEDUSA", &shop.berlin);
        command.env("OMNISTOCK__LOCATIONS__HAMBURG__CODES__MEDUSA", &shop.hamburg);
        let log = folder.0.join("daemon.log");
        let mut files = 0;
        drop_file(&folder, &mut files, first)?;
        let mut process = Process::start("omnistock", &mut command, &log)?;
        let ready = format!("http://{admin}/health/ready");
        process.wait_until(60, || {
            http::call("GET", &ready, &[], None).is_ok_and(|answer| answer.status == 200)
        })?;
        Ok(Self {
            process,
            admin,
            folder,
            files,
        })
    }

    /// Drops a complete stock file the way a careful ERP does: written under another name, then renamed.
    pub(crate) fn drop_file(&mut self, rows: &[Row]) -> Result<()> {
        drop_file(&self.folder, &mut self.files, rows)
    }

    /// What helps a person when an expectation failed: the daemon's own view and its last words.
    pub(crate) fn testimony(&self) -> String {
        let status = http::call("GET", &format!("http://{}/api/v1/status", self.admin), &[], None);
        let status = status.map_or_else(
            |error| format!("no status: {error:#}"),
            |answer| answer.body.to_string(),
        );
        format!("{status}\n{}", self.process.last_words())
    }
}

fn drop_file(folder: &Folder, files: &mut u32, rows: &[Row]) -> Result<()> {
    *files += 1;
    let lines = rows
        .iter()
        .map(|(sku, units, location)| format!("{sku};Grün, groß;{units};{location}\r\n"));
    let text: String = std::iter::once("Artikelnummer;Bezeichnung;Bestand;Lager\r\n".to_owned())
        .chain(lines)
        .collect();
    let erp = folder.0.join("erp");
    let (draft, name) = (erp.join("draft.part"), erp.join(format!("stock-{:04}.csv", *files)));
    std::fs::write(&draft, windows_1252(&text)?)?;
    Ok(std::fs::rename(&draft, &name)?)
}

//! The demonstration's configuration: an ordinary file, as an operator would write it.

use super::shop::{Shop, Vendor};
use super::world::{LOCATIONS, MAX_SHOWN, SAFETY_STOCK, World};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use tokio::net::TcpListener;

/// The port if it is free, else another free one.
async fn port(wanted: u16) -> std::io::Result<u16> {
    let listener = match TcpListener::bind(("127.0.0.1", wanted)).await {
        Ok(listener) => listener,
        Err(_) => TcpListener::bind(("127.0.0.1", 0)).await?,
    };
    Ok(listener.local_addr()?.port())
}

fn secret(folder: &Path, name: &str, value: &str) -> std::io::Result<String> {
    let path = folder.join("secrets").join(name);
    let mut file = std::fs::OpenOptions::new()
        .create(true)
        .write(true)
        .truncate(true)
        .mode(0o600)
        .open(&path)?;
    file.write_all(value.as_bytes())?;
    Ok(format!("{{ file = \"{}\" }}", path.display()))
}

/// A shop's own table, and its secrets in files.
fn write_connector(text: &mut Vec<u8>, folder: &Path, shop: &Shop) -> std::io::Result<()> {
    let name = shop.channel;
    match &shop.vendor {
        Vendor::WooCommerce(woo) => {
            let key = secret(folder, &format!("{name}-key"), woo.key())?;
            let own = secret(folder, &format!("{name}-secret"), woo.secret())?;
            let hook = secret(folder, &format!("{name}-webhook"), woo.webhook_secret())?;
            writeln!(
                text,
                "\n[connectors.{name}]\nkind = \"woocommerce\"\ndeadline_ms = 2000\noverlap_ms = 3000\nurl = \"{}\"\nkey = {key}\nsecret = {own}\nwebhook_secret = {hook}",
                woo.url().as_str().trim_end_matches('/'),
            )?;
        }
        Vendor::Medusa(medusa) => {
            let password = secret(folder, &format!("{name}-password"), medusa.password())?;
            writeln!(
                text,
                "\n[connectors.{name}]\nkind = \"medusa\"\ndeadline_ms = 2000\noverlap_ms = 3000\nurl = \"{}\"\nemail = \"{}\"\npassword = {password}",
                medusa.url().as_str().trim_end_matches('/'),
                medusa.email(),
            )?;
        }
        Vendor::Amazon(amazon) => {
            let own = secret(folder, &format!("{name}-secret"), &amazon.client_secret())?;
            let refresh = secret(folder, &format!("{name}-refresh"), &amazon.refresh_token())?;
            writeln!(
                text,
                "\n[connectors.{name}]\nkind = \"amazon\"\ndeadline_ms = 2000\noverlap_ms = 3000\nregion = \"eu\"\nbase_url = \"{}\"\nlogin_url = \"{}\"\nplan = \"sandbox\"\nsettle_ms = 0\norders_late_ms = 0\nseller_id = \"{}\"\nmarketplaces = {:?}\nclient_id = \"{}\"\nclient_secret = {own}\nrefresh_token = {refresh}",
                amazon.url(),
                amazon.login_url(),
                amazon.seller(),
                amazon.marketplaces(),
                amazon.client_id(),
            )?;
        }
        Vendor::Ebay(ebay) => {
            let own = secret(folder, &format!("{name}-secret"), ebay.client_secret())?;
            let refresh = secret(folder, &format!("{name}-consent"), ebay.refresh_token())?;
            writeln!(
                text,
                "\n[connectors.{name}]\nkind = \"ebay\"\ndeadline_ms = 2000\noverlap_ms = 3000\nmarketplace = \"EBAY_DE\"\nbase_url = \"{}\"\ntrading = false\nclient_id = \"{}\"\nclient_secret = {own}\nrefresh_token = {refresh}",
                ebay.url(),
                ebay.client_id(),
            )?;
        }
    }
    Ok(())
}

/// Where the demonstration keeps its state.
#[derive(Debug, Clone)]
pub enum StoreSection {
    /// In its folder.
    Embedded,
    /// In a Redis at this address.
    Redis(String),
}

/// Writes `omnistock.toml` and its secrets; the file. Ports are taken if they are free, else others; 0 takes any.
pub async fn write(
    folder: &Path,
    world: &World,
    store: &StoreSection,
    (admin, webhooks): (u16, u16),
) -> std::io::Result<PathBuf> {
    let store = match store {
        StoreSection::Embedded => format!("kind = \"embedded\"\npath = \"{}/state\"", folder.display()),
        StoreSection::Redis(url) => format!(
            "kind = \"redis\"\nurl = \"{url}\"\npath = \"{}/state\"",
            folder.display()
        ),
    };
    std::fs::create_dir_all(folder.join("secrets"))?;
    let (admin, webhooks) = (port(admin).await?, port(webhooks).await?);
    let mut text = Vec::new();
    write!(
        text,
        r#"# Written by `omnistock demo`. The shops in it ended with it; everything else is yours to look at.

[store]
{store}

[server]
admin      = "127.0.0.1:{admin}"
webhooks   = "127.0.0.1:{webhooks}"
public_url = "http://127.0.0.1:{webhooks}"

[connectors.erp]
kind     = "file"
path     = "{folder}/erp/stock-*.csv"
every    = "200ms"
basis    = "net_of_orders"
absorb   = "by_reference"
columns  = {{ sku = "Artikelnummer", quantity = "Bestand", location = "Lager" }}
format   = {{ delimiter = ";", decimal = ",", encoding = "windows-1252" }}
orders   = {{ path = "{folder}/erp/orders-*.csv", columns = {{ channel = "Kanal", order = "Auftrag", line = "Pos", quantity = "Menge" }} }}
"#,
        folder = folder.display(),
    )?;
    for location in LOCATIONS {
        writeln!(text, "\n[locations.{location}]")?;
    }
    writeln!(text, "\n[pools.all]\nlocations = {LOCATIONS:?}")?;
    for shop in &world.shops {
        write_connector(&mut text, folder, shop)?;
        writeln!(
            text,
            "\n[channels.{}]\npool = \"all\"\nmode = \"live\"\nsafety_stock = {SAFETY_STOCK}\nmax_shown = {MAX_SHOWN}\norders_every = \"500ms\"",
            shop.channel,
        )?;
    }
    let file = folder.join("omnistock.toml");
    std::fs::write(&file, text)?;
    Ok(file)
}

//! Where the daemon listens: `--admin`, else the environment's and the configuration's address,
//! else the default. Read leniently: a configuration with errors must not hide a running daemon.
//!
//! A token goes only where nobody on the way can read it: encrypted, or not out of this machine.

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

const DEFAULT: &str = "127.0.0.1:8710";
const MOST_BYTES: u64 = 4 << 20;

/// What a daemon behind a proxy with TLS is asked by.
const TLS: &str = "https://";

/// The address to speak to, as `host:port`, or `https://host:port` where a proxy with TLS answers.
pub(super) fn admin_address(given: Option<&str>, config: &Path) -> String {
    if let Some(given) = given {
        let bare = given.strip_prefix("http://").unwrap_or(given);
        return bare.trim_end_matches('/').to_owned();
    }
    let environment = std::env::var("OMNISTOCK__SERVER__ADMIN").ok();
    environment
        .or_else(|| configured(config))
        .map_or_else(|| DEFAULT.to_owned(), |address| reachable(&address))
}

/// Where requests go, without the slash at the end.
pub(super) fn base(address: &str) -> String {
    if address.starts_with(TLS) {
        address.to_owned()
    } else {
        format!("http://{address}")
    }
}

/// Whether others could read what is sent there: it is neither encrypted nor to this machine.
pub(super) fn in_the_clear(address: &str) -> bool {
    if address.starts_with(TLS) {
        return false;
    }
    // Before `@` would be a user's name, and the host behind it.
    if address.contains('@') {
        return true;
    }
    let host = match address.strip_prefix('[') {
        Some(v6) => v6.split(']').next().unwrap_or(v6),
        None => address.split(':').next().unwrap_or(address),
    };
    let here = host.parse::<IpAddr>().is_ok_and(|ip| ip.to_canonical().is_loopback());
    !here && !host.eq_ignore_ascii_case("localhost")
}

/// The last `[server] admin` of the file and of `conf.d/*.toml` beside it.
fn configured(config: &Path) -> Option<String> {
    let mut files = vec![config.to_owned()];
    files.extend(beside(config));
    files.iter().filter_map(|file| admin_of(file)).next_back()
}

fn beside(config: &Path) -> Vec<PathBuf> {
    let Some(folder) = config.parent() else {
        return Vec::new();
    };
    let Ok(entries) = std::fs::read_dir(folder.join("conf.d")) else {
        return Vec::new();
    };
    let paths = entries.take(10_000).filter_map(|entry| Some(entry.ok()?.path()));
    let mut files: Vec<PathBuf> = paths
        .filter(|path| path.extension().is_some_and(|end| end == "toml"))
        .collect();
    files.sort();
    files
}

fn admin_of(file: &Path) -> Option<String> {
    if std::fs::metadata(file).ok()?.len() > MOST_BYTES {
        return None;
    }
    let text = std::fs::read_to_string(file).ok()?;
    let table: toml::Table = text.parse().ok()?;
    Some(table.get("server")?.get("admin")?.as_str()?.to_owned())
}

/// A daemon that listens everywhere is spoken to on this machine.
fn reachable(address: &str) -> String {
    match address.parse::<SocketAddr>() {
        Ok(SocketAddr::V4(v4)) if v4.ip().is_unspecified() => format!("127.0.0.1:{}", v4.port()),
        Ok(SocketAddr::V6(v6)) if v6.ip().is_unspecified() => format!("[::1]:{}", v6.port()),
        _ => address.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_flag_wins_over_the_file_and_the_file_over_the_default() {
        let folder = tempfile::tempdir().unwrap();
        let config = folder.path().join("omnistock.toml");
        assert_eq!(admin_address(None, &config), DEFAULT);
        std::fs::write(&config, "[server]\nadmin = \"0.0.0.0:9001\"\n").unwrap();
        assert_eq!(admin_address(None, &config), "127.0.0.1:9001");
        std::fs::create_dir(folder.path().join("conf.d")).unwrap();
        std::fs::write(
            folder.path().join("conf.d/10.toml"),
            "[server]\nadmin = \"[::]:9002\"\n",
        )
        .unwrap();
        assert_eq!(admin_address(None, &config), "[::1]:9002");
        assert_eq!(admin_address(Some("http://10.0.0.5:9003/"), &config), "10.0.0.5:9003");
    }

    #[test]
    fn a_token_goes_encrypted_or_to_this_machine_only() {
        let config = Path::new("/nowhere/omnistock.toml");
        for (given, url, clear) in [
            ("127.0.0.1:8710", "http://127.0.0.1:8710", false),
            ("localhost:8710", "http://localhost:8710", false),
            ("[::1]:8710", "http://[::1]:8710", false),
            ("[::ffff:127.0.0.1]:8710", "http://[::ffff:127.0.0.1]:8710", false),
            ("https://stock.example.com/", "https://stock.example.com", false),
            ("https://10.0.0.5:8443", "https://10.0.0.5:8443", false),
            ("10.0.0.5:8710", "http://10.0.0.5:8710", true),
            ("http://stock.example.com:8710", "http://stock.example.com:8710", true),
            ("localhost.example.com:8710", "http://localhost.example.com:8710", true),
            (
                "127.0.0.1@stock.example.com:8710",
                "http://127.0.0.1@stock.example.com:8710",
                true,
            ),
            (
                "127.0.0.1:8710@stock.example.com",
                "http://127.0.0.1:8710@stock.example.com",
                true,
            ),
            ("[2001:db8::1]:8710", "http://[2001:db8::1]:8710", true),
        ] {
            let address = admin_address(Some(given), config);
            assert_eq!(
                (base(&address).as_str(), in_the_clear(&address)),
                (url, clear),
                "{given}"
            );
        }
    }

    #[test]
    fn a_broken_file_does_not_hide_the_daemon() {
        let folder = tempfile::tempdir().unwrap();
        let config = folder.path().join("omnistock.toml");
        std::fs::write(&config, "[server\nadmin = 7").unwrap();
        assert_eq!(admin_address(None, &config), DEFAULT);
    }
}

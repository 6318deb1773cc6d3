//! Where the daemon listens: `--admin`, else the environment's and the configuration's address,
//! else the default. Read leniently: a configuration with errors must not hide a running daemon.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

const DEFAULT: &str = "127.0.0.1:8710";
const MOST_BYTES: u64 = 4 << 20;

/// The address to speak to, as `host:port`.
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
    fn a_broken_file_does_not_hide_the_daemon() {
        let folder = tempfile::tempdir().unwrap();
        let config = folder.path().join("omnistock.toml");
        std::fs::write(&config, "[server\nadmin = 7").unwrap();
        assert_eq!(admin_address(None, &config), DEFAULT);
    }
}

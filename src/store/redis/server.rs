//! What kind of server this is: its version, whether it evicts, whether it keeps what it has, its clock.

use super::connection::Connection;
use super::settings::RedisWait;
use crate::store::StoreError;
use omnistock_words::Millis;
use std::collections::BTreeMap;

/// The clocks of two machines that run a time service differ by less.
const MOST_CLOCK_DIFFERENCE: i64 = 1_000;

/// What the server says of itself; empty where it does not tell.
#[derive(Debug, Default)]
pub(super) struct Server {
    /// Lines of `INFO`.
    information: BTreeMap<String, String>,
    settings: BTreeMap<String, String>,
    /// Its clock less ours (ms), as far as the way there and back can't explain it.
    clock: i64,
}

pub(super) fn fields(information: &str) -> BTreeMap<String, String> {
    let lines = information.lines().filter_map(|line| line.split_once(':'));
    lines
        .map(|(name, value)| (name.to_owned(), value.trim().to_owned()))
        .collect()
}

/// Whether a version is at least `major.minor`; one that can't be read passes.
fn is_at_least(version: &str, wanted: (u32, u32)) -> bool {
    let mut parts = version.split('.').map(|part| part.parse::<u32>().ok());
    match (parts.next().flatten(), parts.next().flatten()) {
        (Some(major), minor) => (major, minor.unwrap_or(0)) >= wanted,
        _ => true,
    }
}

/// How much two clocks differ beyond what the way there and back may have taken: all in ms.
fn difference(before: i64, theirs: i64, after: i64) -> i64 {
    if theirs < before {
        theirs.saturating_sub(before)
    } else {
        theirs.saturating_sub(after).max(0)
    }
}

/// How far a clock is from that of `now`, asked before and behind; nothing where a time service explains it.
pub(super) fn apart(before: Millis, theirs: i64, after: Millis) -> i64 {
    let difference = difference(before.0, theirs, after.0);
    if difference.abs() > MOST_CLOCK_DIFFERENCE {
        difference
    } else {
        0
    }
}

async fn clock(connection: &Connection) -> Result<i64, StoreError> {
    let before = omnistock_sdk::machine_now();
    let Some((seconds, micros)) = connection.allowed::<(i64, i64)>(redis::cmd("TIME")).await? else {
        return Ok(0);
    };
    let theirs = seconds.saturating_mul(1_000).saturating_add(micros / 1_000);
    Ok(apart(before, theirs, omnistock_sdk::machine_now()))
}

impl Server {
    pub(super) async fn look(connection: &Connection) -> Result<Self, StoreError> {
        let mut information = redis::cmd("INFO");
        information.arg("server").arg("replication");
        let information: Option<String> = connection.allowed(information).await?;
        let mut settings = redis::cmd("CONFIG");
        let names = ["maxmemory-policy", "appendonly", "appendfsync", "save"];
        settings.arg("GET").arg(&names);
        let settings = connection.allowed(settings).await?;
        Ok(Self {
            information: information.as_deref().map(fields).unwrap_or_default(),
            settings: settings.unwrap_or_default(),
            clock: clock(connection).await?,
        })
    }

    fn setting(&self, name: &str) -> Option<&str> {
        self.settings.get(name).map(String::as_str)
    }

    fn told(&self, name: &str) -> &str {
        self.information.get(name).map(String::as_str).unwrap_or_default()
    }

    /// Empty when it does not tell.
    pub(super) fn version(&self) -> &str {
        self.told("redis_version")
    }

    /// What makes it unusable.
    pub(super) fn refuse(&self, connection: &Connection, wait: Option<&RedisWait>) -> Result<(), StoreError> {
        let address = connection.address();
        match self.fault(connection.is_cluster(), wait) {
            Some(fault) => Err(StoreError::Refused(format!("redis at {address} {fault}"))),
            None => Ok(()),
        }
    }

    /// Continues "redis at host:port".
    fn fault(&self, by_slot: bool, wait: Option<&RedisWait>) -> Option<String> {
        let version = self.version();
        if !is_at_least(version, (7, 0)) {
            return Some(format!("has version {version}: install 7.0 or later"));
        }
        match self.told("redis_mode") {
            "sentinel" => {
                return Some("is a Sentinel: write `sentinels` and `master` instead under [store]".to_owned());
            }
            "cluster" if !by_slot => {
                return Some("is part of a Cluster: write `cluster` with its nodes instead under [store]".to_owned());
            }
            _ => {}
        }
        if wait.is_some_and(|wait| wait.on_disk) && !is_at_least(version, (7, 2)) {
            return Some(format!(
                "has version {version}, but `on_disk` of `wait` under [store] needs 7.2: install it, or take `on_disk` out"
            ));
        }
        let policy = self.setting("maxmemory-policy")?;
        let fault = format!(
            "may evict stock and orders (maxmemory-policy {policy}): run CONFIG SET maxmemory-policy noeviction and put it into redis.conf"
        );
        (policy != "noeviction").then_some(fault)
    }

    fn durability(&self) -> Option<String> {
        let sentence = match (self.setting("appendonly")?, self.setting("appendfsync")?) {
            ("yes", "always") => return None,
            ("yes", "everysec") => "Up to about 2 s of what was acknowledged may be lost when redis or the machine fails (appendfsync everysec); CONFIG SET appendfsync always ends that.".to_owned(),
            ("yes", other) => format!("What was acknowledged in the last half minute may be lost when the machine fails (appendfsync {other}): run CONFIG SET appendfsync always."),
            _ if self.setting("save").is_some_and(|save| !save.is_empty()) => "Redis keeps snapshots only: what came after the last one is lost when it stops unexpectedly; run CONFIG SET appendonly yes.".to_owned(),
            _ => "Redis does not persist: everything is lost when it stops; run CONFIG SET appendonly yes.".to_owned(),
        };
        Some(sentence)
    }

    /// What an operator should know, each one sentence.
    pub(super) fn warnings(&self, wait: Option<&RedisWait>) -> Vec<String> {
        let mut warnings = Vec::new();
        let connected = self.told("connected_slaves").parse::<u32>().ok();
        if let (Some(connected), Some(wait)) = (connected, wait)
            && connected < wait.replicas
        {
            let wanted = wait.replicas;
            warnings.push(format!(
                "Nothing is acknowledged: `wait` under [store] names {wanted} replicas, and {connected} are connected."
            ));
        }
        if self.version().is_empty() {
            warnings.push(
                "The version of redis could not be checked (INFO is refused): it must be 7.0 or later.".to_owned(),
            );
        }
        let unknown: Vec<&str> = ["maxmemory-policy", "appendonly", "appendfsync"]
            .into_iter()
            .filter(|name| self.setting(name).is_none())
            .collect();
        if !unknown.is_empty() {
            let names = unknown.join(", ");
            warnings.push(format!("Could not be checked, because redis refuses CONFIG GET: {names}; it must be noeviction, and should be yes and always."));
        }
        if let Some(policy) = self
            .setting("maxmemory-policy")
            .filter(|policy| *policy != "noeviction")
        {
            warnings.push(format!("Redis may evict stock and orders (maxmemory-policy {policy}): run CONFIG SET maxmemory-policy noeviction."));
        }
        warnings.extend(self.durability());
        if self.clock != 0 {
            let seconds = self.clock.abs() / 1_000;
            let way = if self.clock < 0 { "behind" } else { "ahead of" };
            warnings.push(format!(
                "The clock of redis is {seconds} s {way} the one of this machine, and times go by it: run a time service (such as chrony) on both."
            ));
        }
        warnings
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(settings: &[(&str, &str)]) -> Server {
        let settings = settings
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        Server {
            information: fields("redis_version:7.0.15\r\nredis_mode:standalone\r\n"),
            settings,
            clock: 0,
        }
    }

    fn told(information: &str) -> Server {
        Server {
            information: fields(information),
            ..Server::default()
        }
    }

    #[test]
    fn only_versions_from_seven_on_are_taken() {
        for (version, good) in [
            ("6.2.14", false),
            ("7.0.0", true),
            ("7.2.4", true),
            ("10.1", true),
            ("", true),
        ] {
            let server = told(&format!("redis_version:{version}"));
            assert_eq!(server.fault(false, None).is_none(), good, "{version}");
        }
    }

    #[test]
    fn warnings_say_what_may_be_lost() {
        let persistent = [
            ("maxmemory-policy", "noeviction"),
            ("appendonly", "yes"),
            ("appendfsync", "always"),
        ];
        assert!(server(&persistent).warnings(None).is_empty());
        for (settings, word) in [
            (
                [("appendonly", "no"), ("appendfsync", "always"), ("save", "")],
                "does not persist",
            ),
            (
                [("appendonly", "no"), ("appendfsync", "always"), ("save", "60 1")],
                "snapshots only",
            ),
            (
                [("appendonly", "yes"), ("appendfsync", "everysec"), ("save", "")],
                "2 s",
            ),
            (
                [("appendonly", "yes"), ("appendfsync", "no"), ("save", "")],
                "half minute",
            ),
        ] {
            assert!(
                server(&settings)
                    .warnings(None)
                    .iter()
                    .any(|warning| warning.contains(word)),
                "{word}"
            );
        }
        assert!(server(&[]).warnings(None)[0].contains("maxmemory-policy, appendonly, appendfsync"));
    }

    #[test]
    fn a_server_of_another_kind_is_refused_with_the_key_to_write() {
        for (mode, by_slot, word) in [
            ("sentinel", false, Some("`sentinels`")),
            ("cluster", false, Some("`cluster`")),
            ("cluster", true, None),
            ("standalone", false, None),
        ] {
            let fault = told(&format!("redis_version:7.0.1\r\nredis_mode:{mode}")).fault(by_slot, None);
            assert_eq!(fault.is_some(), word.is_some(), "{fault:?}");
            assert!(
                fault.is_none_or(|fault| fault.contains(word.unwrap_or_default())),
                "{mode}"
            );
        }
    }

    #[test]
    fn a_wish_that_the_version_can_not_grant_is_refused() {
        let wish = |on_disk| RedisWait {
            replicas: 1,
            on_disk,
            within: std::time::Duration::from_secs(1),
        };
        for (version, on_disk, good) in [
            ("7.0.15", false, true),
            ("7.0.15", true, false),
            ("7.2.0", true, true),
            ("8.0.1", true, true),
        ] {
            let fault = told(&format!("redis_version:{version}")).fault(false, Some(&wish(on_disk)));
            assert_eq!(fault.is_none(), good, "{version} {on_disk}: {fault:?}");
        }
    }

    #[test]
    fn replicas_that_are_missing_are_told() {
        let wait = RedisWait {
            replicas: 2,
            on_disk: false,
            within: std::time::Duration::from_secs(1),
        };
        let warnings = |told_of: &str| told(told_of).warnings(Some(&wait)).join(" ");
        assert!(warnings("connected_slaves:1").contains("names 2 replicas, and 1 are connected"));
        for fine in ["connected_slaves:2", ""] {
            assert!(!warnings(fine).contains("replicas"), "{fine}");
        }
    }

    #[test]
    fn clocks_differ_by_what_the_way_can_not_explain() {
        for (before, theirs, after, expected) in [
            (1_000, 1_005, 1_010, 0),
            (1_000, 990, 1_010, -10),
            (1_000, 6_010, 1_010, 5_000),
        ] {
            assert_eq!(difference(before, theirs, after), expected);
        }
        let server = |clock| Server {
            clock,
            ..told("redis_version:7.0.1")
        };
        for (clock, word) in [(-3_500, "3 s behind"), (61_000, "61 s ahead")] {
            let warnings = server(clock).warnings(None);
            assert!(warnings.iter().any(|warning| warning.contains(word)), "{warnings:?}");
        }
        assert_eq!(
            apart(Millis(1_000), 1_905, Millis(1_005)),
            0,
            "a time service leaves as much"
        );
        assert_eq!(apart(Millis(1_000), 6_010, Millis(1_010)), 5_000);
    }
}

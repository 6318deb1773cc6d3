//! The scripts, by the name that the server gives them.

use super::connection::Connection;
use crate::store::StoreError;
use redis::Cmd;

/// A script whose text and name are known; the name is the SHA-1 of the text.
pub(super) struct Script {
    text: &'static str,
    name: String,
}

impl Script {
    fn new(text: &'static str) -> Self {
        Self {
            text,
            name: redis::Script::new(text).get_hash().to_owned(),
        }
    }

    pub(super) fn by_name(&self) -> Cmd {
        let mut command = redis::cmd("EVALSHA");
        command.arg(&self.name);
        command
    }

    pub(super) fn by_text(&self) -> Cmd {
        let mut command = redis::cmd("EVAL");
        command.arg(self.text);
        command
    }
}

pub(super) struct Scripts {
    pub(super) acquire: Script,
    pub(super) renew: Script,
    pub(super) append: Script,
    pub(super) commit: Script,
    pub(super) scan: Script,
    pub(super) dirty: Script,
    pub(super) standing: Script,
    pub(super) name: Script,
    pub(super) history: Script,
    pub(super) forget: Script,
    pub(super) probe: Script,
}

impl Scripts {
    pub(super) fn new() -> Self {
        Self {
            acquire: Script::new(include_str!("acquire.lua")),
            renew: Script::new(include_str!("renew.lua")),
            append: Script::new(include_str!("append.lua")),
            commit: Script::new(include_str!("commit.lua")),
            scan: Script::new(include_str!("scan.lua")),
            dirty: Script::new(include_str!("dirty.lua")),
            standing: Script::new(include_str!("standing.lua")),
            name: Script::new(include_str!("name.lua")),
            history: Script::new(include_str!("history.lua")),
            forget: Script::new(include_str!("forget.lua")),
            probe: Script::new(include_str!("probe.lua")),
        }
    }

    /// Makes them known to the server; a later restart of it is noticed by NOSCRIPT.
    pub(super) async fn load(&self, connection: &Connection) -> Result<(), StoreError> {
        let all = [
            &self.acquire,
            &self.renew,
            &self.append,
            &self.commit,
            &self.scan,
            &self.dirty,
            &self.standing,
            &self.name,
            &self.history,
            &self.forget,
        ];
        for script in all {
            let mut command = redis::cmd("SCRIPT");
            command.arg("LOAD").arg(script.text);
            let _name: String = connection.command(command).await?;
        }
        Ok(())
    }
}

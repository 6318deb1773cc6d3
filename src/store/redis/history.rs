//! Reading and forgetting the history: a stream by time, and the ids of its entries by subject.

use super::{RedisStore, about, damaged};
use crate::store::{CommitError, HistoryId, HistorySize, Lease, PastEntry, StoreError, Way};
use redis::streams::StreamRangeReply;
use std::collections::BTreeSet;

/// Entries forgotten in one call of the script, at most: it holds the server up.
const MOST: usize = 1_000;

fn text(id: HistoryId) -> String {
    let (millis, within) = id.parts();
    format!("{millis}-{within}")
}

fn place(id: &str) -> Result<HistoryId, StoreError> {
    let parts = id
        .split_once('-')
        .and_then(|(millis, within)| Some((millis.parse().ok()?, within.parse().ok()?)));
    let (millis, within) = parts.ok_or_else(|| damaged("an entry of the history that is not ours"))?;
    Ok(HistoryId::from_parts(millis, within))
}

impl RedisStore {
    /// Entries of the stream as they stand: place, subjects, bytes.
    async fn stream(
        &self,
        from: HistoryId,
        way: Way,
        most: usize,
    ) -> Result<Vec<(HistoryId, Vec<u8>, Vec<u8>)>, StoreError> {
        if most == 0 {
            return Ok(Vec::new());
        }
        let (command, end) = match way {
            Way::Forward => ("XRANGE", "+"),
            Way::Back => ("XREVRANGE", "-"),
        };
        let mut range = redis::cmd(command);
        range.arg(self.keys.history()).arg(format!("({}", text(from)));
        range.arg(end).arg("COUNT").arg(most);
        let found: StreamRangeReply = self.connection.command(range).await?;
        let entry = |entry: redis::streams::StreamId| match (entry.get("a"), entry.get("b")) {
            (Some(about), Some(bytes)) => Ok((place(&entry.id)?, about, bytes)),
            _ => Err(damaged("an entry of the history without bytes")),
        };
        found.ids.into_iter().map(entry).collect()
    }

    pub(super) async fn told(
        &self,
        about: Option<&str>,
        from: HistoryId,
        way: Way,
        most: usize,
    ) -> Result<Vec<PastEntry>, StoreError> {
        let Some(about) = about else {
            let found = self.stream(from, way, most).await?;
            return Ok(found
                .into_iter()
                .map(|(id, _, bytes)| PastEntry { id, bytes })
                .collect());
        };
        let keys = [
            self.keys.history_about(about),
            self.keys.history(),
            self.keys.history_index(),
            self.keys.history_blocks(),
        ];
        let (millis, within) = from.parts();
        let way = match way {
            Way::Forward => "forward",
            Way::Back => "back",
        };
        let (way, about) = (way.to_owned(), about.to_owned());
        let arguments = [millis.to_string(), within.to_string(), way, most.to_string(), about];
        let found: Vec<(String, Vec<u8>)> = self
            .connection
            .run(&self.scripts.history, &keys, &arguments.map(String::into_bytes))
            .await?;
        found
            .into_iter()
            .map(|(id, bytes)| Ok(PastEntry { id: place(&id)?, bytes }))
            .collect()
    }

    pub(super) async fn forget(&self, lease: &Lease, before: HistoryId, most: usize) -> Result<u64, CommitError> {
        let oldest = self.stream(HistoryId(0), Way::Forward, most.min(MOST)).await?;
        let (mut subjects, mut size, mut gone) = (BTreeSet::new(), 0_u64, Vec::new());
        for (id, about, bytes) in oldest.into_iter().take_while(|(id, ..)| *id < before) {
            let about: Vec<String> =
                serde_json::from_slice(&about).map_err(|_| damaged("an entry of the history without subjects"))?;
            size += (bytes.len() + about.iter().map(String::len).sum::<usize>()) as u64;
            subjects.extend(about);
            gone.push(id);
        }
        let (first, last) = (
            gone.first().copied().unwrap_or_default(),
            gone.last().copied().unwrap_or_default(),
        );
        let mut keys = vec![
            self.keys.lease(),
            self.keys.history(),
            self.keys.history_bytes(),
            self.keys.history_index(),
            self.keys.history_blocks(),
        ];
        if self.lists {
            keys.extend(subjects.iter().map(|about| self.keys.history_about(about)));
        }
        let arguments = [
            lease.owner.clone(),
            lease.token.to_string(),
            text(first),
            text(last),
            gone.len().to_string(),
            size.to_string(),
            text(HistoryId(last.0 + 1)),
        ];
        let arguments = arguments.into_iter().chain(subjects).map(String::into_bytes);
        // Also without anything to forget: a lost lease is told.
        let answer: i64 = self
            .connection
            .change(&self.scripts.forget, &keys, &arguments.collect::<Vec<_>>())
            .await?;
        u64::try_from(answer).map_err(|_| CommitError::Fenced)
    }

    pub(super) async fn told_size(&self) -> Result<HistorySize, StoreError> {
        let entries: u64 = self.connection.command(about("XLEN", self.keys.history())).await?;
        let bytes: Option<u64> = self.connection.command(about("GET", self.keys.history_bytes())).await?;
        let oldest = self.stream(HistoryId(0), Way::Forward, 1).await?;
        Ok(HistorySize {
            entries,
            bytes: bytes.unwrap_or_default(),
            oldest: oldest.first().map(|(id, ..)| *id),
        })
    }
}

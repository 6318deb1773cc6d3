//! The cutover of each source: orders placed before it count as contained only by their status.
//!
//! Set once, at the source's first start, when the store knows nothing of it; never again by itself.
//! Durable in the store, and mirrored in a file outside it: whoever loses the store must not lose the
//! cutover, because a later one would take orders that were watched for orders from before. What the
//! configuration says wins over both.

use crate::store::{CommitBatch, DocumentWrite, Key, Kind, Store, StoreError, replace};
use omnistock_words::{ConnectorName, Millis, Settings};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The newest version of the document and of the mirror.
const VERSION: u32 = 1;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Document {
    v: u32,
    sources: BTreeMap<ConnectorName, Millis>,
}

/// Cutovers as they are known before anything is set.
#[derive(Debug, Clone, Default)]
pub struct Cutovers {
    mirror: PathBuf,
    sources: BTreeMap<ConnectorName, Millis>,
    version: u64,
    stored: BTreeMap<ConnectorName, Millis>,
}

fn key() -> Key {
    Key::new(Kind::Merchant, "cutover")
}

fn decode(bytes: &[u8], what: &str) -> Result<BTreeMap<ConnectorName, Millis>, StoreError> {
    let damaged = |why: String| StoreError::Damaged(format!("the cutovers in {what} can't be read: {why}"));
    let document: Document = serde_json::from_slice(bytes).map_err(|error| damaged(error.to_string()))?;
    if document.v > VERSION {
        return Err(damaged(format!("written by a newer omnistock (layout {})", document.v)));
    }
    Ok(document.sources)
}

fn encode(sources: &BTreeMap<ConnectorName, Millis>) -> Vec<u8> {
    let document = Document {
        v: VERSION,
        sources: sources.clone(),
    };
    // Plain data with text keys always serialises.
    serde_json::to_vec(&document).unwrap_or_default()
}

fn read(mirror: &Path) -> Result<BTreeMap<ConnectorName, Millis>, StoreError> {
    match std::fs::read(mirror) {
        Ok(bytes) => decode(&bytes, &mirror.display().to_string()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(BTreeMap::new()),
        Err(error) => Err(StoreError::Damaged(format!(
            "the cutovers in {} can't be read: {error}",
            mirror.display()
        ))),
    }
}

/// Vendors tell when an order was placed in whole seconds, cut off: one placed right behind the cutover
/// must not look as if it came before, because then it would end with its shipment and be sold again.
fn whole_second(now: Millis) -> Millis {
    Millis(now.0 - now.0.rem_euclid(1_000))
}

impl Cutovers {
    /// What the store knows, and what the mirror knows where the store knows nothing. A mirror that
    /// can't be read is an error: going on would set a cutover that is too late.
    pub async fn load(store: &dyn Store, mirror: PathBuf) -> Result<Self, StoreError> {
        let found = store.load(&[key()]).await?.into_iter().next().unwrap_or_default();
        let stored = if found.bytes.is_empty() {
            BTreeMap::new()
        } else {
            decode(&found.bytes, "the store")?
        };
        let mut sources = read(&mirror)?;
        sources.extend(stored.clone());
        Ok(Self {
            mirror,
            sources,
            version: found.version,
            stored,
        })
    }

    /// The settings with the cutovers that the configuration leaves open.
    pub fn settle(&self, configured: &Settings) -> Settings {
        let mut settings = configured.clone();
        for (name, source) in &mut settings.sources {
            source.cutover = source.cutover.or_else(|| self.sources.get(name).copied());
        }
        settings
    }

    /// Sets the cutover of each source that has none and that the store has never heard of. What is
    /// configured is remembered too, so that taking the line out of the file changes nothing.
    pub(super) async fn begin(
        &mut self,
        store: &dyn Store,
        settings: &Settings,
        now: Millis,
    ) -> Result<(), StoreError> {
        let open: Vec<&ConnectorName> = settings.sources.keys().collect();
        let keys: Vec<Key> = open.iter().map(|name| Key::source(name)).collect();
        let known = store.load(&keys).await?;
        for (name, known) in open.into_iter().zip(known) {
            match settings.sources.get(name).and_then(|source| source.cutover) {
                Some(cutover) => drop(self.sources.insert(name.clone(), cutover)),
                None if known.bytes.is_empty() => {
                    self.sources.entry(name.clone()).or_insert(whole_second(now));
                }
                None => {}
            }
        }
        Ok(())
    }

    /// The write that makes them durable; `None` where they are.
    pub(super) fn write(&self) -> Option<CommitBatch> {
        let write = DocumentWrite {
            key: key(),
            expected: self.version,
            version: self.version + 1,
            bytes: Some(encode(&self.sources)),
        };
        (self.stored != self.sources).then(|| CommitBatch {
            writes: vec![write],
            ..CommitBatch::default()
        })
    }

    /// Brings the mirror up to date; the error is one sentence for the operator.
    pub(super) async fn reflect(&self) -> Result<(), String> {
        let (mirror, sources) = (self.mirror.clone(), self.sources.clone());
        let path = mirror.display().to_string();
        let work = move || match read(&mirror) {
            Ok(there) if there == sources => Ok(()),
            _ => replace(&mirror, &encode(&sources)),
        };
        let written = tokio::task::spawn_blocking(work).await;
        let error = match written {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(error)) => error.to_string(),
            Err(error) => error.to_string(),
        };
        Err(format!(
            "the cutovers are not mirrored in {path} ({error}): make the folder writable, or set `path` under [store]"
        ))
    }

    /// The file outside the store.
    pub(super) fn mirror(&self) -> &Path {
        &self.mirror
    }

    /// The cutover of each source.
    pub(super) fn sources(&self) -> &BTreeMap<ConnectorName, Millis> {
        &self.sources
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::memory::Memory;
    use omnistock_words::{Basis, SourcePolicy};
    use std::time::Duration;

    fn settings(configured: Option<i64>) -> Settings {
        let mut settings = Settings::default();
        let policy = SourcePolicy {
            cutover: configured.map(Millis),
            ..SourcePolicy::new(Basis::Physical)
        };
        settings.sources.insert("erp".parse().unwrap(), policy);
        settings
    }

    /// One start at this time: the cutover that counts.
    async fn start(store: &Memory, folder: &Path, configured: Option<i64>, now: i64) -> Option<Millis> {
        let mirror = folder.join("state/cutover.json");
        let mut cutovers = Cutovers::load(store, mirror).await.unwrap();
        cutovers.begin(store, &settings(configured), Millis(now)).await.unwrap();
        if let Some(batch) = cutovers.write() {
            let lease = store.acquire("test", Duration::from_mins(1)).await.unwrap().unwrap();
            store.commit(&lease, &batch).await.unwrap();
        }
        cutovers.reflect().await.unwrap();
        let settled = cutovers.settle(&settings(configured));
        settled.sources.values().next().unwrap().cutover
    }

    #[tokio::test]
    async fn it_is_set_once_and_survives_the_store_or_the_mirror() {
        let folder = tempfile::tempdir().unwrap();
        let store = Memory::new();
        assert_eq!(start(&store, folder.path(), None, 100_250).await, Some(Millis(100_000)));
        assert_eq!(start(&store, folder.path(), None, 200_250).await, Some(Millis(100_000)));
        let lost = Memory::new();
        assert_eq!(
            start(&lost, folder.path(), None, 300_250).await,
            Some(Millis(100_000)),
            "the mirror counts"
        );
        std::fs::remove_file(folder.path().join("state/cutover.json")).unwrap();
        assert_eq!(
            start(&lost, folder.path(), None, 400_250).await,
            Some(Millis(100_000)),
            "the store counts"
        );
        assert!(
            folder.path().join("state/cutover.json").exists(),
            "and is mirrored again"
        );
        assert_eq!(
            start(&store, folder.path(), Some(7), 500_250).await,
            Some(Millis(7)),
            "what is configured wins"
        );
        assert_eq!(start(&store, folder.path(), None, 600_250).await, Some(Millis(7)));
    }

    #[tokio::test]
    async fn a_source_that_reported_before_there_were_cutovers_gets_none() {
        let (folder, store) = (tempfile::tempdir().unwrap(), Memory::new());
        let lease = store.acquire("test", Duration::from_mins(1)).await.unwrap().unwrap();
        let known = DocumentWrite {
            key: Key::source(&"erp".parse().unwrap()),
            expected: 0,
            version: 1,
            bytes: Some(b"{}".to_vec()),
        };
        let batch = CommitBatch {
            writes: vec![known],
            ..CommitBatch::default()
        };
        store.commit(&lease, &batch).await.unwrap();
        assert_eq!(start(&store, folder.path(), None, 100_250).await, None);
    }

    #[tokio::test]
    async fn a_damaged_mirror_stops_the_start_instead_of_setting_a_later_one() {
        let folder = tempfile::tempdir().unwrap();
        let mirror = folder.path().join("cutover.json");
        std::fs::write(&mirror, b"{").unwrap();
        let refused = Cutovers::load(&Memory::new(), mirror).await.unwrap_err().to_string();
        assert!(refused.contains("cutover.json can't be read"), "{refused}");
    }
}

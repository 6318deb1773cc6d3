//! How the store stands, and what this handle knows of it: a commit says how far the store was, and
//! the script refuses it where the store is behind that. So nothing is written into a restored or
//! failed-over store by somebody who takes it for the one it was.

use super::connection::Connection;
use super::server::{apart, fields};
use super::{RedisStore, damaged, text};
use crate::store::{Kind, Leader, Lease, Mark, Standing, StoreError};
use omnistock_words::Millis;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// The generation, and how many commits and entries of it this handle has seen.
#[derive(Debug, Default)]
pub(super) struct Known(Mutex<Mark>);

impl Known {
    fn change(&self, change: impl FnOnce(&mut Mark)) {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }

    pub(super) fn now(&self) -> Mark {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A look, or a change that was answered: a later generation, or more of this one, is known from here on; less is
    /// not.
    pub(super) fn seen(&self, mark: Mark) {
        self.change(|known| *known = known.later(mark));
    }

    fn named(&self, generation: u64, commits: u64) {
        let mark = Mark {
            generation,
            commits,
            entries: 0,
        };
        self.change(|known| *known = mark);
    }
}

fn keys(store: &RedisStore) -> Vec<String> {
    let keys = &store.keys;
    let mut names = vec![keys.lease(), keys.inbox(), keys.last_entry(), keys.cursor()];
    names.extend(Kind::ALL.map(|kind| keys.documents(kind)));
    names
}

fn missing(counted: i64, there: i64, (last, cursor, waiting): (u64, u64, u64)) -> Option<String> {
    if counted >= 0 && counted != there {
        return Some(format!("{there} of {counted} documents are there"));
    }
    let due = last.checked_sub(cursor);
    (due != Some(waiting)).then(|| format!("{waiting} of {} reports that wait are there", due.unwrap_or(last)))
}

/// Which server answered and which history it follows; empty where this user may not ask.
async fn server(connection: &Connection) -> Result<String, StoreError> {
    let mut command = redis::cmd("INFO");
    command.arg("server").arg("replication");
    let told: Option<String> = connection.allowed(command).await?;
    let told = told.as_deref().map(fields).unwrap_or_default();
    let part = |name: &str| told.get(name).map(String::as_str).unwrap_or_default();
    Ok(format!("{} {}", part("run_id"), part("master_replid"))
        .trim()
        .to_owned())
}

pub(super) async fn standing(store: &RedisStore) -> Result<Standing, StoreError> {
    type Found = (Vec<u8>, u64, i64, u64, u64, Vec<u8>, i64, i64, u64, u64, u64, i64);
    // Before it is asked: what was answered by then must be in the answer.
    let (seen, asked) = (store.known.now(), omnistock_sdk::now());
    let found: Found = store.connection.run(&store.scripts.standing, &keys(store), &[]).await?;
    let answered = omnistock_sdk::now();
    let (owner, left, since, generation, commits, note, counted, there, last, cursor, waiting, time) = found;
    let mark = Mark {
        generation,
        commits,
        entries: last,
    };
    store.known.seen(mark);
    let leader = (!owner.is_empty()).then(|| text(owner)).transpose()?;
    Ok(Standing {
        leader: leader.map(|owner| Leader {
            owner,
            since: Millis(since),
            left: Duration::from_millis(left),
        }),
        mark,
        seen,
        note: Some(text(note)?).filter(|note| !note.is_empty()),
        missing: missing(counted, there, (last, cursor, waiting)),
        server: server(&store.connection).await?,
        ahead: apart(asked, time, answered),
    })
}

pub(super) async fn name(
    store: &RedisStore,
    lease: &Lease,
    generation: u64,
    note: Option<&str>,
    forget: bool,
) -> Result<bool, StoreError> {
    let arguments = [
        lease.owner.clone().into_bytes(),
        lease.token.to_string().into_bytes(),
        generation.to_string().into_bytes(),
        note.unwrap_or_default().as_bytes().to_vec(),
    ];
    let mut keys = keys(store);
    if forget {
        let gone = Kind::ALL.into_iter().filter(|kind| *kind != Kind::Merchant);
        keys.extend(gone.flat_map(|kind| [store.keys.documents(kind), store.keys.index(kind)]));
    }
    let commits: i64 = store.connection.change(&store.scripts.name, &keys, &arguments).await?;
    if commits < 0 {
        return Ok(false);
    }
    let commits = u64::try_from(commits).map_err(|_| damaged("a count of commits that is no number"))?;
    store.known.named(generation, commits);
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_gone_is_said_in_words() {
        assert_eq!(missing(-1, 7, (0, 0, 0)), None);
        assert_eq!(missing(7, 7, (9, 4, 5)), None);
        assert_eq!(missing(7, 3, (9, 4, 5)).unwrap(), "3 of 7 documents are there");
        assert_eq!(missing(7, 7, (9, 4, 0)).unwrap(), "0 of 5 reports that wait are there");
        assert!(missing(7, 7, (0, 4, 0)).is_some(), "the highest place is gone");
    }

    #[test]
    fn a_look_at_an_older_store_takes_back_nothing() {
        let mark = |generation, commits, entries| Mark {
            generation,
            commits,
            entries,
        };
        let known = Known::default();
        known.seen(mark(3, 10, 5));
        known.seen(mark(3, 11, 0));
        known.seen(mark(3, 4, 6));
        assert_eq!(known.now(), mark(3, 11, 6));
        known.seen(mark(2, 99, 99));
        assert_eq!(known.now(), mark(3, 11, 6));
        known.seen(mark(4, 1, 1));
        assert_eq!(known.now(), mark(4, 1, 1));
        known.named(5, 0);
        assert_eq!(known.now(), mark(5, 0, 0));
    }
}

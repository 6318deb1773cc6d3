//! What an acknowledged change waits for: copies on replicas, and on disks.

use super::problem::Trouble;
use super::settings::RedisWait;
use crate::store::StoreError;
use redis::{Cmd, Value};

/// Sent behind a change on the same connection: it is about that connection's own changes.
pub(super) fn command(wait: &RedisWait) -> Cmd {
    let mut command = redis::cmd(if wait.on_disk { "WAITAOF" } else { "WAIT" });
    if wait.on_disk {
        command.arg(1);
    }
    // 0 would mean for ever.
    command
        .arg(wait.replicas)
        .arg(wait.within.as_millis().max(1).to_string());
    command
}

/// How many replicas have it, and whether the primary's own disk does.
fn copies(wait: &RedisWait, answer: &Value) -> (i64, bool) {
    match answer {
        Value::Int(replicas) if !wait.on_disk => (*replicas, true),
        Value::Array(both) if wait.on_disk => match both.as_slice() {
            [Value::Int(own), Value::Int(replicas)] => (*replicas, *own >= 1),
            _ => (0, false),
        },
        _ => (0, false),
    }
}

/// A change that is in fewer places than wished is not acknowledged, though the primary has it.
pub(super) fn check(wait: &RedisWait, answer: Option<Value>) -> Result<(), StoreError> {
    let (replicas, own) = copies(wait, &answer.unwrap_or(Value::Nil));
    if own && replicas >= i64::from(wait.replicas) {
        return Ok(());
    }
    let wanted = wait.replicas;
    let place = if wait.on_disk { " on their disks" } else { "" };
    let within = wait.within.as_millis();
    Err(StoreError::Unavailable(format!(
        "redis has the change, but within {within} ms {replicas} of {wanted} replicas had it{place} (`wait` under [store]); the change may have happened"
    )))
}

impl Trouble {
    /// A complaint from before anything was asked.
    pub(super) fn of(error: StoreError) -> Self {
        Self {
            error,
            next: super::problem::Next::Give,
            code: String::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn wait(replicas: u32, on_disk: bool) -> RedisWait {
        RedisWait {
            replicas,
            on_disk,
            within: Duration::from_millis(250),
        }
    }

    fn sent(wait: &RedisWait) -> String {
        let packed = String::from_utf8(command(wait).get_packed_command()).unwrap();
        let words = packed
            .split("\r\n")
            .filter(|word| !word.starts_with(['*', '$']) && !word.is_empty());
        words.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn the_command_says_what_is_wished() {
        assert_eq!(sent(&wait(2, false)), "WAIT 2 250");
        assert_eq!(sent(&wait(1, true)), "WAITAOF 1 1 250");
    }

    #[test]
    fn fewer_copies_than_wished_are_no_acknowledgement() {
        let both = |own, replicas| Value::Array(vec![Value::Int(own), Value::Int(replicas)]);
        for (wish, answer, good) in [
            (wait(1, false), Value::Int(1), true),
            (wait(1, false), Value::Int(2), true),
            (wait(2, false), Value::Int(1), false),
            (wait(1, true), both(1, 1), true),
            (wait(1, true), both(0, 1), false),
            (wait(1, true), both(1, 0), false),
            (wait(0, true), both(1, 0), true),
            (wait(1, false), Value::Nil, false),
        ] {
            let said = check(&wish, Some(answer.clone()));
            assert_eq!(said.is_ok(), good, "{wish:?} {answer:?}");
            if let Err(StoreError::Unavailable(text)) = said {
                assert!(text.contains("may have happened") && text.contains("250 ms"), "{text}");
            }
        }
    }
}

//! What an acknowledged change waits for: copies on replicas, and on disks.

use super::problem::{Next, Trouble};
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

/// A server that made the change and only complains about the question for copies (its file was switched off, the right
/// was taken away) has not refused the change: nobody sends it again as if it had not happened.
pub(super) fn made(wait: Option<&RedisWait>, mut answers: Vec<Result<Value, Trouble>>) -> Vec<Result<Value, Trouble>> {
    if wait.is_some()
        && let [Ok(_), Err(trouble)] = answers.as_mut_slice()
    {
        let error = match &trouble.error {
            StoreError::Unavailable(text) | StoreError::Refused(text) => text.clone(),
            other => other.to_string(),
        };
        let text = format!("{error} (`wait` under [store]); the change may have happened");
        trouble.error = StoreError::Unavailable(text);
        trouble.next = Next::Give;
    }
    answers
}

impl Trouble {
    /// A complaint from before anything was asked.
    pub(super) fn of(error: StoreError) -> Self {
        Self {
            error,
            next: Next::Give,
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
    fn a_complaint_about_copies_is_no_refusal_of_the_change() {
        let complaint = |next: Next| Trouble {
            error: StoreError::Refused("no right".to_owned()),
            next,
            code: "NOPERM".to_owned(),
        };
        let said = |wait: Option<&RedisWait>, first: Result<Value, Trouble>, next: Next| {
            made(wait, vec![first, Err(complaint(next))])
                .pop()
                .unwrap()
                .unwrap_err()
        };
        let wish = wait(1, true);
        for next in [Next::Give, Next::Later, Next::Elsewhere(None)] {
            let told = said(Some(&wish), Ok(Value::Int(0)), next);
            assert_eq!(told.next, Next::Give, "it is not sent again");
            assert!(
                matches!(&told.error, StoreError::Unavailable(text) if text.contains("no right") && text.contains("may have happened")),
                "{told:?}"
            );
        }
        // A change that was not made is complained about as it is.
        let told = said(Some(&wish), Err(complaint(Next::Later)), Next::Later);
        assert_eq!((told.error, told.next), (complaint(Next::Later).error, Next::Later));
        let told = said(None, Ok(Value::Int(0)), Next::Later);
        assert_eq!(told.next, Next::Later);
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

//! What Redis and the way to it complain about, by what has to happen next.

use crate::store::StoreError;
use redis::{ErrorKind, RedisError};

/// What to do about a complaint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Next {
    /// Tell the caller.
    Give,
    /// Nothing was changed, and the same server may do it in a moment.
    Later,
    /// Nothing was changed, because the primary is elsewhere: there, if the server said where.
    Elsewhere(Option<String>),
    /// Nothing was changed; this once it is done by that server, which is taking the slot over.
    Aside(String),
    /// The server has forgotten the script, and has changed nothing.
    Text,
    /// There is no answer, so it may have happened. The connection is not used again.
    Broken,
}

/// A complaint.
#[derive(Debug, Clone)]
pub(super) struct Trouble {
    pub(super) error: StoreError,
    pub(super) next: Next,
    /// The server's own code; empty when it did not answer.
    pub(super) code: String,
}

impl Trouble {
    fn new(error: StoreError, next: Next) -> Self {
        let code = String::new();
        Self { error, next, code }
    }
}

fn refused(text: &str) -> StoreError {
    StoreError::Refused(format!(
        "redis refuses this user ({text}): check user, password and rights under [store]; docs/durability.md has the ACL line"
    ))
}

fn unavailable(text: impl Into<String>) -> StoreError {
    StoreError::Unavailable(text.into())
}

/// Redis 7.0 reports a missing right or command inside a script as a plain `ERR`.
fn says_forbidden(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    text.contains("user executing the script can't")
        || text.contains("unknown redis command")
        || text.contains("unknown command")
}

fn said(code: &str, detail: Option<&str>) -> StoreError {
    let text = detail.map_or_else(|| code.to_owned(), |detail| format!("{code} {detail}"));
    match code {
        // Its own words are a lecture on its protocol.
        "NOAUTH" => refused("NOAUTH: it wants a password and was given none"),
        "NOPERM" | "WRONGPASS" => refused(&text),
        "ERR" if says_forbidden(&text) => refused(&text),
        "OOM" => StoreError::Full("redis has reached its maxmemory: raise it or free memory".to_owned()),
        "MISCONF" => StoreError::Full("redis can't write to its disk: make room or look into its log".to_owned()),
        "WRONGTYPE" => StoreError::Damaged(format!("redis holds something else than expected: {text}")),
        "LOADING" => unavailable("redis is loading its data (LOADING)"),
        "READONLY" => unavailable("redis is a read-only replica (READONLY): the primary is being looked for"),
        "MASTERDOWN" => unavailable("redis is a replica without its primary (MASTERDOWN)"),
        "NOREPLICAS" => unavailable("redis has fewer good replicas than its min-replicas-to-write (NOREPLICAS)"),
        "BUSY" => unavailable("redis is held up by a script of somebody else (BUSY)"),
        "MOVED" | "ASK" => unavailable(format!(
            "redis is part of a Cluster ({text}): write `cluster` instead of `url` under [store]"
        )),
        _ => unavailable(format!("redis says {text}")),
    }
}

/// `MOVED 3999 host:port`, without its first word: the address.
fn address(detail: Option<&str>) -> Option<String> {
    detail?.split_ascii_whitespace().nth(1).map(str::to_owned)
}

fn next(code: &str, detail: Option<&str>) -> Next {
    match code {
        "NOSCRIPT" => Next::Text,
        "LOADING" | "TRYAGAIN" | "BUSY" | "NOREPLICAS" => Next::Later,
        "READONLY" | "MASTERDOWN" | "CLUSTERDOWN" => Next::Elsewhere(None),
        "MOVED" => Next::Elsewhere(address(detail)),
        "ASK" => address(detail).map_or(Next::Later, Next::Aside),
        _ => Next::Give,
    }
}

/// A certificate that does not hold will not hold next time.
fn says_certificate(error: &RedisError) -> bool {
    let text = error.to_string();
    text.contains("certificate") || text.contains("CertificateUnknown") || text.contains("UnknownCA")
}

/// Of an answer with a code, nothing was applied: scripts check before they write, and memory is
/// checked by the server at a script's first write. Without an answer, it may have been.
pub(super) fn trouble(error: &RedisError) -> Trouble {
    let give = |error| Trouble::new(error, Next::Give);
    match error.kind() {
        ErrorKind::AuthenticationFailed => return give(refused(error.detail().unwrap_or("wrong user or password"))),
        ErrorKind::RESP3NotSupported => {
            return give(StoreError::Refused(
                "this redis is older than 7.0: install 7.0 or later".to_owned(),
            ));
        }
        ErrorKind::UnexpectedReturnType => {
            let text = format!("redis answers something else than expected: {error}");
            return give(StoreError::Damaged(text));
        }
        ErrorKind::Parse => {
            let text = format!("redis answers something else than expected: {error}");
            return Trouble::new(StoreError::Damaged(text), Next::Broken);
        }
        ErrorKind::InvalidClientConfig => return give(unusable_url()),
        ErrorKind::Io if says_certificate(error) => {
            return give(StoreError::Refused(format!(
                "redis and this program don't trust each other ({error}): check `certificate_authority`, `client_certificate` and the name in the address under [store]"
            )));
        }
        ErrorKind::Io => {
            let text = format!("{error}; the change may have happened");
            return Trouble::new(unavailable(text), Next::Broken);
        }
        _ => {}
    }
    // Of a pipeline the first failure counts: it holds reads only.
    match error.clone().into_server_errors().as_deref().and_then(<[_]>::first) {
        Some((_, answer)) => Trouble {
            error: said(answer.code(), answer.details()),
            next: next(answer.code(), answer.details()),
            code: answer.code().to_owned(),
        },
        None => Trouble::new(unavailable(error.to_string()), Next::Broken),
    }
}

/// The same where nothing else is to be done about it.
pub(super) fn problem(error: &RedisError) -> StoreError {
    trouble(error).error
}

/// Says nothing of what the url was: there may be a password in it.
pub(super) fn unusable_url() -> StoreError {
    StoreError::Refused(
        "an address of redis under [store] is not usable: write redis://user:password@host:port/0".to_owned(),
    )
}

/// The same sentence with the server's address in it.
pub(super) fn located(error: StoreError, address: &str) -> StoreError {
    let place = |text: String| {
        if text.contains(address) {
            return text;
        }
        match text.strip_prefix("redis ") {
            Some(rest) => format!("redis at {address} {rest}"),
            None => format!("redis at {address} does not answer: {text}"),
        }
    };
    match error {
        StoreError::Unavailable(text) => StoreError::Unavailable(place(text)),
        StoreError::Refused(text) => StoreError::Refused(text.replacen("redis ", &format!("redis at {address} "), 1)),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_caller_hears_follows_from_the_code() {
        for code in [
            "LOADING",
            "READONLY",
            "MASTERDOWN",
            "CLUSTERDOWN",
            "TRYAGAIN",
            "BUSY",
            "NOREPLICAS",
            "MOVED",
            "ASK",
            "ERR",
            "NEWCODE",
        ] {
            let error = said(code, Some("text"));
            assert!(
                matches!(&error, StoreError::Unavailable(text) if text.contains(code)),
                "{error}"
            );
        }
        for code in ["OOM", "MISCONF"] {
            assert!(matches!(said(code, None), StoreError::Full(_)), "{code}");
        }
        for code in ["NOPERM", "NOAUTH", "WRONGPASS"] {
            assert!(matches!(said(code, None), StoreError::Refused(_)), "{code}");
        }
        let renamed = said("ERR", Some("Unknown Redis command called from script"));
        assert!(matches!(renamed, StoreError::Refused(_)));
        assert!(matches!(said("WRONGTYPE", None), StoreError::Damaged(_)));
    }

    #[test]
    fn what_is_done_next_follows_from_the_code() {
        for (code, detail, expected) in [
            ("LOADING", None, Next::Later),
            ("TRYAGAIN", None, Next::Later),
            ("NOREPLICAS", None, Next::Later),
            ("READONLY", None, Next::Elsewhere(None)),
            ("CLUSTERDOWN", None, Next::Elsewhere(None)),
            (
                "MOVED",
                Some("3999 127.0.0.1:6381"),
                Next::Elsewhere(Some("127.0.0.1:6381".to_owned())),
            ),
            ("ASK", Some("3999 :6381"), Next::Aside(":6381".to_owned())),
            ("NOSCRIPT", None, Next::Text),
            ("OOM", None, Next::Give),
            ("MISCONF", None, Next::Give),
            ("NOPERM", None, Next::Give),
        ] {
            assert_eq!(next(code, detail), expected, "{code}");
        }
    }

    #[test]
    fn a_connection_that_breaks_leaves_open_whether_it_happened() {
        let broken = RedisError::from(std::io::Error::from(std::io::ErrorKind::ConnectionReset));
        let trouble = trouble(&broken);
        let StoreError::Unavailable(text) = &trouble.error else {
            panic!("{broken}")
        };
        assert!(text.contains("may have happened"), "{text}");
        assert_eq!(trouble.next, Next::Broken);
    }

    #[test]
    fn a_sentence_names_the_server() {
        for (text, expected) in [
            (
                "redis is loading its data (LOADING)",
                "redis at h:1 is loading its data (LOADING)",
            ),
            ("connection refused", "redis at h:1 does not answer: connection refused"),
        ] {
            let StoreError::Unavailable(said) = located(unavailable(text), "h:1") else {
                panic!("another class")
            };
            assert_eq!(said, expected);
        }
    }
}

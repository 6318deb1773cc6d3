//! What Redis and the way to it complain about, by what has to happen next.

use crate::store::StoreError;
use redis::{ErrorKind, RedisError};

fn refused(text: &str) -> StoreError {
    StoreError::Refused(format!(
        "redis refuses this user ({text}): check user, password and rights under [store] url"
    ))
}

fn unavailable(text: &str) -> StoreError {
    StoreError::Unavailable(format!("redis says {text}"))
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
        _ => unavailable(&text),
    }
}

/// Of an answer with a code, nothing was applied: scripts check before they write, and memory is
/// checked by the server at a script's first write. Without an answer, it may have been.
pub(super) fn problem(error: &RedisError) -> StoreError {
    match error.kind() {
        ErrorKind::AuthenticationFailed => return refused(error.detail().unwrap_or("wrong user or password")),
        ErrorKind::RESP3NotSupported => {
            return StoreError::Refused("this redis is older than 7.0: install 7.0 or later".to_owned());
        }
        ErrorKind::UnexpectedReturnType | ErrorKind::Parse => {
            return StoreError::Damaged(format!("redis answers something else than expected: {error}"));
        }
        ErrorKind::InvalidClientConfig => return unusable_url(),
        ErrorKind::Io => return StoreError::Unavailable(format!("{error}; the change may have happened")),
        _ => {}
    }
    // Of a pipeline the first failure counts: it holds reads only.
    match error.clone().into_server_errors().as_deref().and_then(<[_]>::first) {
        Some((_, answer)) => said(answer.code(), answer.details()),
        None => StoreError::Unavailable(error.to_string()),
    }
}

/// Says nothing of what the url was: there may be a password in it.
pub(super) fn unusable_url() -> StoreError {
    StoreError::Refused("the url under [store] is not usable: write redis://user:password@host:port/0".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_to_happen_next_follows_from_the_code() {
        for code in [
            "LOADING",
            "READONLY",
            "MASTERDOWN",
            "CLUSTERDOWN",
            "TRYAGAIN",
            "BUSY",
            "NOREPLICAS",
            "ERR",
            "NEWCODE",
        ] {
            assert!(matches!(said(code, Some("text")), StoreError::Unavailable(_)), "{code}");
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
    fn a_connection_that_breaks_leaves_open_whether_it_happened() {
        let broken = RedisError::from(std::io::Error::from(std::io::ErrorKind::ConnectionReset));
        let StoreError::Unavailable(text) = problem(&broken) else {
            panic!("{broken}")
        };
        assert!(text.contains("may have happened"), "{text}");
    }
}

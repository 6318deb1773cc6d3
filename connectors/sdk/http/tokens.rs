//! Access tokens: fetched when first needed, renewed before they expire, fetched anew once the vendor refuses one.
//!
//! Single flight: callers that find the same token refused or old wait for one login and share what came of it, a
//! failure too. While renewing fails for now, a token that is still good goes on being used.

use crate::{ConnectorError, ErrorClass};
use rand::Rng;
use secrecy::SecretString;
use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::time::Instant;

/// A token is renewed this long before it expires, and up to as much earlier again, so that daemons spread out.
const EARLY: Duration = Duration::from_mins(5);

/// A renewal that failed while the token is still good is tried again so much later.
const AGAIN: Duration = Duration::from_secs(30);

/// No token is taken to live longer.
const LONGEST: u64 = 86_400;

/// A token as a vendor hands it out.
#[derive(Debug)]
pub struct Token {
    /// The token.
    pub secret: SecretString,
    /// Seconds that it is good for; 0: the vendor says nothing of its end.
    pub life: u64,
}

/// What a request is allowed in with.
#[derive(Debug, Clone)]
pub struct Pass {
    /// The token.
    pub secret: SecretString,
    generation: u64,
    /// When it is renewed, and when it ends; `None`: once it is refused.
    times: Option<(Instant, Instant)>,
}

impl Pass {
    /// A token that is never renewed, as the settings name it.
    pub fn fixed(secret: SecretString) -> Self {
        Self {
            secret,
            generation: 0,
            times: None,
        }
    }

    fn new(token: Token, generation: u64, now: Instant) -> Self {
        let life = Duration::from_secs(token.life.min(LONGEST));
        // A token that lives shorter than that is used for half its life.
        let early = (EARLY + EARLY * rand::rng().random_range(0..100) / 100).min(life / 2);
        Self {
            secret: token.secret,
            generation,
            times: (!life.is_zero()).then(|| (now + life.saturating_sub(early), now + life)),
        }
    }
}

#[derive(Default)]
struct State {
    pass: Option<Pass>,
    /// What the last login came to, where it failed.
    failed: Option<ConnectorError>,
}

/// The tokens of one account.
#[derive(Default)]
pub struct Tokens {
    /// Logins so far.
    logins: AtomicU64,
    state: Mutex<State>,
}

impl Tokens {
    /// A pass that was not refused yet; `refused` is the one that was. `login` fetches a token where one is needed; it
    /// is not begun otherwise. Its error is the error, see [`login_error`]: of class `Retry` it is none as long as the
    /// token before is good.
    pub async fn pass(
        &self,
        refused: Option<&Pass>,
        login: impl Future<Output = Result<Token, ConnectorError>>,
    ) -> Result<Pass, ConnectorError> {
        let came = self.logins.load(Ordering::Relaxed);
        let mut state = self.state.lock().await;
        let State { pass, failed } = &mut *state;
        let (refused, now) = (refused.map_or(0, |pass| pass.generation), Instant::now());
        let last = pass.as_ref().map_or(0, |pass| pass.generation);
        let usable = pass.as_mut().filter(|pass| pass.generation > refused);
        let fresh = |pass: &&Pass| pass.times.is_none_or(|(renew, _)| now < renew);
        if let Some(fresh) = usable.as_deref().filter(fresh) {
            return Ok(fresh.clone());
        }
        let waited = self.logins.load(Ordering::Relaxed) != came;
        let result = if let Some(error) = failed.as_ref().filter(|_| waited) {
            // It failed while this caller waited for it.
            Err(error.clone())
        } else {
            let result = login.await;
            self.logins.fetch_add(1, Ordering::Relaxed);
            result
        };
        *failed = result.as_ref().err().cloned();
        match result {
            Ok(token) => {
                let new = Pass::new(token, last.max(refused) + 1, now);
                *pass = Some(new.clone());
                Ok(new)
            }
            Err(error) => still_good(usable, &error).ok_or(error),
        }
    }
}

/// The token before, where only its renewal fails, and for now.
fn still_good(pass: Option<&mut Pass>, error: &ConnectorError) -> Option<Pass> {
    let (pass, now) = (pass?, Instant::now());
    let (renew, ends) = pass.times.as_mut().filter(|(_, ends)| now < *ends)?;
    if !matches!(error.class, ErrorClass::Retry { .. }) {
        return None;
    }
    *renew = (now + AGAIN).min(*ends);
    Some(pass.clone())
}

/// The error of a login: nothing that follows it was done yet, whatever became of the login itself. `name` says which
/// call it was, `advice` what a person does where it was refused.
pub fn login_error(error: &ConnectorError, name: &str, advice: &str) -> ConnectorError {
    let refused = matches!(error.class, ErrorClass::Operator | ErrorClass::Rejected);
    let class = match &error.class {
        _ if refused => ErrorClass::Operator,
        ErrorClass::Retry { after } => ErrorClass::Retry { after: *after },
        _ => ErrorClass::Retry { after: None },
    };
    let advice = if refused { advice } else { "" };
    ConnectorError {
        class,
        message: format!("{name}: {}{advice}", error.message),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret;
    use std::future::ready;
    use tokio::time::{advance, sleep, timeout};

    const HOUR: u64 = 3_600;

    fn token(secret: &str, life: u64) -> Token {
        let secret = SecretString::from(secret);
        Token { secret, life }
    }

    async fn pass(tokens: &Tokens, refused: Option<&Pass>, token: Token) -> Result<Pass, String> {
        let passed = tokens.pass(refused, ready(Ok(token))).await;
        passed.map_err(|error| error.message)
    }

    async fn fail(tokens: &Tokens, refused: Option<&Pass>, error: ConnectorError) -> Result<Pass, String> {
        let passed = tokens.pass(refused, ready(Err(error))).await;
        passed.map_err(|error| error.message)
    }

    fn secret(pass: &Result<Pass, String>) -> &str {
        pass.as_ref().map_or("none", |pass| pass.secret.expose_secret())
    }

    #[tokio::test(start_paused = true)]
    async fn all_who_wait_share_one_login_and_what_it_came_to() {
        let (tokens, logins) = (Tokens::default(), AtomicU64::new(0));
        let login = |fails: bool| {
            let logins = &logins;
            async move {
                sleep(Duration::from_secs(30)).await;
                logins.fetch_add(1, Ordering::Relaxed);
                if fails {
                    Err(ConnectorError::retry("no answer"))
                } else {
                    Ok(token("a", HOUR))
                }
            }
        };
        let fails = tokio::join!(
            tokens.pass(None, login(true)),
            tokens.pass(None, login(true)),
            tokens.pass(None, login(true))
        );
        assert!(fails.0.is_err() && fails.1.is_err() && fails.2.is_err());
        assert_eq!(
            logins.load(Ordering::Relaxed),
            1,
            "nobody waits for the failures of others, and then for his own"
        );
        let (one, two) = tokio::join!(tokens.pass(None, login(false)), tokens.pass(None, login(false)));
        assert!(two.is_ok());
        assert_eq!(logins.load(Ordering::Relaxed), 2, "who comes later tries anew");
        let old = one.unwrap();
        let (one, two) = tokio::join!(
            tokens.pass(Some(&old), login(false)),
            tokens.pass(Some(&old), login(false))
        );
        assert_eq!((one.unwrap().generation, two.unwrap().generation), (2, 2));
        assert_eq!(logins.load(Ordering::Relaxed), 3);
    }

    #[tokio::test(start_paused = true)]
    async fn a_token_is_renewed_early_and_used_to_its_end_while_that_fails_for_now() {
        let (tokens, away) = (Tokens::default(), || ConnectorError::retry("away"));
        assert_eq!(secret(&pass(&tokens, None, token("a", HOUR)).await), "a");
        advance(Duration::from_secs(HOUR - 601)).await;
        assert_eq!(secret(&pass(&tokens, None, token("b", HOUR)).await), "a", "it is fresh");
        advance(Duration::from_secs(302)).await;
        let old = fail(&tokens, None, away()).await;
        assert_eq!(secret(&old), "a", "it is good for 299 s");
        assert_eq!(
            secret(&pass(&tokens, None, token("b", HOUR)).await),
            "a",
            "not each call tries"
        );
        assert_eq!(
            fail(&tokens, old.as_ref().ok(), away()).await.unwrap_err(),
            "away",
            "it was refused"
        );
        advance(AGAIN).await;
        let error = fail(&tokens, None, ConnectorError::operator("no")).await;
        assert_eq!(error.unwrap_err(), "no", "a person has to hear of it");
        advance(Duration::from_secs(269)).await;
        assert_eq!(fail(&tokens, None, away()).await.unwrap_err(), "away", "it is over");
        assert_eq!(secret(&pass(&tokens, None, token("b", HOUR)).await), "b");
    }

    #[tokio::test(start_paused = true)]
    async fn a_life_may_be_short_absurd_or_unsaid() {
        let tokens = Tokens::default();
        pass(&tokens, None, token("a", u64::MAX)).await.unwrap();
        advance(Duration::from_secs(LONGEST)).await;
        assert_eq!(secret(&pass(&tokens, None, token("b", 60)).await), "b");
        advance(Duration::from_secs(29)).await;
        assert_eq!(
            secret(&pass(&tokens, None, token("c", 60)).await),
            "b",
            "for half its life"
        );
        advance(Duration::from_secs(2)).await;
        assert_eq!(secret(&pass(&tokens, None, token("c", 0)).await), "c");
        advance(Duration::from_hours(1_000)).await;
        let last = pass(&tokens, None, token("d", 0)).await;
        assert_eq!(secret(&last), "c", "until it is refused");
        assert_eq!(secret(&pass(&tokens, last.as_ref().ok(), token("d", 0)).await), "d");
    }

    #[tokio::test(start_paused = true)]
    async fn a_login_that_is_cut_off_is_in_nobodys_way() {
        let tokens = Tokens::default();
        let cut = timeout(Duration::from_secs(1), tokens.pass(None, std::future::pending())).await;
        assert!(cut.is_err());
        assert_eq!(secret(&pass(&tokens, None, token("a", HOUR)).await), "a");
    }

    #[test]
    fn behind_a_login_nothing_was_done_whatever_became_of_it() {
        let of = |error: ConnectorError| login_error(&error, "POST /token", "; check `secret`");
        for refused in [
            ConnectorError::rejected("answer 400"),
            ConnectorError::operator("answer 401"),
        ] {
            let error = of(refused);
            assert_eq!(error.class, ErrorClass::Operator);
            assert!(error.message.starts_with("POST /token: answer 40") && error.message.ends_with("; check `secret`"));
        }
        let lost = of(ConnectorError::unknown("no answer in time"));
        assert_eq!(
            (lost.class, lost.message.as_str()),
            (ErrorClass::Retry { after: None }, "POST /token: no answer in time")
        );
    }
}

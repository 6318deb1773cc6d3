//! The connector as a source at an address of the web: fetched when it changed, taken whole or not at all.
//!
//! Nothing can be put away there, so what was handed out is remembered by its content and its time. After a restart it
//! comes again, which changes nothing.

use crate::content::{self, FileFacts};
use crate::folder::Kind;
use crate::problem::Refusal;
use crate::settings::Plan;
use crate::source::blocking;
use crate::transport::{Login, Web, file_name};
use async_trait::async_trait;
use omnistock_sdk::http::{Answer, Fetched};
use omnistock_sdk::{ConnectorError, ExposeSecret, LocationCodes, Refused, Report, StockSource, Ticket, Verdict, now};
use omnistock_words::Millis;
use reqwest::Method;
use reqwest::header::{CONTENT_TYPE, ETAG, HeaderName, IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, UNIX_EPOCH};
use tokio::time::timeout;
use url::Url;

/// A poll waits at most so long for another one.
const MOST_WAIT: Duration = Duration::from_mins(5);

/// Addresses, and what this process has seen there.
pub(crate) struct WebSource {
    plan: Arc<Plan>,
    codes: Arc<LocationCodes>,
    web: Web,
    /// What was handed out last, of each sort.
    seen: Mutex<BTreeMap<Kind, Seen>>,
    /// One poll at a time.
    turn: tokio::sync::Mutex<()>,
}

/// An answer that was dealt with.
#[derive(Debug, Clone, Default)]
struct Seen {
    /// As the server gave them: they ask for changes only.
    etag: Option<String>,
    modified: Option<String>,
    ticket: Option<Ticket>,
    /// It looked cut off when it was seen first; refused when it stays so.
    unfinished: bool,
}

impl WebSource {
    pub(crate) fn new(plan: Plan, web: Web, codes: LocationCodes) -> Self {
        Self {
            plan: Arc::new(plan),
            codes: Arc::new(codes),
            web,
            seen: Mutex::default(),
            turn: tokio::sync::Mutex::default(),
        }
    }

    /// Fetches what a poll would; changes nothing.
    pub(crate) async fn check(&self) -> Result<(), ConnectorError> {
        for (_, url) in self.addresses() {
            if let Fetched::Whole(answer) = self.fetch(&url, &Seen::default()).await?
                && let Some(page) = page(&answer)
            {
                return Err(ConnectorError::operator(format!("{}: {page}", file_name(&url))));
            }
        }
        Ok(())
    }

    fn seen(&self) -> MutexGuard<'_, BTreeMap<Kind, Seen>> {
        // Nothing panics while it holds the lock; and the state stays usable if it did.
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Statements before figures.
    fn addresses(&self) -> Vec<(Kind, Url)> {
        let orders = self.web.orders.iter().map(|url| (Kind::Orders, url.clone()));
        orders.chain([(Kind::Stock, self.web.stock.clone())]).collect()
    }

    async fn fetch(&self, url: &Url, seen: &Seen) -> Result<Fetched, ConnectorError> {
        let path = match url.query() {
            Some(query) => format!("{}?{query}", url.path()),
            None => url.path().to_owned(),
        };
        let mut request = self.web.http.request(Method::GET, &path);
        request = match &self.web.login {
            Login::Nobody => request,
            Login::Basic { user, password } => request.basic_auth(user, Some(password.expose_secret())),
            Login::Bearer(token) => request.bearer_auth(token.expose_secret()),
        };
        if let Some(etag) = &seen.etag {
            request = request.header(IF_NONE_MATCH, etag);
        }
        if let Some(modified) = &seen.modified {
            request = request.header(IF_MODIFIED_SINCE, modified);
        }
        self.web.http.fetch(request).await.map_err(|error| ConnectorError {
            message: format!("{}: {}", file_name(url), error.message),
            class: error.class,
        })
    }

    async fn take(&self, kind: Kind, url: &Url) -> Result<Option<(Ticket, Report)>, ConnectorError> {
        let before = self.seen().get(&kind).cloned().unwrap_or_default();
        let asked = now();
        // What looked cut off is looked at anew, whether or not the server thinks that it changed.
        let known = if before.unfinished {
            Seen::default()
        } else {
            before.clone()
        };
        let Fetched::Whole(answer) = self.fetch(url, &known).await? else {
            return Ok(None);
        };
        let (etag, modified) = (header(&answer, &ETAG), header(&answer, &LAST_MODIFIED));
        let written = modified.as_deref().and_then(instant);
        let as_of = if self.web.as_of_request { Some(asked) } else { written };
        let ticket = ticket(kind, &answer, as_of);
        let again = before.ticket.as_ref() == Some(&ticket);
        let mut seen = Seen {
            etag,
            modified,
            ticket: Some(ticket.clone()),
            unfinished: false,
        };
        if again && !before.unfinished {
            self.seen().insert(kind, seen);
            return Ok(None);
        }
        let title = file_name(url);
        let report = match self.read(kind, &title, answer, as_of).await? {
            Ok(report) => report,
            Err(refusal) if refusal.unfinished && !again => {
                seen.unfinished = true;
                self.seen().insert(kind, seen);
                return Ok(None);
            }
            Err(Refusal { reason, .. }) => Report::Refused(Refused { title, reason }),
        };
        self.seen().insert(kind, seen);
        Ok(Some((ticket, report)))
    }

    async fn read(
        &self,
        kind: Kind,
        title: &str,
        answer: Answer,
        as_of: Option<Millis>,
    ) -> Result<Result<Report, Refusal>, ConnectorError> {
        if let Some(page) = page(&answer) {
            return Ok(Err(Refusal::whole(title, &page)));
        }
        let column = match (kind, &self.plan.orders) {
            (Kind::Orders, Some(orders)) => orders.columns.as_of.is_some(),
            _ => self.plan.stock.columns.as_of.is_some(),
        };
        let Some(modified) = as_of.or(column.then_some(Millis(0))) else {
            let message = "nothing says when its figures were true: the answer has no Last-Modified; set columns.as_of, or \
                           as_of = \"request\" where they are computed when asked for";
            return Ok(Err(Refusal::whole(title, message)));
        };
        let (plan, codes) = (Arc::clone(&self.plan), Arc::clone(&self.codes));
        let facts = FileFacts {
            title: title.to_owned(),
            modified,
        };
        blocking(title, move || {
            let bytes = answer.body.to_vec();
            Ok(match (kind, &plan.orders) {
                (Kind::Orders, Some(orders)) => content::statements(orders, &facts, bytes, plan.max_bytes),
                _ => content::stock(&plan, &codes, &facts, bytes),
            })
        })
        .await
    }
}

#[async_trait]
impl StockSource for WebSource {
    async fn begin(&self) -> Result<(), ConnectorError> {
        self.seen().clear();
        Ok(())
    }

    async fn poll(&self) -> Result<Option<(Ticket, Report)>, ConnectorError> {
        let busy = |_| ConnectorError::retry("another poll of the same address does not end");
        let _turn = timeout(MOST_WAIT, self.turn.lock()).await.map_err(busy)?;
        for (kind, url) in self.addresses() {
            if let Some(report) = self.take(kind, &url).await? {
                return Ok(Some(report));
            }
        }
        Ok(None)
    }

    /// There is nothing to put away.
    async fn acknowledge(&self, _: &Ticket, _: &Verdict) -> Result<(), ConnectorError> {
        Ok(())
    }
}

/// What to say of a page for people that came in place of a file.
fn page(answer: &Answer) -> Option<String> {
    let kind = header(answer, &CONTENT_TYPE)?.to_ascii_lowercase();
    let page = kind.starts_with("text/html") || kind.starts_with("application/xhtml");
    page.then(|| {
        format!("the answer is a web page ({kind}), not a file: a login or an error; look at the address and the credentials")
    })
}

fn header(answer: &Answer, name: &HeaderName) -> Option<String> {
    answer.headers.get(name)?.to_str().ok().map(str::to_owned)
}

/// Of a Last-Modified.
fn instant(text: &str) -> Option<Millis> {
    let time = httpdate::parse_http_date(text).ok()?;
    let since = time.duration_since(UNIX_EPOCH).ok()?;
    i64::try_from(since.as_millis()).ok().map(Millis)
}

/// The same content as of the same time has the same ticket.
fn ticket(kind: Kind, answer: &Answer, as_of: Option<Millis>) -> Ticket {
    let mut text = match kind {
        Kind::Orders => "orders/".to_owned(),
        Kind::Stock => "stock/".to_owned(),
    };
    let digest = Sha256::digest(&answer.body);
    text.extend(digest.iter().map(|byte| format!("{byte:02x}")));
    text.extend(as_of.map(|Millis(as_of)| format!("/{as_of}")));
    Ticket(text)
}

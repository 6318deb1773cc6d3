//! Where files come from: a folder, or an address of the web. The keys of a configuration that say so, checked.

use crate::pattern::Pattern;
use omnistock_sdk::http::{Http, HttpSettings};
use omnistock_sdk::{ConnectorContext, SecretReference, SecretString, SettingsReader};
use std::time::Duration;
use url::Url;

/// From connect to the last byte of one file.
const DEADLINE: Duration = Duration::from_mins(2);

/// Where files of one sort are.
#[derive(Debug)]
pub(crate) enum Place {
    Folder(Pattern),
    Web(Url),
}

impl Place {
    /// By exactly one of two keys, both of which begin with `prefix`.
    pub(crate) fn new(
        prefix: &str,
        context: &ConnectorContext,
        path: Option<&str>,
        url: Option<&str>,
        reader: &mut SettingsReader<'_>,
    ) -> Option<Self> {
        let (key, place) = match (path, url) {
            (Some(path), None) => ("path", Pattern::new(&context.folder, path).map(Self::Folder)),
            (None, Some(url)) => ("url", address(url).map(Self::Web)),
            (Some(_), Some(_)) => ("url", Err("a folder and an address are given: keep one".to_owned())),
            (None, None) => (
                "path",
                Err("`path` is missing: a folder and a name, or `url`".to_owned()),
            ),
        };
        let key = format!("{prefix}{key}");
        place.map_err(|message| reader.problem(&key, message, "")).ok()
    }

    /// What its files are called.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Folder(pattern) => pattern.name.clone(),
            Self::Web(url) => file_name(url),
        }
    }
}

/// The last part of an address, without what follows a `?`: that may hold keys.
pub(crate) fn file_name(url: &Url) -> String {
    let last = url.path_segments().and_then(|mut parts| parts.next_back());
    let name = last.filter(|last| !last.is_empty());
    name.or(url.host_str()).unwrap_or_default().to_owned()
}

fn address(text: &str) -> Result<Url, String> {
    let url: Url = text
        .parse()
        .map_err(|error| format!("{text:?} is not an address: {error}"))?;
    if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
        return Err(format!(
            "{:?} is not an address like \"https://erp.example.com/stock.csv\"",
            url.scheme()
        ));
    }
    if !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() {
        return Err(
            "the address must have no user, password or fragment: set `user` and `password`, or `token`".into(),
        );
    }
    Ok(url)
}

/// Where stock and order statements are, both of the same kind.
pub(crate) enum Places {
    Folder(Pattern, Option<Pattern>),
    Web(Url, Option<Url>),
}

impl Places {
    /// `orders`: `None` where there are none, `Some(None)` where they are wrong.
    #[allow(clippy::option_option, reason = "not wanted and wrong are two things")]
    pub(crate) fn of(
        stock: Option<Place>,
        orders: Option<Option<Place>>,
        reader: &mut SettingsReader<'_>,
    ) -> Option<Self> {
        match (stock?, orders) {
            (Place::Folder(stock), None) => Some(Self::Folder(stock, None)),
            (Place::Web(stock), None) => Some(Self::Web(stock, None)),
            (Place::Folder(stock), Some(Some(Place::Folder(orders)))) => Some(Self::Folder(stock, Some(orders))),
            (Place::Web(stock), Some(Some(Place::Web(orders)))) if stock.origin() == orders.origin() => {
                Some(Self::Web(stock, Some(orders)))
            }
            (_, Some(None)) => None,
            _ => {
                let message = "stock and orders must be in folders, or at addresses of one host: make two connectors";
                reader.problem("orders", message, "");
                None
            }
        }
    }
}

/// Where files come from.
#[allow(clippy::large_enum_variant, reason = "one of it is built for each connector")]
pub(crate) enum Where {
    Folder(Folders),
    Web(Web),
}

/// Folders on this machine.
#[derive(Debug)]
pub(crate) struct Folders {
    pub(crate) stock: Pattern,
    pub(crate) orders: Option<Pattern>,
    /// How long a file must be unchanged; unset: by how it came.
    pub(crate) settle: Option<Duration>,
}

/// Addresses of one host.
#[derive(Debug)]
pub(crate) struct Web {
    pub(crate) http: Http,
    pub(crate) stock: Url,
    pub(crate) orders: Option<Url>,
    pub(crate) login: Login,
    /// What is computed when it is asked for is as of then; otherwise the answer has to say when it was written.
    pub(crate) as_of_request: bool,
}

/// How a request says who asks.
#[derive(Debug)]
pub(crate) enum Login {
    Nobody,
    Basic { user: String, password: SecretString },
    Bearer(SecretString),
}

/// The keys that say how files are fetched.
pub(crate) struct TransportTable<'t> {
    /// How long a file must be unchanged; wrong and unset are the same here.
    pub(crate) settle: Option<Duration>,
    pub(crate) settle_set: bool,
    pub(crate) user: Option<&'t str>,
    pub(crate) password: Option<&'t SecretReference>,
    pub(crate) token: Option<&'t SecretReference>,
    pub(crate) as_of: Option<&'t str>,
    pub(crate) max_bytes: u64,
    /// Files say themselves when their figures were true.
    pub(crate) as_of_column: bool,
}

impl TransportTable<'_> {
    pub(crate) fn checked(
        &self,
        context: &ConnectorContext,
        places: Places,
        reader: &mut SettingsReader<'_>,
    ) -> Option<Where> {
        match places {
            Places::Folder(stock, orders) => {
                let foreign = [
                    ("user", self.user.is_some()),
                    ("password", self.password.is_some()),
                    ("token", self.token.is_some()),
                    ("as_of", self.as_of.is_some()),
                ];
                for (key, _) in foreign.iter().filter(|(_, set)| *set) {
                    reader.problem(key, "goes with `url` only", "");
                }
                let settle = self.settle;
                Some(Where::Folder(Folders { stock, orders, settle }))
            }
            Places::Web(stock, orders) => self.web(context, stock, orders, reader).map(Where::Web),
        }
    }

    fn web(
        &self,
        context: &ConnectorContext,
        stock: Url,
        orders: Option<Url>,
        reader: &mut SettingsReader<'_>,
    ) -> Option<Web> {
        let before = reader.told();
        if self.settle_set {
            reader.problem("settle", "goes with `path` only: an answer says where it ends", "");
        }
        let as_of_request = match (self.as_of, self.as_of_column) {
            (None, _) => false,
            (Some("request"), false) => true,
            (Some(_), true) => {
                reader.problem("as_of", "is given twice, here and as columns.as_of: keep one", "");
                false
            }
            (Some(other), false) => {
                let message =
                    format!("{other:?} is not known; there is \"request\", for figures computed when asked for");
                reader.problem("as_of", message, "");
                false
            }
        };
        let login = self.login(reader);
        if !matches!(login, Login::Nobody) && stock.scheme() == "http" {
            tracing::warn!(connector = %context.name, "credentials go over http, where everybody on the way can read them: use https");
        }
        let mut base = stock.clone();
        base.set_path("/");
        base.set_query(None);
        let settings = HttpSettings {
            deadline: DEADLINE,
            most_body: usize::try_from(self.max_bytes).unwrap_or(usize::MAX),
            ..HttpSettings::new(base)
        };
        let http = Http::new(settings)
            .map_err(|error| reader.problem("url", error.message, ""))
            .ok()?;
        (reader.told() == before).then_some(Web {
            http,
            stock,
            orders,
            login,
            as_of_request,
        })
    }

    fn login(&self, reader: &mut SettingsReader<'_>) -> Login {
        match (self.user, self.password, self.token) {
            (None, None, None) => Login::Nobody,
            (Some(user), Some(_), None) => Login::Basic {
                user: user.to_owned(),
                password: reader.secret("password", self.password).unwrap_or_default(),
            },
            (None, None, Some(_)) => Login::Bearer(reader.secret("token", self.token).unwrap_or_default()),
            _ => {
                reader.problem("user", "`user` and `password` go together, or `token` stands alone", "");
                Login::Nobody
            }
        }
    }
}

/// How long a file must be unchanged.
pub(crate) fn settle(text: &str, reader: &mut SettingsReader<'_>) -> Option<Duration> {
    let units = [("ms", 1), ("s", 1_000), ("m", 60_000)];
    let read = units.iter().find_map(|(unit, factor)| {
        let number: u64 = text.strip_suffix(unit)?.trim_end().parse().ok()?;
        number
            .checked_mul(*factor)
            .filter(|milliseconds| (50..=3_600_000).contains(milliseconds))
    });
    if read.is_none() {
        let message = format!("{text:?} is no time between \"50ms\" and \"60m\"");
        reader.problem("settle", message, "");
    }
    read.map(Duration::from_millis)
}

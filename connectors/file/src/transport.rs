//! Where files come from: a folder, an SFTP server, or an address of the web. The keys of a configuration that say so, checked.

use crate::depot::Meant;
use crate::done_file::DoneFile;
use crate::pattern::Pattern;
use crate::sftp::{self, Address, Remote, SftpTable};
use omnistock_sdk::http::{Http, HttpSettings};
use omnistock_sdk::{ConnectorContext, SecretReference, SecretString, SettingsReader};
use std::sync::Arc;
use std::time::Duration;
use url::Url;

/// From connect to the last byte of one file.
const DEADLINE: Duration = Duration::from_mins(2);

/// Where files of one sort are.
#[derive(Debug)]
pub(crate) enum Place {
    Folder(Pattern),
    Server(Address),
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
            (None, Some(url)) => ("url", address(url)),
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
            Self::Server(address) => address.files.name.clone(),
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

fn address(text: &str) -> Result<Place, String> {
    let url: Url = text
        .parse()
        .map_err(|error| format!("{text:?} is not an address: {error}"))?;
    if !matches!(url.scheme(), "http" | "https" | "sftp") || url.host().is_none() {
        return Err(format!(
            "{:?} is not an address like \"https://erp.example.com/stock.csv\" or \"sftp://erp.example.com/out/stock-*.csv\"",
            url.scheme()
        ));
    }
    if !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() {
        let instead = match url.scheme() {
            "sftp" => "`user` and `private_key`, or `password`",
            _ => "`user` and `password`, or `token`",
        };
        return Err(format!(
            "the address must have no user, password or fragment: set {instead}"
        ));
    }
    match url.scheme() {
        "sftp" => Address::new(&url).map(Place::Server),
        _ => Ok(Place::Web(url)),
    }
}

/// Where stock and order statements are, both of the same kind.
pub(crate) enum Places {
    Folder(Pattern, Option<Pattern>),
    Server(Address, Option<Pattern>),
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
            (Place::Server(stock), None) => Some(Self::Server(stock, None)),
            (Place::Web(stock), None) => Some(Self::Web(stock, None)),
            (Place::Folder(stock), Some(Some(Place::Folder(orders)))) => Some(Self::Folder(stock, Some(orders))),
            (Place::Web(stock), Some(Some(Place::Web(orders)))) if stock.origin() == orders.origin() => {
                Some(Self::Web(stock, Some(orders)))
            }
            (Place::Server(stock), Some(Some(Place::Server(orders))))
                if (&stock.host, stock.port) == (&orders.host, orders.port) =>
            {
                Some(Self::Server(stock, Some(orders.files)))
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
    Folder(Files),
    Server(Remote, Files),
    Web(Web),
}

/// Files that are listed, and when one is finished.
#[derive(Debug)]
pub(crate) struct Files {
    pub(crate) meant: Arc<Meant>,
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
    pub(crate) done_file: Option<&'t str>,
    pub(crate) put_away: Option<bool>,
    /// Of these, `user` and `password` are for the web, too.
    pub(crate) sftp: SftpTable<'t>,
    pub(crate) token: Option<&'t SecretReference>,
    pub(crate) as_of: Option<&'t str>,
    pub(crate) max_bytes: u64,
    /// Files say themselves when their figures were true.
    pub(crate) as_of_column: bool,
}

/// With a done file two looks are enough.
const TWO_LOOKS: Duration = Duration::from_millis(50);
/// A server tells the time of a file in whole seconds: in less, a change could stay unseen.
const LEAST_REMOTE: Duration = Duration::from_secs(1);

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
                    ("user", self.sftp.user.is_some()),
                    ("password", self.sftp.password.is_some()),
                    ("token", self.token.is_some()),
                    ("as_of", self.as_of.is_some()),
                ];
                for (key, _) in foreign.iter().filter(|(_, set)| *set) {
                    reader.problem(key, "goes with `url` only", "");
                }
                self.only_sftp(reader);
                self.files(stock, orders, None, reader).map(Where::Folder)
            }
            Places::Server(stock, orders) => {
                let foreign = [("token", self.token.is_some()), ("as_of", self.as_of.is_some())];
                for (key, _) in foreign.iter().filter(|(_, set)| *set) {
                    reader.problem(key, "goes with a `url` of http or https only", "");
                }
                if self.done_file.is_none() && self.settle.is_some_and(|settle| settle < LEAST_REMOTE) {
                    let message = "a server tells times in whole seconds: set 1s or more, or a `done_file`";
                    reader.problem("settle", message, "");
                }
                let Address { host, port, files } = stock;
                let files = self.files(files, orders, Some(sftp::SETTLE), reader);
                let remote = self.sftp.checked(context, host, port, reader);
                remote.zip(files).map(|(remote, files)| Where::Server(remote, files))
            }
            Places::Web(stock, orders) => {
                self.only_sftp(reader);
                for (key, _) in [
                    ("done_file", self.done_file.is_some()),
                    ("put_away", self.put_away.is_some()),
                ]
                .iter()
                .filter(|(_, set)| *set)
                {
                    reader.problem(
                        key,
                        "goes with `path`, or a `url` of sftp: elsewhere nothing can be listed",
                        "",
                    );
                }
                self.web(context, stock, orders, reader).map(Where::Web)
            }
        }
    }

    fn only_sftp(&self, reader: &mut SettingsReader<'_>) {
        for key in self.sftp.own() {
            reader.problem(key, "goes with a `url` of sftp only", "");
        }
    }

    fn files(
        &self,
        stock: Pattern,
        orders: Option<Pattern>,
        usual: Option<Duration>,
        reader: &mut SettingsReader<'_>,
    ) -> Option<Files> {
        let done_file = match self.done_file.map(DoneFile::new) {
            None => None,
            Some(Ok(done)) => Some(done),
            Some(Err(message)) => {
                reader.problem("done_file", message, "");
                return None;
            }
        };
        let usual = if done_file.is_some() { Some(TWO_LOOKS) } else { usual };
        let settle = self.settle.or(usual);
        let put_away = self.put_away.unwrap_or(true);
        let meant = Arc::new(Meant {
            stock,
            orders,
            done_file,
            put_away,
        });
        Some(Files { meant, settle })
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
            reader.problem(
                "settle",
                "goes with `path` and sftp only: an answer says where it ends",
                "",
            );
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
        match (self.sftp.user, self.sftp.password, self.token) {
            (None, None, None) => Login::Nobody,
            (Some(user), Some(_), None) => Login::Basic {
                user: user.to_owned(),
                password: reader.secret("password", self.sftp.password).unwrap_or_default(),
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

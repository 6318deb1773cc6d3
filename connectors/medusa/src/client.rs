//! Calls to the server: authorization, one renewal of it, and what its errors mean.

use crate::login::{Login, Pass};
use crate::settings::Parts;
use omnistock_sdk::http::{Answer, Http, HttpSettings};
use omnistock_sdk::{ConnectorError, ErrorClass};
use reqwest::Method;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// Names and values of a query; a name may come several times.
pub(crate) type Query = Vec<(&'static str, String)>;

/// A client for one server.
pub(crate) struct Client {
    http: Http,
    login: Login,
}

impl Client {
    /// For the server of `parts`.
    pub(crate) fn new(parts: &Parts) -> Result<Self, ConnectorError> {
        let settings = HttpSettings {
            deadline: parts.deadline,
            ..HttpSettings::new(parts.url.clone())
        };
        Ok(Self {
            http: Http::new(settings)?,
            login: Login::new(parts.credentials.clone()),
        })
    }

    /// Reads `path`.
    pub(crate) async fn get<T: DeserializeOwned>(&self, path: &str, query: &Query) -> Result<T, ConnectorError> {
        self.call(&Method::GET, path, query, None).await?.json()
    }

    /// Sends `body` to `path`.
    pub(crate) async fn post<T: DeserializeOwned>(&self, path: &str, body: &Value) -> Result<T, ConnectorError> {
        self.call(&Method::POST, path, &Query::new(), Some(body)).await?.json()
    }

    async fn call(
        &self,
        method: &Method,
        path: &str,
        query: &Query,
        body: Option<&Value>,
    ) -> Result<Answer, ConnectorError> {
        let Some(pass) = self.login.pass(&self.http, None).await? else {
            return Err(self.locked_out());
        };
        let error = match self.once(&pass, method, path, query, body).await {
            Ok(answer) => return Ok(answer),
            Err(error) => error,
        };
        // A refused request was certainly not carried out, so even a write may go again.
        if is(&error, 401)
            && let Some(fresh) = self.login.pass(&self.http, Some(&pass)).await?
        {
            return self
                .once(&fresh, method, path, query, body)
                .await
                .map_err(|error| self.explain(&error, method, path));
        }
        Err(self.explain(&error, method, path))
    }

    async fn once(
        &self,
        pass: &Pass,
        method: &Method,
        path: &str,
        query: &Query,
        body: Option<&Value>,
    ) -> Result<Answer, ConnectorError> {
        let mut request = pass.apply(self.http.request(method.clone(), path));
        if !query.is_empty() {
            request = request.query(query);
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        self.http.send(request).await
    }

    fn locked_out(&self) -> ConnectorError {
        ConnectorError::operator(format!("there is no way to log in; check {}", self.login.settings()))
    }

    /// Names the call, and says what to do where only a person can.
    fn explain(&self, error: &ConnectorError, method: &Method, path: &str) -> ConnectorError {
        // The web server's own page: there is no such route, so this isn't a Medusa server (or a far older one).
        let no_route = is(error, 404) && error.message.contains("Cannot ");
        // The storefront's part of the server asks for another kind of key.
        let no_route = no_route || is(error, 400) && error.message.contains("Publishable API key");
        let (class, advice) = if no_route {
            (
                ErrorClass::Operator,
                "; check `url`: the address of a Medusa v2 server, without /admin".to_owned(),
            )
        } else if is(error, 409) {
            // Two requests met inside the server; what became of ours is for the next read to say.
            (ErrorClass::Unknown, String::new())
        } else if is(error, 401) || is(error, 403) {
            (ErrorClass::Operator, format!("; check {}", self.login.settings()))
        } else if error.class == ErrorClass::Operator {
            (ErrorClass::Operator, "; check `url`".to_owned())
        } else {
            (error.class.clone(), String::new())
        };
        ConnectorError {
            class,
            message: format!("{method} {path}: {}{advice}", error.message),
        }
    }
}

/// Whether the server answered with this status.
pub(crate) fn is(error: &ConnectorError, status: u16) -> bool {
    error.message.contains(&format!("answer {status}: "))
}

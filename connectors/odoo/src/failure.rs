//! What Odoo's errors mean: who has to do what next.
//!
//! Everything here is about reading, so nothing was done by a call that failed. Tracebacks, which Odoo
//! sends along, are never repeated.

use omnistock_sdk::{ConnectorError, ErrorClass};
use serde::Deserialize;

/// The `error` of a JSON-RPC answer, which comes with status 200.
#[derive(Deserialize)]
pub(crate) struct RpcError {
    #[serde(default)]
    code: i64,
    #[serde(default)]
    message: String,
    #[serde(default)]
    data: Option<RpcData>,
}

#[derive(Deserialize)]
struct RpcData {
    #[serde(default)]
    name: String,
    #[serde(default)]
    message: Option<String>,
}

/// An error in Odoo's own words: the exception's full name and its sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Said {
    pub(crate) name: String,
    pub(crate) sentence: String,
}

impl Said {
    /// Of a JSON-RPC answer.
    pub(crate) fn rpc(error: &RpcError) -> Self {
        let data = error.data.as_ref();
        let name = data.map(|data| data.name.clone()).unwrap_or_default();
        let sentence = data.and_then(|data| data.message.clone()).unwrap_or_default();
        let expired = error.code == 100;
        Self {
            name: if expired && name.is_empty() {
                "odoo.http.SessionExpiredException".to_owned()
            } else {
                short(&name)
            },
            sentence: short(if sentence.is_empty() { &error.message } else { &sentence }),
        }
    }

    /// Of the beginning of a JSON-2 answer's body; `None`: it is no error of Odoo's.
    pub(crate) fn body(start: &str) -> Option<Self> {
        let name = field(start, "name")?;
        let sentence = field(start, "message").unwrap_or_default();
        Some(Self {
            name: short(&name),
            sentence: short(&sentence),
        })
    }

    fn is(&self, names: &[&str]) -> bool {
        let last = self.name.rsplit('.').next().unwrap_or_default();
        names.contains(&last)
    }

    /// The session ended: logging in anew helps.
    pub(crate) fn session_ended(&self) -> bool {
        self.is(&["SessionExpiredException"])
    }

    /// What has to happen, and what to do about it.
    pub(crate) fn meaning(&self, credentials: &str) -> (ErrorClass, String) {
        let about = |words: &[&str]| words.iter().any(|word| self.sentence.contains(word));
        let retry = ErrorClass::Retry { after: None };
        if self.is(&["AccessDenied", "Unauthorized", "SessionExpiredException"]) {
            (ErrorClass::Operator, credentials.to_owned())
        } else if self.is(&["AccessError", "Forbidden"]) {
            let advice = "give the user of `key` the groups that the connector's page lists";
            (ErrorClass::Operator, advice.to_owned())
        } else if about(&["does not exist"]) && about(&["database"]) {
            (ErrorClass::Operator, "check `database`".to_owned())
        } else if about(&["Invalid field", "Unknown field"]) {
            let advice = "this Odoo has no such field; where it is one of `orders`, check its name";
            (ErrorClass::Operator, advice.to_owned())
        } else if self.is(&["KeyError"]) || about(&["doesn't exist", "Model not found", "the model"]) {
            let advice = "install the apps Inventory and, for `orders`, Sales";
            (ErrorClass::Operator, advice.to_owned())
        } else if self.is(&["MissingError"]) {
            (
                retry,
                "a record went away while it was read: it is read again".to_owned(),
            )
        } else if self.is(&[
            "UserError",
            "ValidationError",
            "ValueError",
            "TypeError",
            "UnprocessableEntity",
        ]) {
            (ErrorClass::Rejected, String::new())
        } else {
            (retry, String::new())
        }
    }
}

/// The error of a call, with its place.
pub(crate) fn failed(place: &str, said: &Said, credentials: &str) -> ConnectorError {
    let (class, advice) = said.meaning(credentials);
    let advice = if advice.is_empty() {
        advice
    } else {
        format!("; {advice}")
    };
    ConnectorError {
        class,
        message: format!("{place}: {}: {}{advice}", said.name, said.sentence),
    }
}

/// The error of an answer that is none of Odoo's: a proxy, a login page, no answer at all.
pub(crate) fn transport(place: &str, error: &ConnectorError, credentials: &str) -> ConnectorError {
    let status = |status: u16| error.message.starts_with(&format!("answer {status}: "));
    let (class, advice) = match &error.class {
        _ if status(403) => {
            let advice = "; the user of `key` may not do this, or something before the server refuses: see the groups on the connector's page";
            (ErrorClass::Operator, advice.to_owned())
        }
        _ if status(401) => (ErrorClass::Operator, format!("; {credentials}")),
        ErrorClass::Operator => (ErrorClass::Operator, "; check `url` and `database`".to_owned()),
        _ if status(404) => (
            ErrorClass::Operator,
            "; check `url` (the server's own address) and `protocol`".to_owned(),
        ),
        _ if error.message.contains("is not the JSON") => (
            ErrorClass::Retry { after: None },
            "; this is no answer of Odoo's interface: if it lasts, check `url` and what stands before the server"
                .to_owned(),
        ),
        // Nothing is ever written, so an unknown outcome is none.
        ErrorClass::Unknown => (ErrorClass::Retry { after: None }, String::new()),
        class => (class.clone(), String::new()),
    };
    ConnectorError {
        class,
        message: format!("{place}: {}{advice}", error.message),
    }
}

/// One line of at most 300 characters.
fn short(text: &str) -> String {
    let line: Vec<&str> = text.split_whitespace().collect();
    line.join(" ").chars().take(300).collect()
}

/// The text of a field in the beginning of a JSON object, which may be cut off anywhere.
fn field(start: &str, name: &str) -> Option<String> {
    let (_, rest) = start.split_once(&format!("\"{name}\""))?;
    let rest = rest.trim_start().strip_prefix(':')?.trim_start().strip_prefix('"')?;
    let (mut text, mut escaped) = (String::new(), false);
    for letter in rest.chars() {
        match (escaped, letter) {
            (false, '\\') => escaped = true,
            (false, '"') => break,
            (true, 'n' | 'r' | 't') => {
                text.push(' ');
                escaped = false;
            }
            _ => {
                text.push(letter);
                escaped = false;
            }
        }
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const CREDENTIALS: &str = "check `key`";

    fn class(name: &str, sentence: &str) -> ErrorClass {
        let said = Said {
            name: name.to_owned(),
            sentence: sentence.to_owned(),
        };
        said.meaning(CREDENTIALS).0
    }

    #[test]
    fn each_exception_says_who_has_to_act() {
        let retry = ErrorClass::Retry { after: None };
        for (name, sentence, expected) in [
            ("odoo.exceptions.AccessDenied", "Access Denied", ErrorClass::Operator),
            (
                "odoo.exceptions.AccessError",
                "You are not allowed to access 'Quants'",
                ErrorClass::Operator,
            ),
            (
                "builtins.ValueError",
                "Invalid field 'woo_line' on model 'sale.order.line'",
                ErrorClass::Operator,
            ),
            ("builtins.KeyError", "stock.quant", ErrorClass::Operator),
            (
                "odoo.exceptions.UserError",
                "Object stock.quant doesn't exist",
                ErrorClass::Operator,
            ),
            (
                "psycopg2.OperationalError",
                "FATAL:  database \"x\" does not exist",
                ErrorClass::Operator,
            ),
            (
                "odoo.exceptions.MissingError",
                "Record does not exist or has been deleted.",
                retry.clone(),
            ),
            (
                "psycopg2.errors.SerializationFailure",
                "could not serialize access",
                retry.clone(),
            ),
            ("odoo.exceptions.UserError", "no", ErrorClass::Rejected),
            ("something.New", "?", retry),
        ] {
            assert_eq!(class(name, sentence), expected, "{name}");
        }
    }

    #[test]
    fn the_words_of_a_cut_answer_are_found_and_a_traceback_is_not_repeated() {
        let body = r#"{"name": "odoo.exceptions.AccessError", "message": "You are \"not\" allowed\nto", "debug": "Traceback (most"#;
        let said = Said::body(body).unwrap();
        assert_eq!(said.sentence, "You are \"not\" allowed to");
        let error = failed("stock.quant.search_read", &said, CREDENTIALS);
        assert!(
            error.message.contains("groups") && !error.message.contains("Traceback"),
            "{error}"
        );
        assert_eq!(Said::body("<html>"), None);
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in ".{0,200}") {
            let said = Said::body(&text).unwrap_or_else(|| Said { name: text.clone(), sentence: text.clone() });
            prop_assert!(failed("x", &said, CREDENTIALS).message.len() < 6_000);
        }
    }
}

//! Answers in the vendor's form: errors, pages, fields, dates.

use omnistock_words::Millis;
use serde_json::{Value, json};

/// A call as it came in.
pub(super) struct Call {
    pub(super) method: String,
    /// Below `/wp-json/wc/v3`.
    pub(super) path: String,
    /// Decoded.
    pub(super) query: Vec<(String, String)>,
    pub(super) body: Value,
}

impl Call {
    pub(super) fn query(&self, name: &str) -> Option<&str> {
        self.query
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// Ids of a comma list; `None` where the parameter is missing.
    pub(super) fn ids(&self, name: &str) -> Option<Vec<u64>> {
        self.query(name)
            .map(|text| text.split(',').filter_map(|id| id.trim().parse().ok()).collect())
    }

    /// A date parameter: naive, in the shop's time unless said otherwise.
    pub(super) fn date(&self, name: &str, offset: i64) -> Option<Millis> {
        let at: Millis = format!("{}Z", self.query(name)?).parse().ok()?;
        let gmt = self.query("dates_are_gmt") == Some("true");
        Some(if gmt { at } else { at.plus(-offset * 1_000) })
    }
}

/// An answer.
pub(super) struct Reply {
    pub(super) status: u16,
    /// JSON.
    pub(super) body: String,
    pub(super) headers: Vec<(&'static str, String)>,
}

impl Reply {
    pub(super) fn ok(body: &Value) -> Self {
        Self::text(body.to_string())
    }

    pub(super) fn text(body: String) -> Self {
        Self {
            status: 200,
            body,
            headers: Vec::new(),
        }
    }

    pub(super) fn created(body: &Value) -> Self {
        Self {
            status: 201,
            body: body.to_string(),
            headers: Vec::new(),
        }
    }

    pub(super) fn error(status: u16, code: &str, message: &str) -> Self {
        Self {
            status,
            body: error(status, code, message).to_string(),
            headers: Vec::new(),
        }
    }

    pub(super) fn no_json() -> Self {
        let data = json!({"status": 400, "json_error_code": 4, "json_error_message": "Syntax error"});
        let body = json!({"code": "rest_invalid_json", "message": "Invalid JSON body passed.", "data": data});
        Self {
            status: 400,
            body: body.to_string(),
            headers: Vec::new(),
        }
    }

    pub(super) fn no_route() -> Self {
        Self::error(
            404,
            "rest_no_route",
            "No route was found matching the URL and request method.",
        )
    }

    /// A parameter that breaks the rule `code` (such as `rest_invalid_type`).
    pub(super) fn invalid(parameter: &str, code: &str, message: &str) -> Self {
        // Of a wrong type the vendor says whose it is, of other faults nothing more.
        let data = if code == "rest_invalid_type" {
            json!({"param": parameter})
        } else {
            Value::Null
        };
        let details = json!({parameter: {"code": code, "message": message, "data": data}});
        let body = json!({"code": "rest_invalid_param", "message": format!("Invalid parameter(s): {parameter}"),
                          "data": {"status": 400, "params": {parameter: message}, "details": details}});
        Self {
            status: 400,
            body: body.to_string(),
            headers: Vec::new(),
        }
    }
}

pub(super) fn error(status: u16, code: &str, message: &str) -> Value {
    json!({"code": code, "message": message, "data": {"status": status}})
}

/// An item of a batch that was refused.
pub(super) fn refused(id: &Value, status: u16, code: &str, message: &str) -> Value {
    json!({"id": id, "error": error(status, code, message)})
}

const OUT_OF_BOUNDS: &str = "rest_out_of_bounds";

/// What was asked for, of another page; without what proved who asks.
fn asked(call: &Call, page: usize) -> String {
    let kept = |name: &String| name != "page" && !name.starts_with("oauth_");
    url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(call.query.iter().filter(|(name, _)| kept(name)))
        .append_pair("page", &page.to_string())
        .finish()
}

/// One page of `rows`, rendered with the fields that are asked for, with the vendor's headers.
pub(super) fn page<T, Rows>(call: &Call, rows: Rows, address: &str, render: impl Fn(T) -> String) -> Reply
where
    Rows: IntoIterator<Item = T, IntoIter: ExactSizeIterator>,
{
    let rows = rows.into_iter();
    let number = |name: &str, default: usize| call.query(name).map_or(Some(default), |text| text.parse().ok());
    let Some(size) = number("per_page", 10).filter(|size| (1..=100).contains(size)) else {
        return Reply::invalid(
            "per_page",
            OUT_OF_BOUNDS,
            "per_page must be between 1 (inclusive) and 100 (inclusive)",
        );
    };
    let Some(page) = number("page", 1).filter(|page| *page >= 1) else {
        return Reply::invalid("page", OUT_OF_BOUNDS, "page must be greater than or equal to 1");
    };
    let Some(offset) = number("offset", (page - 1).saturating_mul(size)) else {
        return Reply::invalid("offset", "rest_invalid_type", "offset is not of type integer.");
    };
    let (total, pages) = (rows.len(), rows.len().div_ceil(size));
    let rows: Vec<String> = rows.skip(offset).take(size).map(render).collect();
    let link = |to: usize, rel: &str| {
        format!(
            "<{address}/wp-json/wc/v3{}?{}>; rel=\"{rel}\"",
            call.path,
            asked(call, to)
        )
    };
    let mut links = Vec::new();
    if page > 1 {
        links.push(link(page - 1, "prev"));
    }
    if page < pages {
        links.push(link(page + 1, "next"));
    }
    let mut headers = vec![
        ("x-wp-total", total.to_string()),
        ("x-wp-totalpages", pages.to_string()),
    ];
    if !links.is_empty() {
        headers.push(("link", links.join(", ")));
    }
    Reply {
        status: 200,
        body: format!("[{}]", rows.join(",")),
        headers,
    }
}

/// Leaves the fields of `_fields`, where it is given.
pub(super) fn cut(call: &Call, row: Value) -> Value {
    match (call.query("_fields"), row) {
        (Some(fields), Value::Object(mut row)) => {
            row.retain(|name, _| fields.split(',').any(|field| field.trim() == name));
            row.into()
        }
        (_, row) => row,
    }
}

/// Naive, whole seconds, UTC.
pub(super) fn gmt(at: Millis) -> String {
    crate::wire::print_gmt(at)
}

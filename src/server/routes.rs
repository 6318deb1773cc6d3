//! Every route of the admin listener, once: what answers it, and what is said of it. The listener is made from this
//! table, and so is `openapi.json`: a route that is not described does not exist.

use super::{View, admin, log, openapi, orders, people, reservations};
use axum::routing::{MethodRouter, delete, get, post};
use std::sync::Arc;

/// A parameter of a query.
#[derive(Debug, Clone, Copy)]
pub(super) struct Parameter {
    pub(super) name: &'static str,
    /// Its schema among those of `schemas.json`.
    pub(super) schema: &'static str,
    pub(super) required: bool,
}

/// What is said of a route.
#[derive(Debug, Clone, Copy)]
pub(super) struct About {
    pub(super) method: &'static str,
    pub(super) path: &'static str,
    /// One sentence.
    pub(super) summary: &'static str,
    pub(super) query: &'static [Parameter],
    /// The schema of its body; a route without one takes none.
    pub(super) body: Option<&'static str>,
    /// Whether the body may be left out.
    pub(super) body_optional: bool,
    /// Its answer when it goes well: status code and schema; an empty schema is text.
    pub(super) answer: (u16, &'static str),
    /// Further status codes, beside those that every route may give.
    pub(super) refusals: &'static [u16],
    /// Whether it wants an `Idempotency-Key`.
    pub(super) keyed: bool,
}

/// A route.
pub(super) struct Route {
    pub(super) about: About,
    pub(super) handler: MethodRouter<Arc<dyn View>>,
}

pub(super) const fn optional(name: &'static str, schema: &'static str) -> Parameter {
    Parameter {
        name,
        schema,
        required: false,
    }
}

const fn required(name: &'static str, schema: &'static str) -> Parameter {
    Parameter {
        name,
        schema,
        required: true,
    }
}

pub(super) const CHANNEL: Parameter = optional("channel", "Name");
pub(super) const LIMIT: Parameter = optional("limit", "Limit");
const AT: Parameter = optional("at", "Instant");
const SINCE: Parameter = optional("since", "Instant");
const AFTER: Parameter = optional("after", "Sku");
const LOCATION: Parameter = optional("location", "Name");
const ALL: Parameter = optional("all", "Boolean");
const OF_CHANNEL: Parameter = required("channel", "Name");
const ORDER: Parameter = required("order", "Id");
const SKU: Parameter = required("sku", "Sku");

/// A read.
pub(super) fn read(
    path: &'static str,
    handler: MethodRouter<Arc<dyn View>>,
    answer: &'static str,
    summary: &'static str,
) -> Route {
    let about = About {
        method: "get",
        path,
        summary,
        query: &[],
        body: None,
        body_optional: false,
        answer: (200, answer),
        refusals: &[],
        keyed: false,
    };
    Route { about, handler }
}

/// A change.
pub(super) fn change(
    path: &'static str,
    handler: MethodRouter<Arc<dyn View>>,
    (body, answer): (&'static str, &'static str),
    summary: &'static str,
) -> Route {
    let mut route = read(path, handler, answer, summary);
    route.about.method = "post";
    route.about.body = Some(body);
    route.about.refusals = &[400, 404, 409];
    route
}

impl Route {
    pub(super) fn asks(mut self, query: &'static [Parameter]) -> Self {
        self.about.query = query;
        self.refusing(&[400, 404])
    }

    pub(super) fn refusing(mut self, refusals: &'static [u16]) -> Self {
        self.about.refusals = refusals;
        self
    }
}

/// All of them.
pub(super) fn all() -> Vec<Route> {
    let mut all = plain();
    all.extend(reads());
    all.extend(changes());
    all.extend(reserving());
    all.extend(super::listings::routes());
    all.extend(super::planning::routes());
    all.push(super::notify::route());
    all
}

fn plain() -> Vec<Route> {
    vec![
        read(
            "/health/live",
            get(admin::live),
            "Health",
            "Whether every loop still decides.",
        ),
        read(
            "/health/ready",
            get(admin::ready),
            "Health",
            "Whether work can be taken, or why not.",
        ),
        read(
            "/metrics",
            get(admin::metrics),
            "",
            "Metrics in the text format of Prometheus.",
        ),
        read("/openapi.json", get(openapi::serve), "OpenApi", "This description."),
    ]
}

#[expect(clippy::too_many_lines, reason = "a table")]
fn reads() -> Vec<Route> {
    vec![
        read("/api/v1/status", get(admin::status), "Status", "How everything stands."),
        read(
            "/api/v1/items/{sku}",
            get(admin::item),
            "Item",
            "What is known of an article.",
        )
        .refusing(&[400, 404]),
        read(
            "/api/v1/items/{sku}/explain",
            get(admin::explain_path),
            "Explanations",
            "Why an article's numbers are what they are.",
        )
        .asks(&[CHANNEL, AT]),
        read(
            "/api/v1/explain",
            get(admin::explain),
            "Explanations",
            "The same, for SKUs that can't be part of a path.",
        )
        .asks(&[SKU, CHANNEL, AT]),
        read(
            "/api/v1/availability",
            get(reservations::availability),
            "Availability",
            "What may be sold and set aside of an article.",
        )
        .asks(&[SKU, LOCATION, CHANNEL]),
        read(
            "/api/v1/shorts",
            get(admin::shorts),
            "Shorts",
            "Oversold order lines, with their cause.",
        )
        .asks(&[SINCE]),
        read(
            "/api/v1/holds",
            get(admin::holds),
            "Holds",
            "Changes that a guard stopped.",
        ),
        read(
            "/api/v1/parked",
            get(admin::parked),
            "ParkedList",
            "Listings that a channel refuses.",
        )
        .asks(&[CHANNEL, LIMIT]),
        read(
            "/api/v1/audit",
            get(people::audits),
            "Audits",
            "How the last audit of each channel stands.",
        ),
        read(
            "/api/v1/listings/unmapped",
            get(admin::unmapped),
            "UnmappedList",
            "Listings without a SKU that we know.",
        )
        .asks(&[CHANNEL, LIMIT]),
        read(
            "/api/v1/orders",
            get(orders::list),
            "Orders",
            "Orders of which something is still subtracted.",
        )
        .asks(&[CHANNEL, LIMIT]),
        read(
            "/api/v1/orders/show",
            get(orders::show),
            "Order",
            "One order, open or not.",
        )
        .asks(&[OF_CHANNEL, ORDER]),
        read(
            "/api/v1/orders/leaks",
            get(orders::leaks),
            "Leaks",
            "What takes stock without an order that lives, by SKU; `next` is the `after` of what is not shown.",
        )
        .asks(&[CHANNEL, AFTER, LIMIT]),
        read(
            "/api/v1/set",
            get(people::overrides),
            "Overrides",
            "Settings of single articles that hold.",
        ),
        read(
            "/api/v1/channels",
            get(admin::channels),
            "Channels",
            "How each channel stands.",
        ),
        read(
            "/api/v1/log",
            get(log::log),
            "Log",
            "Who changed what, when and why; newest first.",
        )
        .asks(&[SINCE, LIMIT]),
    ]
}

fn changes() -> Vec<Route> {
    vec![
        change(
            "/api/v1/holds/{id}/approve",
            post(admin::approve),
            ("Reason", "Hold"),
            "Let the newest value out.",
        ),
        change(
            "/api/v1/holds/{id}/reject",
            post(admin::reject),
            ("Reason", "Hold"),
            "Keep it held until a report lacks the fault.",
        ),
        change(
            "/api/v1/parked/retry",
            post(people::retry),
            ("ParkedBody", "ParkedAnswers"),
            "Try refused listings again.",
        ),
        change(
            "/api/v1/parked/drop",
            post(people::drop),
            ("ParkedBody", "ParkedAnswers"),
            "Leave refused listings alone.",
        ),
        change(
            "/api/v1/audit",
            post(people::audit),
            ("AuditBody", "Audits"),
            "Read channels anew and compare.",
        ),
        change(
            "/api/v1/orders/absorb",
            post(orders::absorb),
            ("MendBody", "Order"),
            "Say that a source's figures contain an order.",
        ),
        change(
            "/api/v1/orders/release",
            post(orders::release),
            ("MendBody", "Order"),
            "Give the units of an order back.",
        ),
        change(
            "/api/v1/sync",
            post(admin::sync),
            ("SyncBody", "SyncAnswer"),
            "Read connectors now.",
        ),
        change(
            "/api/v1/channel",
            post(people::change_channel),
            ("ChannelBody", "ChannelAnswer"),
            "Change how a channel is worked.",
        ),
        change(
            "/api/v1/set",
            post(people::set),
            ("SetBody", "Override"),
            "Set one setting of one article until an instant.",
        ),
        change(
            "/api/v1/set/remove",
            post(people::unset),
            ("UnsetBody", "Override"),
            "End such a setting.",
        ),
    ]
}

fn reserving() -> Vec<Route> {
    let view = "Reservation";
    let mut make = change(
        "/api/v1/reservations",
        post(reservations::reserve),
        ("ReserveBody", view),
        "Set units aside, once a key.",
    )
    .refusing(&[400, 409, 422]);
    (make.about.answer.0, make.about.keyed) = (201, true);
    let mut free = read(
        "/api/v1/reservations/{id}",
        delete(reservations::drop),
        view,
        "Give the units back.",
    )
    .refusing(&[400, 404, 409]);
    free.about.method = "delete";
    let path = "/api/v1/reservations/{id}/confirm";
    let mut confirm = change(
        path,
        post(reservations::confirm),
        ("ReservationChange", view),
        "The buyer has bought: the units stay for the order.",
    );
    confirm.about.body_optional = true;
    let (extend, release) = ("/api/v1/reservations/{id}/extend", "/api/v1/reservations/{id}/release");
    vec![
        read(
            "/api/v1/reservations",
            get(reservations::list),
            "Reservations",
            "Reservations that hold units, or all that are kept.",
        )
        .asks(&[ALL, LIMIT]),
        make,
        read(
            "/api/v1/reservations/{id}",
            get(reservations::show),
            view,
            "One reservation.",
        )
        .refusing(&[400, 404]),
        free,
        confirm,
        change(
            extend,
            post(reservations::extend),
            ("ExtendBody", view),
            "Keep the units until another instant.",
        ),
        change(
            release,
            post(reservations::release),
            ("Reason", view),
            "Give the units back, with a reason.",
        ),
    ]
}

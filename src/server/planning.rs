//! Routes of plans and reloads: each is begun by one request, and asked for by others until it is done.

use super::admin::{Answer, Body, Shared, json, path};
use super::people::short;
use super::routes::{Route, change, read};
use super::{PlanJob, ReloadBody};
use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::routing::{delete, get, post};

/// Its routes.
pub(super) fn routes() -> Vec<Route> {
    let mut end = read(
        "/api/v1/plan/{id}",
        delete(leave),
        "PlanJob",
        "Wait for it no longer: it is cancelled where nobody else waits, and a reload that is being brought into force goes on.",
    );
    end.about.method = "delete";
    vec![
        change(
            "/api/v1/plan",
            post(plan),
            ("PlanBody", "PlanJob"),
            "What a configuration would change; done at once where that takes less than half a second.",
        ),
        change(
            "/api/v1/reload",
            post(reload),
            ("ReloadBody", "PlanJob"),
            "Bring the configuration into force; done at once where that takes less than half a second.",
        ),
        read(
            "/api/v1/plan/{id}",
            get(planned),
            "PlanJob",
            "How a plan or a reload stands, or what came of it, also its refusal.",
        )
        .refusing(&[400, 404, 409]),
        end.refusing(&[400, 404, 409]),
    ]
}

async fn plan(State(view): Shared, headers: HeaderMap, body: Body) -> Answer<PlanJob> {
    view.plan(json(&headers, body)?).await.map(Json)
}

async fn reload(State(view): Shared, headers: HeaderMap, body: Body) -> Answer<PlanJob> {
    let asked: ReloadBody = json(&headers, body)?;
    short(&asked.reason)?;
    view.reload(asked).await.map(Json)
}

async fn planned(State(view): Shared, id: Result<Path<String>, PathRejection>) -> Answer<PlanJob> {
    view.planned(&path(id)?).await.map(Json)
}

async fn leave(State(view): Shared, id: Result<Path<String>, PathRejection>) -> Answer<PlanJob> {
    view.leave_plan(&path(id)?).await.map(Json)
}

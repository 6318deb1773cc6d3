//! The admin listener's description and its tokens.
#![allow(clippy::unwrap_used, reason = "a test")]

use crate::fake_view::FakeView;
use crate::listeners::{JSON, ask, get};
use omnistock::server::{Access, Role, Token};

#[tokio::test]
async fn a_token_opens_what_its_role_says_and_a_wrong_one_nothing() {
    let token = |name: &str, role, secret: &str| Token {
        name: name.to_owned(),
        role,
        secret: secret.into(),
    };
    let tokens = vec![
        token("grafana", Role::Viewer, "see-0123456789abcdef"),
        token("checkout", Role::Operator, "act-0123456789abcdef"),
    ];
    let view = FakeView::new(&[]);
    let served = crate::fake_view::admin_for(view.clone(), Access::new(tokens)).await;
    let (approve, reason) = ("/api/v1/holds/h-1/approve", r#"{"reason":"right"}"#);
    for (token, read, change) in [("see", 200, 403), ("act", 200, 200), ("own", 401, 401)] {
        let header = format!("{JSON}authorization: Bearer {token}-0123456789abcdef\r\n");
        let status = ask(&served, "GET", "/api/v1/status", &header, "").await.0;
        assert_eq!(status, read, "{token}");
        let (status, answer) = ask(&served, "POST", approve, &header, reason).await;
        assert_eq!(status, change, "{token}");
        let asks = answer.to_lowercase().contains("www-authenticate: bearer");
        assert_eq!(asks, change == 401, "{answer}");
    }
    assert_eq!(view.decisions.lock().unwrap().len(), 1);
    assert_eq!(
        get(&served, "/api/v1/status").await.0,
        200,
        "programs on this machine need none"
    );
}

#[tokio::test]
async fn the_description_is_served_and_names_every_schema_it_uses() {
    let served = crate::fake_view::admin(FakeView::new(&[])).await;
    let (status, answer) = get(&served, "/openapi.json").await;
    assert_eq!(status, 200);
    let body = answer.split_once("\r\n\r\n").unwrap().1;
    let document: serde_json::Value = serde_json::from_str(body).unwrap();
    assert_eq!(document["openapi"], "3.1.0");
    let schemas = document["components"]["schemas"].as_object().unwrap();
    let mut used: Vec<&str> = body
        .split("#/components/schemas/")
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
        .collect();
    used.sort_unstable();
    used.dedup();
    let named: Vec<&str> = schemas.keys().map(String::as_str).collect();
    let lacking: Vec<&&str> = used.iter().filter(|name| !named.contains(name)).collect();
    assert!(lacking.is_empty() && !schemas.is_empty(), "{lacking:?}");
    let unused: Vec<&&str> = named.iter().filter(|name| !used.contains(name)).collect();
    assert!(unused.is_empty(), "{unused:?}");
    assert!(document["paths"].as_object().unwrap().len() >= 35);
    // What may be asked for is any quantity above zero, also "2.5".
    let pattern = |schema: &str| schemas[schema]["pattern"].as_str().unwrap();
    assert_eq!(pattern("Units"), pattern("Quantity").replacen("-?", "", 1));
}

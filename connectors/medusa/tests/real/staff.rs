//! The shop as its staff and its buyers use it, over the server's own interfaces and past the proxy.

use omnistock_sdk::ConnectorError;
use omnistock_sdk::http::{Http, HttpSettings};
use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;

/// Does it from a case, which is no async code.
pub fn wait<T>(work: impl Future<Output = T>) -> T {
    tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(work))
}

/// What a person needs to know of the shop.
#[derive(Clone, Default)]
pub struct Keys {
    pub token: String,
    pub publishable: String,
    pub sales_channel: String,
    pub location: String,
    pub region: String,
    pub profile: String,
    pub shipping: String,
}

/// An article with everything that sells it.
#[derive(Clone)]
pub struct Article {
    pub product: String,
    pub variant: String,
    pub item: String,
}

pub struct Staff {
    pub http: Http,
    pub keys: Keys,
}

pub fn text(value: &Value, pointer: &str) -> String {
    let found = value.pointer(pointer).and_then(Value::as_str);
    found
        .unwrap_or_else(|| panic!("the answer has no {pointer}: {value}"))
        .to_owned()
}

impl Staff {
    pub fn new(url: &str, keys: Keys) -> Self {
        let settings = HttpSettings {
            deadline: Duration::from_mins(1),
            ..HttpSettings::new(url.parse().unwrap())
        };
        let http = Http::new(settings).unwrap();
        Self { http, keys }
    }

    pub async fn ask(&self, method: Method, path: &str, body: Option<Value>) -> Result<Value, ConnectorError> {
        let mut request = self.http.request(method, path);
        if path.starts_with("/store/") {
            request = request.header("x-publishable-api-key", &self.keys.publishable);
        } else if !self.keys.token.is_empty() {
            request = request.bearer_auth(&self.keys.token);
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        self.http.send(request).await?.json()
    }

    pub async fn post(&self, path: &str, body: Value) -> Value {
        let answer = self.ask(Method::POST, path, Some(body)).await;
        answer.unwrap_or_else(|error| panic!("POST {path}: {error}"))
    }

    pub async fn get(&self, path: &str) -> Value {
        let answer = self.ask(Method::GET, path, None).await;
        answer.unwrap_or_else(|error| panic!("GET {path}: {error}"))
    }

    /// A token of an admin user.
    pub async fn log_in(&mut self, email: &str, password: &str) {
        let body = json!({"email": email, "password": password});
        let answer = self.post("/auth/user/emailpass", body).await;
        self.keys.token = text(&answer, "/token");
    }

    /// Everything that a shop needs before its first article: where it stores, to whom and how it sells.
    pub async fn set_up(&mut self) {
        let web = self.post("/admin/sales-channels", json!({"name": "web"})).await;
        self.keys.sales_channel = text(&web, "/sales_channel/id");
        let channels = json!({"add": [self.keys.sales_channel]});
        let berlin = self.post("/admin/stock-locations", json!({"name": "berlin"})).await;
        self.keys.location = text(&berlin, "/stock_location/id");
        let place = format!("/admin/stock-locations/{}", self.keys.location);
        self.post(&format!("{place}/sales-channels"), channels.clone()).await;
        let region = json!({"name": "EU", "currency_code": "eur", "countries": ["de"], "payment_providers": ["pp_system_default"]});
        self.keys.region = text(&self.post("/admin/regions", region).await, "/region/id");
        let profile = json!({"name": "standard", "type": "default"});
        let profile = self.post("/admin/shipping-profiles", profile).await;
        self.keys.profile = text(&profile, "/shipping_profile/id");
        let key = json!({"title": "storefront", "type": "publishable"});
        let key = self.post("/admin/api-keys", key).await;
        self.keys.publishable = text(&key, "/api_key/token");
        let id = text(&key, "/api_key/id");
        self.post(&format!("/admin/api-keys/{id}/sales-channels"), channels)
            .await;
        self.keys.shipping = self.shipping(&place).await;
    }

    async fn shipping(&self, place: &str) -> String {
        let provider = json!({"add": ["manual_manual"]});
        self.post(&format!("{place}/fulfillment-providers"), provider).await;
        let post = json!({"name": "post", "type": "shipping"});
        self.post(&format!("{place}/fulfillment-sets"), post).await;
        let sets = self.get(&format!("{place}?fields=fulfillment_sets.id")).await;
        let set = text(&sets, "/stock_location/fulfillment_sets/0/id");
        let zone = json!({"name": "de", "geo_zones": [{"type": "country", "country_code": "de"}]});
        let zones = self
            .post(&format!("/admin/fulfillment-sets/{set}/service-zones"), zone)
            .await;
        let option = json!({
            "name": "post", "service_zone_id": text(&zones, "/fulfillment_set/service_zones/0/id"),
            "shipping_profile_id": self.keys.profile, "provider_id": "manual_manual", "price_type": "flat", "rules": [],
            "type": {"label": "post", "description": "by post", "code": "post"}, "prices": [{"currency_code": "eur", "amount": 0}],
        });
        let option = self.post("/admin/shipping-options", option).await;
        text(&option, "/shipping_option/id")
    }

    /// A second admin user, who may be deleted.
    pub async fn invite(&self, email: &str, password: &str) {
        let invite = self.post("/admin/invites", json!({"email": email})).await;
        let invite = text(&invite, "/invite/token");
        let body = json!({"email": email, "password": password});
        let token = text(&self.post("/auth/user/emailpass/register", body).await, "/token");
        let path = format!("/admin/invites/accept?token={invite}");
        let accept = self.http.request(Method::POST, &path).bearer_auth(token);
        let body = json!({"email": email, "first_name": "Con", "last_name": "Nector"});
        self.http.send(accept.json(&body)).await.unwrap();
    }

    pub async fn delete_user(&self, email: &str) {
        let users = self.get("/admin/users?fields=id,email&limit=100").await;
        let users = users["users"].as_array().unwrap();
        let user = users.iter().find(|user| user["email"] == email);
        let path = format!("/admin/users/{}", text(user.expect("the user"), "/id"));
        self.ask(Method::DELETE, &path, None).await.unwrap();
    }

    /// New articles, in the order of `skus`; an empty SKU is none.
    pub async fn list(&self, skus: &[&str]) -> Vec<Article> {
        let product = |sku: &&str| {
            let mut variant = json!({"title": "one", "manage_inventory": true, "options": {"Size": "one"},
                                     "prices": [{"currency_code": "eur", "amount": 9.9}]});
            if !sku.is_empty() {
                variant["sku"] = json!(sku);
            }
            // A product's address in the shop is made of its title, which knows no capitals.
            let title = format!("Article {:x?}", sku.as_bytes());
            json!({"title": title, "status": "published", "shipping_profile_id": self.keys.profile, "variants": [variant],
                   "sales_channels": [{"id": self.keys.sales_channel}], "options": [{"title": "Size", "values": ["one"]}]})
        };
        let create: Vec<Value> = skus.iter().map(product).collect();
        let path =
            "/admin/products/batch?fields=id,variants.id,variants.sku,variants.inventory_items.inventory_item_id";
        let made = self.post(path, json!({"create": create})).await;
        let made = made["created"].as_array().unwrap();
        let article = |sku: &&str| {
            let own = |product: &&Value| product["variants"][0]["sku"].as_str().unwrap_or_default() == *sku;
            let product = made.iter().find(own).expect("the product");
            Article {
                product: text(product, "/id"),
                variant: text(product, "/variants/0/id"),
                item: text(product, "/variants/0/inventory_items/0/inventory_item_id"),
            }
        };
        skus.iter().map(article).collect()
    }

    /// Stocks articles at the one location.
    pub async fn stock(&self, items: &[(String, i64)]) {
        let place = &self.keys.location;
        let level = |(item, units): &(String, i64)| json!({"inventory_item_id": item, "location_id": place, "stocked_quantity": units});
        let levels: Vec<Value> = items.iter().map(level).collect();
        self.post(
            "/admin/inventory-items/location-levels/batch",
            json!({"create": levels}),
        )
        .await;
    }

    /// Sets what is stocked. The server refuses numbers below zero.
    pub async fn restock(&self, item: &str, units: i64) {
        let path = format!("/admin/inventory-items/{item}/location-levels/{}", self.keys.location);
        self.post(&format!("{path}?fields=id"), json!({"stocked_quantity": units}))
            .await;
    }

    /// Products as the storefront shows them, a hundred at most: their one variant each.
    pub async fn storefront(&self, articles: &[Article]) -> Vec<Value> {
        let fields = "id,*variants.calculated_price,%2Bvariants.inventory_quantity";
        let ids: String = articles
            .iter()
            .map(|article| format!("&id[]={}", article.product))
            .collect();
        let region = &self.keys.region;
        let path = format!("/store/products?region_id={region}&limit=100&fields={fields}{ids}");
        let shown = self.get(&path).await;
        let shown = shown["products"].as_array().unwrap();
        let variant = |article: &Article| {
            let own = shown.iter().find(|product| product["id"] == article.product.as_str());
            own.expect("the storefront shows it")["variants"][0].clone()
        };
        articles.iter().map(variant).collect()
    }
}

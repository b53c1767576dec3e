//! A catalogue of items, whose callers have Keybearer keys.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Json;
use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::{delete, get, post};
use keybearer_tower::{Grant, Service, all_of, any_key, any_of, level};
use serde_json::{Value, json};

/// The items, by number. They are gone when the program ends.
#[derive(Clone, Default)]
struct Items(Arc<Mutex<BTreeMap<u32, String>>>);

impl Items {
    fn open(&self) -> MutexGuard<'_, BTreeMap<u32, String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the service declares, and its routes, each with what it requires. They answer 503 until the service is started.
pub fn catalog() -> (Service, Router) {
    let service = Service::new("catalog")
        .permission("items.read", "See items")
        .permission("items.write", "Add items, and see them")
        .permission("items.delete", "Take items away, together with the right to add them");

    let routes = Router::new()
        .route("/items", get(list).layer(service.require(any_of(["items.read", "items.write"]))))
        .route("/items", post(add).layer(service.require(any_of(["items.write"]))))
        .route("/items/{number}", delete(take_away).layer(service.require(all_of(["items.write", "items.delete"]))))
        .route("/me", get(me).layer(service.require(level(2))))
        .route("/hello", get(hello).layer(service.require(any_key())))
        .with_state(Items::default());
    (service, routes)
}

async fn list(State(items): State<Items>) -> Json<Value> {
    Json(json!(*items.open()))
}

async fn add(State(items): State<Items>, name: String) -> (StatusCode, Json<Value>) {
    let mut items = items.open();
    let number = items.last_key_value().map_or(1, |(last, _)| last + 1);
    items.insert(number, name);
    (StatusCode::CREATED, Json(json!({"number": number})))
}

async fn take_away(State(items): State<Items>, Path(number): Path<u32>) -> StatusCode {
    if items.open().remove(&number).is_some() { StatusCode::NO_CONTENT } else { StatusCode::NOT_FOUND }
}

/// Whose key this is.
async fn me(grant: Grant) -> Json<Value> {
    Json(json!({"account": grant.owner(), "level": grant.level()}))
}

/// What this key may do here.
async fn hello(grant: Grant) -> Json<Value> {
    Json(json!({"key": grant.id().to_string(), "may_add": grant.has("items.write")}))
}

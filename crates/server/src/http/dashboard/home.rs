//! `/`: to where the person begins.

use axum::response::Response;

use super::visit::{Anyone, Visit};

/// Where the person begins.
pub(super) fn start(visit: &Visit) -> &'static str {
    match visit.member() {
        Some(person) if person.is_admin() => "/dashboard",
        Some(_) => "/account",
        None => "/sign-in",
    }
}

pub(super) async fn home(Anyone(visit): Anyone) -> Response {
    visit.go(start(&visit))
}

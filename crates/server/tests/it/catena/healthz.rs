//! `GET /api/v1/api_keys/healthz`.

use serde_json::json;

use crate::support::{Cred, Server};

#[tokio::test]
async fn anybody_may_ask() {
    let server = Server::start().await;
    let body = server.get("/api/v1/api_keys/healthz", &Cred::None).await.expect(200);
    assert_eq!(body, json!({"healthy": true, "components": [{"component": "database", "healthy": true, "status": "answers"}]}));
}

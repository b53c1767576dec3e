//! axum and one SELECT per request: what one would write first.

use std::path::Path;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use keybearer::clock::Clock;
use keybearer::config::Config;
use keybearer::keyring::Keyring;
use keybearer_core::token::{Credential, Digest, Peppers};
use rusqlite::{Connection, OpenFlags, OptionalExtension};

use super::{NO, YES, listen};

struct Database {
    connection: Mutex<Connection>,
    peppers: Peppers,
}

/// Serves until the process ends. The data directory is only read.
///
/// # Panics
/// Where it cannot be read.
pub async fn run(dir: &Path) {
    let config = Config::for_data_dir(dir);
    let peppers = Keyring::open(&config.keyring_path()).unwrap_or_else(|error| panic!("{error}")).unwrap().peppers();
    let connection = Connection::open_with_flags(config.database_path(), OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    let database = Arc::new(Database { connection: Mutex::new(connection), peppers });
    let router = Router::new().route("/v1/whoami", get(verify)).with_state(database);
    axum::serve(listen().await, router).await.unwrap();
}

async fn verify(State(database): State<Arc<Database>>, headers: HeaderMap) -> impl IntoResponse {
    let key = headers.get("x-api-key").and_then(|value| value.to_str().ok());
    let is_valid = key.and_then(|key| Credential::parse_token(key).ok()).is_some_and(|credential| database.is_valid(&credential));
    let (status, body) = if is_valid { (StatusCode::OK, YES) } else { (StatusCode::UNAUTHORIZED, NO) };
    (status, [(header::CONTENT_TYPE, "application/json; charset=utf-8")], body)
}

impl Database {
    fn is_valid(&self, credential: &Credential) -> bool {
        let now = Clock::System.now().0;
        let connection = self.connection.lock().unwrap();
        let mut statement = connection.prepare_cached("SELECT digest, pepper, expires_at, revoked_at FROM keys WHERE id = ?1").unwrap();
        let row = statement.query_row([credential.id.as_bytes()], |row| {
            Ok((row.get::<_, [u8; 32]>(0)?, row.get(1)?, row.get::<_, Option<i64>>(2)?, row.get::<_, Option<i64>>(3)?))
        });
        row.optional().unwrap().is_some_and(|(digest, pepper, expires, revoked)| {
            self.peppers.proves(credential, pepper, &Digest::from_bytes(digest)) && expires.is_none_or(|end| now < end) && revoked.is_none()
        })
    }
}

//! The ways to a server.

use keybearer_core::role::Roles;
use keybearer_store::{Database, PostgresUrl, StoreError};

use crate::cluster;

#[tokio::test]
async fn a_server_without_tls_is_refused_where_tls_is_required() {
    let url = cluster::database().await;
    for mode in ["require", "verify-full"] {
        let database = Database::Postgres(PostgresUrl::parse(&format!("{url}?sslmode={mode}")).unwrap());
        let Err(refused) = database.open(Roles::default()).await else { panic!("{mode}: it was opened") };
        assert!(matches!(&refused, StoreError::Unavailable(why) if why.contains("TLS")), "{mode}: {refused}");
    }
    for mode in ["disable", "prefer"] {
        let database = Database::Postgres(PostgresUrl::parse(&format!("{url}?sslmode={mode}")).unwrap());
        database.open(Roles::default()).await.unwrap();
    }
    cluster::remove(&url).await;
}

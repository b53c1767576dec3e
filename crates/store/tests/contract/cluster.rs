//! A real PostgreSQL, and an empty database in it for each test.

mod own;

use tokio_postgres::{Client, NoTls};

pub(crate) use self::own::server;
use self::own::{free_name, named};

/// The URL of a new, empty database.
pub(crate) async fn database() -> String {
    let name = free_name();
    // From the template that nobody connects to: the other one cannot be copied while somebody does.
    client(server()).await.batch_execute(&format!("CREATE DATABASE {name} TEMPLATE template0 STRATEGY file_copy")).await.unwrap();
    named(&name)
}

/// Removes a database, whoever is connected.
pub(crate) async fn remove(url: &str) {
    let name = url.rsplit('/').next().unwrap();
    client(server()).await.batch_execute(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await.unwrap();
}

/// A connection beside the store's own, as an operator with a shell has it.
pub(crate) async fn client(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

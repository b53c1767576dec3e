//! The catalogue as a program. It needs a Keybearer server, and a key that is bound to the service `catalog` and whose policy grants
//! `keybearer:permissions.declare` and `keybearer:verify`:
//!
//! ```sh
//! KEYBEARER_URL=http://127.0.0.1:5000 KEYBEARER_TOKEN=kb_... cargo run -p keybearer-example-catalog
//! ```

use std::process::ExitCode;

use keybearer_tower::{Credential, Keybearer};
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> ExitCode {
    tracing_subscriber::fmt().with_writer(std::io::stderr).init();
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), Box<dyn std::error::Error>> {
    let setting = |name: &str| std::env::var(name).map_err(|_| format!("please set {name}"));
    let url = setting("KEYBEARER_URL")?;
    let credential = Credential::parse(&setting("KEYBEARER_TOKEN")?)?;
    let listen = setting("CATALOG_LISTEN").unwrap_or_else(|_| "127.0.0.1:3000".to_owned());

    let (service, routes) = catalog::catalog();
    service.start(Keybearer::at(&url, credential)).await?;

    let listener = TcpListener::bind(listen).await?;
    println!("the catalogue is at http://{}", listener.local_addr()?);
    axum::serve(listener, routes).await?;
    Ok(())
}

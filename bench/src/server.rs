//! A server in this process, on a data directory of its own.

use std::net::SocketAddr;
use std::sync::Arc;

use keybearer::app::App;
use keybearer::clock::Clock;
use keybearer::config::Config;
use keybearer::{http, start};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use crate::client::Client;

/// The name of the administrator.
pub const ADMIN: &str = "admin";
/// The password of the administrator.
pub const PASSWORD: &str = "plume otter lantern gravel";

/// A server that answers until it is dropped.
pub struct Server {
    /// What it is made of.
    pub app: Arc<App>,
    /// Where it listens.
    pub address: SocketAddr,
    _stop: oneshot::Sender<()>,
    _dir: TempDir,
}

impl Server {
    /// Starts one with an administrator.
    ///
    /// # Panics
    /// Where it does not start.
    pub async fn start() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut config = Config::for_data_dir(dir.path());
        config.keys.max_per_account = u32::MAX;
        let app = App::open(config, Clock::System).await.unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let link = start::first_admin(&app, address).await.unwrap().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        tokio::spawn({
            let app = Arc::clone(&app);
            async move { http::serve(app, listener, async { drop(stopped.await) }).await }
        });
        let body = format!("username={ADMIN}&password={}", PASSWORD.replace(' ', "+"));
        let (_, path) = link.split_at(link.find("/setup/").unwrap());
        let form = Client::request("POST", path, &[("Content-Type", "application/x-www-form-urlencoded")], &body);
        let made = tokio::task::spawn_blocking(move || Client::connect(address).ask(&form)).await.unwrap();
        assert_eq!(made.status, 201);
        Self { app, address, _stop: stop, _dir: dir }
    }

    /// The token of a new session of the administrator.
    ///
    /// # Panics
    /// Where there is none.
    pub async fn session(&self) -> String {
        let body = serde_json::json!({"username": ADMIN, "password": PASSWORD}).to_string();
        let request = Client::request("POST", "/v1/sessions", &[("Content-Type", "application/json")], &body);
        let address = self.address;
        let text = tokio::task::spawn_blocking(move || {
            let mut client = Client::connect(address);
            client.ask(&request);
            client.text()
        });
        let text = text.await.unwrap();
        let (_, body) = text.split_once("\r\n\r\n").unwrap();
        let answer: serde_json::Value = serde_json::from_str(body).unwrap();
        answer["token"].as_str().unwrap().to_owned()
    }
}

//! A Keybearer, an application, and a proxy in front of it that asks the one about requests for the other.

use super::client::{self, Told};
use super::proxy::{Kind, Proxy};
use super::site::Site;
use crate::support::{Cred, Made, Server};

pub struct World {
    pub server: Server,
    pub application: Site,
    pub proxy: Proxy,
}

impl World {
    pub async fn start(kind: Kind) -> Self {
        Self::with_gate(kind, "any").await
    }

    pub async fn with_gate(kind: Kind, name: &str) -> Self {
        let server = Server::start_with(|config| config.trusted_proxies = vec!["127.0.0.1/32".parse().unwrap()]).await;
        let application = Site::answering(200, &[]).await;
        let proxy = Proxy::start(kind, server.address, name, application.address).await;
        Self { server, application, proxy }
    }

    /// A key of the administrator.
    pub async fn key(&self) -> Made {
        self.server.account_key(&self.server.admin().await, 3).await
    }

    pub async fn ask(&self, method: &str, target: &str, headers: &str) -> Told {
        client::ask(self.proxy.address, method, target, headers, "").await
    }
}

/// A credential as lines of a head.
pub fn lines(cred: &Cred) -> String {
    use base64::Engine;
    match cred {
        Cred::None => String::new(),
        Cred::Bearer(token) => format!("authorization: Bearer {token}\r\n"),
        Cred::Basic(id, secret) => {
            format!("authorization: Basic {}\r\n", base64::prelude::BASE64_STANDARD.encode(format!("{id}:{secret}")))
        }
        Cred::XApiKey(token) => format!("x-api-key: {token}\r\n"),
        Cred::CatenaKey(token) => format!("catena-api-key: {token}\r\n"),
        Cred::CatenaSession(token) => format!("catena-session-id: {token}\r\n"),
    }
}

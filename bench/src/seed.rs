//! Fills a server with keys, by the operations that everybody uses.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use keybearer::app::{App, RequestContext};
use keybearer::caller::{Caller, Presented, judge};
use keybearer::ops;
use keybearer::ops::issue::{AccountKeyRequest, ServiceKeyRequest};
use keybearer_api::NewAccount;
use keybearer_core::account::AccountId;
use keybearer_core::key::DAY;
use keybearer_core::policy::{PermissionSet, PolicyId};
use keybearer_core::role::Level;
use keybearer_core::token::KeyId;
use keybearer_store::Cascade;
use tokio::task::JoinSet;

/// How many keys are made at once: what the writer commits together.
const AT_ONCE: usize = 256;
/// Owners, and policies.
const HOLDERS: usize = 200;

/// Makes so many keys, half of them of people, half of services. Every twentieth is revoked.
///
/// # Panics
/// Where one cannot be made.
pub async fn keys(app: &Arc<App>, session: &str, count: usize) {
    let caller = judge(app, &Presented::Session(session.to_owned())).unwrap_or_else(|error| panic!("{error:?}"));
    let holders = Arc::new(Holders::make(app, &caller).await);
    let mut running = JoinSet::new();
    for number in 0..count {
        if running.len() == AT_ONCE {
            running.join_next().await;
        }
        let (app, caller, holders) = (Arc::clone(app), caller.clone(), Arc::clone(&holders));
        running.spawn(async move {
            let id = holders.key(&app, &caller, number).await;
            if number.is_multiple_of(20) {
                ops::key::revoke(&app, &request(), &caller, id, None, Cascade::Nothing).await.unwrap_or_else(|error| panic!("{error:?}"));
            }
        });
    }
    while let Some(done) = running.join_next().await {
        done.unwrap();
    }
}

struct Holders {
    owners: Vec<AccountId>,
    policies: Vec<PolicyId>,
}

impl Holders {
    async fn make(app: &App, caller: &Caller) -> Self {
        let mut holders = Self { owners: Vec::new(), policies: Vec::new() };
        for number in 0..HOLDERS {
            let new = NewAccount {
                username: format!("person {number}"),
                password: None,
                role: None,
                email: None,
                external_id: None,
                issuer: None,
                metadata: None,
            };
            let account = ops::account::create(app, &request(), caller, new).await.unwrap_or_else(|error| panic!("{error:?}"));
            holders.owners.push(account.id);
            let name = format!("policy {number}");
            let policy = ops::policy::create(app, &request(), caller, &name, PermissionSet::default()).await;
            holders.policies.push(policy.unwrap_or_else(|error| panic!("{error:?}")).id);
        }
        holders
    }

    async fn key(&self, app: &App, caller: &Caller, number: usize) -> KeyId {
        let holder = number / 2 % HOLDERS;
        let days = 8 + i64::try_from(number % 350).unwrap();
        let name = format!("key number {number}");
        let made = if number.is_multiple_of(2) {
            let level = Level::new(4).unwrap();
            let owner = Some(self.owners[holder]);
            ops::issue::account_key(
                app,
                &request(),
                caller,
                AccountKeyRequest { name: &name, level, lifetime: Some(days * DAY), owner, metadata: None },
            )
            .await
        } else {
            let lifetime = Some(days * DAY).filter(|_| number.is_multiple_of(3));
            let policy = self.policies[holder];
            ops::issue::service_key(
                app,
                &request(),
                caller,
                ServiceKeyRequest { name: &name, policy, lifetime, service: None, metadata: None },
            )
            .await
        };
        made.unwrap_or_else(|error| panic!("{error:?}")).key.id
    }
}

fn request() -> RequestContext {
    RequestContext { id: "bench".to_owned(), source: IpAddr::V4(Ipv4Addr::LOCALHOST) }
}

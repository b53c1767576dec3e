//! Clients that change things until the server dies under them.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};
use tokio::sync::Notify;

use super::ledger::Acknowledged;
use crate::support::child::Running;
use crate::support::{Cred, Made, made};

/// A stream of changes from many clients.
pub(super) struct Load {
    run: u64,
    /// How many changes are to be acknowledged before it is enough.
    wanted: usize,
    acknowledged: AtomicUsize,
    enough: Notify,
}

/// What one client has made and not yet ended, so that it knows what it may ask for.
#[derive(Default)]
struct Own {
    accounts: Vec<i64>,
    /// With the account of each.
    account_keys: Vec<(i64, Made)>,
    policies: Vec<String>,
    /// With the policy of each.
    service_keys: Vec<(String, Made)>,
}

/// One client's requests: numbered, so that each event can be found.
struct Client<'a> {
    server: &'a Running,
    admin: &'a Cred,
    name: String,
    sent: usize,
    dice: Dice,
    acknowledged: Vec<Acknowledged>,
}

/// Numbers without order that are the same every time (xorshift).
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % limit as u64).unwrap()
    }
}

impl Load {
    pub(super) fn new(run: u64, wanted: usize) -> Self {
        Self { run, wanted, acknowledged: AtomicUsize::new(0), enough: Notify::new() }
    }

    /// Resolves when as many changes are acknowledged as were wanted.
    pub(super) async fn enough(&self) {
        self.enough.notified().await;
    }

    fn count(&self) {
        if self.acknowledged.fetch_add(1, Ordering::SeqCst) + 1 == self.wanted {
            self.enough.notify_one();
        }
    }

    /// Changes one thing after the other. Returns what was acknowledged.
    pub(super) async fn change_until_it_dies(self: Arc<Self>, server: Arc<Running>, admin: Cred, number: u64) -> Vec<Acknowledged> {
        let name = format!("run{}.client{number}", self.run);
        let dice = Dice((self.run + 1) * 1_000_003 + number * 7_919);
        let mut client = Client { server: &server, admin: &admin, name, sent: 0, dice, acknowledged: Vec::new() };
        let mut own = Own::default();
        while client.change_something(&mut own).await.is_some() {
            self.count();
        }
        client.acknowledged
    }
}

impl Client<'_> {
    /// One change, chosen by the dice among those that can be made. `None` once the server is dead.
    async fn change_something(&mut self, own: &mut Own) -> Option<()> {
        let choice = self.dice.below(16);
        match choice {
            0 | 1 => self.create_account(own).await,
            2..=4 if !own.accounts.is_empty() => self.create_account_key(own).await,
            5 if !own.account_keys.is_empty() => self.revoke_account_key(own).await,
            6 if !own.accounts.is_empty() => self.end_account(own).await,
            7 if !own.accounts.is_empty() => self.promote(own).await,
            8 | 9 if !own.policies.is_empty() => self.create_service_key(own).await,
            10 if !own.service_keys.is_empty() => self.rename(own).await,
            11 if !own.service_keys.is_empty() => self.point_elsewhere(own).await,
            12 if !own.service_keys.is_empty() => self.revoke_service_key(own).await,
            13 if !own.policies.is_empty() => self.edit_policy(own).await,
            14 if own.policies.len() > 1 => self.delete_policy(own).await,
            _ => self.create_policy(own).await,
        }
    }

    /// Sends a change. `None` where the server died before its answer had come whole.
    async fn send(&mut self, method: &str, path: &str, body: &Value, action: &'static str) -> Option<Value> {
        self.sent += 1;
        let request_id = format!("{}.{}", self.name, self.sent);
        let ask = self.server.ask(method, path).with(self.admin).header("x-request-id", &request_id);
        let ask = if body.is_null() { ask } else { ask.json(body) };
        let answer = ask.try_send().await.ok()?;
        assert!(answer.status.is_success(), "{}: {}: {}", answer.what, answer.status, answer.text);
        assert_eq!(answer.header("x-request-id"), request_id);
        let body = if answer.text.is_empty() { Value::Null } else { answer.json() };
        let token = body["token"].as_str().map(|token| (body["id"].as_str().unwrap().to_owned(), token.to_owned()));
        self.acknowledged.push(Acknowledged { request_id, action, token });
        Some(body)
    }

    fn fresh_name(&self) -> String {
        format!("{} {}", self.name, self.sent)
    }

    async fn create_account(&mut self, own: &mut Own) -> Option<()> {
        let body = json!({"username": self.fresh_name(), "metadata": {"made": "whole"}});
        let account = self.send("POST", "/v1/accounts", &body, "account.created").await?;
        own.accounts.push(account["id"].as_i64().unwrap());
        Some(())
    }

    async fn create_account_key(&mut self, own: &mut Own) -> Option<()> {
        let owner = own.accounts[self.dice.below(own.accounts.len())];
        let body = json!({"name": self.fresh_name(), "level": self.dice.below(5), "owner": owner});
        let key = self.send("POST", "/v1/keys", &body, "key.created").await?;
        own.account_keys.push((owner, made(&key)));
        Some(())
    }

    async fn revoke_account_key(&mut self, own: &mut Own) -> Option<()> {
        let (_, key) = own.account_keys.swap_remove(self.dice.below(own.account_keys.len()));
        self.send("DELETE", &format!("/v1/keys/{}", key.id), &Value::Null, "key.revoked").await?;
        Some(())
    }

    /// Blocks it, takes away its consent, or deletes it: its keys end with it.
    async fn end_account(&mut self, own: &mut Own) -> Option<()> {
        let account = own.accounts.swap_remove(self.dice.below(own.accounts.len()));
        own.account_keys.retain(|(owner, _)| *owner != account);
        let path = format!("/v1/accounts/{account}");
        match self.dice.below(4) {
            0 => self.send("PATCH", &path, &json!({"status": "blocked"}), "account.changed").await?,
            1 => self.send("PATCH", &path, &json!({"consent": false}), "account.changed").await?,
            2 => self.send("POST", &format!("{path}/revoke-keys"), &json!({"reason": "too many"}), "account.keys_revoked").await?,
            _ => self.send("DELETE", &path, &Value::Null, "account.deleted").await?,
        };
        Some(())
    }

    /// Changes the role to another and back: up, and down again, by which its keys end.
    async fn promote(&mut self, own: &mut Own) -> Option<()> {
        let account = own.accounts[self.dice.below(own.accounts.len())];
        let path = format!("/v1/accounts/{account}");
        self.send("PATCH", &path, &json!({"role": "support"}), "account.changed").await?;
        own.account_keys.retain(|(owner, _)| *owner != account);
        self.send("PATCH", &path, &json!({"role": "user"}), "account.changed").await?;
        Some(())
    }

    async fn create_policy(&mut self, own: &mut Own) -> Option<()> {
        let body = json!({"name": self.fresh_name(), "permissions": permissions(self.dice.below(5))});
        let policy = self.send("POST", "/v1/policies", &body, "policy.created").await?;
        own.policies.push(policy["id"].as_str().unwrap().to_owned());
        Some(())
    }

    async fn edit_policy(&mut self, own: &mut Own) -> Option<()> {
        let id = &own.policies[self.dice.below(own.policies.len())];
        // The name is another each time, so that it is a change.
        let body = json!({"name": self.fresh_name(), "permissions": permissions(self.dice.below(5))});
        self.send("PUT", &format!("/v1/policies/{id}"), &body, "policy.changed").await?;
        Some(())
    }

    async fn delete_policy(&mut self, own: &mut Own) -> Option<()> {
        let id = own.policies.swap_remove(self.dice.below(own.policies.len()));
        own.service_keys.retain(|(policy, _)| *policy != id);
        self.send("DELETE", &format!("/v1/policies/{id}?cascade=true"), &Value::Null, "policy.deleted").await?;
        Some(())
    }

    async fn create_service_key(&mut self, own: &mut Own) -> Option<()> {
        let policy = own.policies[self.dice.below(own.policies.len())].clone();
        let body = json!({"name": self.fresh_name(), "policy_id": policy});
        let key = self.send("POST", "/v1/keys", &body, "key.created").await?;
        own.service_keys.push((policy, made(&key)));
        Some(())
    }

    async fn rename(&mut self, own: &mut Own) -> Option<()> {
        let (_, key) = &own.service_keys[self.dice.below(own.service_keys.len())];
        let path = format!("/v1/keys/{}", key.id);
        self.send("PATCH", &path, &json!({"name": self.fresh_name()}), "key.changed").await?;
        Some(())
    }

    async fn point_elsewhere(&mut self, own: &mut Own) -> Option<()> {
        let place = self.dice.below(own.service_keys.len());
        let policy = own.policies[self.dice.below(own.policies.len())].clone();
        let path = format!("/v1/keys/{}", own.service_keys[place].1.id);
        // With another name, so that it is a change even where the policy is the same.
        self.send("PATCH", &path, &json!({"name": self.fresh_name(), "policy_id": policy}), "key.changed").await?;
        own.service_keys[place].0 = policy;
        Some(())
    }

    async fn revoke_service_key(&mut self, own: &mut Own) -> Option<()> {
        let (_, key) = own.service_keys.swap_remove(self.dice.below(own.service_keys.len()));
        self.send("DELETE", &format!("/v1/keys/{}", key.id), &Value::Null, "key.revoked").await?;
        Some(())
    }
}

/// So many of Keybearer's own permissions.
fn permissions(count: usize) -> Vec<&'static str> {
    ["keybearer:audit.read", "keybearer:keys.read", "keybearer:policies.read", "keybearer:verify"][..count.min(4)].to_vec()
}

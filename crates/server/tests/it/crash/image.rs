//! All that there must be, by the events alone.

use std::collections::{BTreeMap, HashMap};

use serde_json::{Value, json};

use super::events_above;
use crate::support::Cred;
use crate::support::child::Running;

/// The state that the events lead to. Every row was written with its event or not at all, so it is the state of the server.
#[derive(Default)]
pub(super) struct Image {
    revision: i64,
    /// The action of each change by its request id.
    actions: HashMap<String, String>,
    /// By id, in the words of the events; those that are deleted are gone.
    accounts: BTreeMap<String, Value>,
    policies: BTreeMap<String, Value>,
    keys: BTreeMap<String, Key>,
}

struct Key {
    told: Value,
    /// Why it is revoked, if it is.
    reason: Option<&'static str>,
}

impl Image {
    /// The revision of the last event.
    pub(super) fn revision(&self) -> i64 {
        self.revision
    }

    /// What the change with this request id was, if there is one.
    pub(super) fn action_of(&self, request_id: &str) -> Option<&str> {
        self.actions.get(request_id).map(String::as_str)
    }

    pub(super) fn is_live(&self, key: &str) -> bool {
        self.keys[key].reason.is_none()
    }

    /// Takes over the events since the last time: as many as the counter has been raised, one number after the other.
    pub(super) async fn follow(&mut self, running: &Running, admin: &Cred) {
        let stats = running.get("/v1/stats", admin).await.expect(200);
        for event in events_above(running, admin, self.revision).await {
            assert_eq!(event["revision"], self.revision + 1, "no number is left out");
            self.revision += 1;
            self.apply(&event);
        }
        assert_eq!(stats["revision"], self.revision, "there are as many events as changes");
    }

    fn apply(&mut self, event: &Value) {
        let action = event["action"].as_str().unwrap();
        let (_, id) = event["target"].as_str().unwrap().split_once(':').unwrap();
        let id = id.to_owned();
        let after = event.get("after").cloned().unwrap_or_default();
        match action {
            "account.created" | "account.changed" => drop(self.accounts.insert(id, after)),
            "account.deleted" => drop(self.accounts.remove(&id).unwrap()),
            "policy.created" | "policy.changed" => drop(self.policies.insert(id, after)),
            "policy.deleted" => drop(self.policies.remove(&id).unwrap()),
            "key.created" => drop(self.keys.insert(id, Key { told: after, reason: None })),
            "key.changed" => self.keys.get_mut(&id).unwrap().told = after,
            "key.revoked" | "account.keys_revoked" | "session.started" => {}
            other => panic!("nobody asked for {other}"),
        }
        for touched in event["touched"].as_array().unwrap() {
            if let Some(key) = touched.as_str().unwrap().strip_prefix("key:").filter(|_| action != "key.created" && action != "key.changed")
            {
                let reason = self.keys.get_mut(key).unwrap().reason.replace(ending(event));
                assert_eq!(reason, None, "nothing is revoked twice");
            }
        }
        let request_id = event["request_id"].as_str().unwrap().to_owned();
        assert_eq!(self.actions.insert(request_id, action.to_owned()), None, "one event for a request");
    }

    /// The rows are those that the events tell of, each with all that belongs to it.
    pub(super) async fn compare(&self, running: &Running, admin: &Cred) {
        let accounts = all(running, admin, "/v1/accounts?limit=200").await;
        assert_eq!(accounts.len(), self.accounts.len());
        for account in accounts {
            let told = &self.accounts[&account["id"].to_string()];
            for field in ["username", "role", "status", "consent", "metadata", "has_password"] {
                assert_eq!(account[field], told[field], "{account}");
            }
        }
        let policies = all(running, admin, "/v1/policies").await;
        assert_eq!(policies.len(), self.policies.len());
        for policy in policies {
            let told = &self.policies[policy["id"].as_str().unwrap()];
            for field in ["name", "permissions"] {
                assert_eq!(policy[field], told[field], "{policy}");
            }
            let keys = self.keys.values().filter(|key| key.reason.is_none() && key.told["policy_id"] == policy["id"]);
            assert_eq!(policy["keys"], keys.count(), "{policy}");
        }
        let keys = all(running, admin, "/v1/keys?limit=200").await;
        assert_eq!(keys.len(), self.keys.len());
        for key in keys {
            let Key { told, reason } = &self.keys[key["id"].as_str().unwrap()];
            for field in ["kind", "name", "metadata"] {
                assert_eq!(key[field], told[field], "{key}");
            }
            for (own, told) in [("owner", &told["owner"]), ("level", &told["level"])] {
                assert_eq!(key.get(own).unwrap_or(&Value::Null), told, "{key}");
            }
            assert_eq!(key["policy"].get("id").unwrap_or(&Value::Null), told.get("policy_id").unwrap_or(&Value::Null), "{key}");
            assert_eq!(key["state"], if reason.is_some() { "revoked" } else { "active" }, "{key}");
            assert_eq!(key.get("reason").and_then(Value::as_str), *reason, "{key}");
        }
    }
}

/// Why the keys that this event touched are revoked.
fn ending(event: &Value) -> &'static str {
    let after = |field: &str, value: Value| event["after"][field] == value && event["before"][field] != value;
    match event["action"].as_str().unwrap() {
        "key.revoked" => "deleted",
        "account.deleted" => "account_deleted",
        "account.keys_revoked" => "excessive_use",
        "policy.deleted" => "policy_deleted",
        "account.changed" if after("status", json!("blocked")) => "account_blocked",
        "account.changed" if after("consent", json!(false)) => "consent_revoked",
        "account.changed" if after("role", json!("user")) => "role_downgraded",
        other => panic!("{other} revokes no key: {event}"),
    }
}

/// All rows of a list.
async fn all(running: &Running, admin: &Cred, path: &str) -> Vec<Value> {
    let mut rows = Vec::new();
    let mut next = path.to_owned();
    loop {
        let page = running.get(&next, admin).await.expect(200);
        rows.extend(page["items"].as_array().unwrap().iter().cloned());
        let Some(cursor) = page["next_cursor"].as_str() else {
            return rows;
        };
        next = format!("{path}&cursor={cursor}");
    }
}

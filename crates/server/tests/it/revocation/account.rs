//! What is done to an account ends all its keys and sessions.

use serde_json::{Value, json};

use super::{Held, assert_accepted, assert_refused, assert_touched, last_event};
use crate::support::{Cred, PASSWORD, Person, Server, made};

/// What can happen to an account, and by whom.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Trigger {
    RoleLowered,
    LockedByHolder,
    LockedByAdmin,
    Blocked,
    ConsentWithdrawnByHolder,
    ConsentWithdrawnByAdmin,
    DeletedByHolder,
    DeletedByAdmin,
    ExcessiveUse,
}

/// The change that a trigger asks for.
enum Request {
    Patch(Value),
    Delete(Value),
    RevokeKeys,
}

impl Trigger {
    fn reason(self) -> &'static str {
        match self {
            Self::RoleLowered => "role_downgraded",
            Self::LockedByHolder | Self::LockedByAdmin => "account_locked",
            Self::Blocked => "account_blocked",
            Self::ConsentWithdrawnByHolder | Self::ConsentWithdrawnByAdmin => "consent_revoked",
            Self::DeletedByHolder | Self::DeletedByAdmin => "account_deleted",
            Self::ExcessiveUse => "excessive_use",
        }
    }

    fn is_by_holder(self) -> bool {
        matches!(self, Self::LockedByHolder | Self::ConsentWithdrawnByHolder | Self::DeletedByHolder)
    }

    fn request(self) -> Request {
        match self {
            Self::RoleLowered => Request::Patch(json!({"role": "bughunter"})),
            Self::LockedByHolder | Self::LockedByAdmin => Request::Patch(json!({"status": "locked"})),
            Self::Blocked => Request::Patch(json!({"status": "blocked"})),
            Self::ConsentWithdrawnByHolder | Self::ConsentWithdrawnByAdmin => Request::Patch(json!({"consent": false})),
            Self::DeletedByHolder => Request::Delete(json!({"current_password": PASSWORD})),
            Self::DeletedByAdmin => Request::Delete(json!({})),
            Self::ExcessiveUse => Request::RevokeKeys,
        }
    }

    /// Pulls it. Returns how many keys and sessions the answer says it ended, where it says so.
    async fn pull(self, server: &Server, person: &Person) -> Option<(Value, Value)> {
        let cred = if self.is_by_holder() { person.session() } else { server.admin().await };
        let path = format!("/v1/accounts/{}", person.id);
        let answer = match self.request() {
            Request::Patch(body) => server.patch(&path, &cred, body).await.expect(200),
            Request::Delete(body) => server.ask("DELETE", &path).with(&cred).json(&body).send().await.expect(204),
            Request::RevokeKeys => {
                server.post(&format!("{path}/revoke-keys"), &cred, json!({"reason": "a loop in a script"})).await.expect(200)
            }
        };
        answer.get("revoked_keys").map(|keys| (keys.clone(), answer["ended_sessions"].clone()))
    }

    /// Makes everything as it was, as far as that goes. Returns the account as it is then, signed in.
    async fn undo(self, server: &Server, person: &Person) -> Person {
        let admin = server.admin().await;
        let path = format!("/v1/accounts/{}", person.id);
        let patch = async |cred: &Cred, body| drop(server.patch(&path, cred, body).await.expect(200));
        let sign_in = async || Person { token: server.sign_in(&person.username, PASSWORD).await, ..person.clone() };
        match self {
            Self::RoleLowered => patch(&admin, json!({"role": "support"})).await,
            Self::LockedByAdmin | Self::Blocked => patch(&admin, json!({"status": "active"})).await,
            Self::ConsentWithdrawnByAdmin => patch(&admin, json!({"consent": true})).await,
            Self::LockedByHolder => patch(&sign_in().await.session(), json!({"status": "active"})).await,
            Self::ConsentWithdrawnByHolder => patch(&sign_in().await.session(), json!({"consent": true})).await,
            Self::DeletedByHolder | Self::DeletedByAdmin => {
                let again = server.person(&person.username, "support").await;
                assert_ne!(again.id, person.id, "numbers are never used again");
                return again;
            }
            Self::ExcessiveUse => {}
        }
        sign_in().await
    }

    fn action(self) -> &'static str {
        match self.request() {
            Request::Patch(_) => "account.changed",
            Request::Delete(_) => "account.deleted",
            Request::RevokeKeys => "account.keys_revoked",
        }
    }
}

/// Keys that an account can have: made by session, by a key, by an administrator.
async fn keys_of(server: &Server, person: &Person) -> [Held; 3] {
    let by_session = server.account_key(&person.session(), 6).await;
    let by_key = server.account_key(&by_session.pair(), 2).await;
    let body = json!({"name": "a gift", "level": 5, "owner": person.id});
    let by_admin = made(&server.post("/v1/keys", &server.admin().await, body).await.expect(201));
    [by_session, by_key, by_admin].map(Held::Account)
}

/// Pulls the trigger, undoes it, restarts: the keys and sessions of before never come back, and those of others are left alone.
async fn ends_all(trigger: Trigger) {
    let server = Server::start().await;
    let person = server.person("Ada", "support").await;
    let sessions = [person.session(), Cred::Bearer(server.sign_in("Ada", PASSWORD).await)];
    let keys = keys_of(&server, &person).await;
    let bystander = server.person("Grace", "user").await;
    let spared = Held::Account(server.account_key(&bystander.session(), 4).await);
    for key in keys.iter().chain([&spared]) {
        assert_accepted(&server, key).await;
    }
    for session in &sessions {
        server.get("/whoami/jwt", session).await.expect(200);
        server.get("/api/v1/api_keys", session).await.expect(403);
    }

    let told = trigger.pull(&server, &person).await;
    for key in &keys {
        key.assert_dead_at_once(&server, trigger.reason()).await;
    }
    if trigger != Trigger::DeletedByHolder && trigger != Trigger::DeletedByAdmin {
        assert_eq!(told, Some((json!(3), json!(2))), "{trigger:?}");
    }
    assert_ended(&server, trigger, &keys, &sessions).await;
    assert_recorded(&server, trigger, &person, &keys).await;
    for key in &keys {
        let key = key.made();
        server.post("/v1/keys", &key.bearer(), json!({"name": "an heir", "level": 0})).await.problem(401, "credential_revoked");
        server.post("/apikeys/key", &key.pair(), json!({"name": "an heir", "level": 0})).await.expect(403);
    }

    let again = trigger.undo(&server, &person).await;
    let fresh = Held::Account(server.account_key(&again.session(), 6).await);
    assert_ended(&server, trigger, &keys, &sessions).await;
    assert_accepted(&server, &fresh).await;

    let server = server.restart().await;
    assert_ended(&server, trigger, &keys, &sessions).await;
    for key in [&fresh, &spared] {
        assert_accepted(&server, key).await;
    }
    server.get("/v1/whoami", &again.session()).await.expect(200);
    server.get("/v1/whoami", &bystander.session()).await.expect(200);
}

async fn assert_ended(server: &Server, trigger: Trigger, keys: &[Held], sessions: &[Cred]) {
    for key in keys {
        assert_refused(server, key, trigger.reason()).await;
    }
    for session in sessions {
        server.get("/v1/whoami", session).await.problem(401, "credential_invalid");
        let answer = server.get("/whoami/jwt", session).await.expect(403);
        assert_eq!(answer, json!({"result": "error", "error": "authenticationFailed"}));
        server.get("/api/v1/api_keys", session).await.expect(401);
        let Cred::Bearer(token) = session else { panic!("a session") };
        server.get("/api/v1/api_keys", &Cred::CatenaSession(token.clone())).await.expect(401);
    }
}

/// One event tells who did it, and all that ended by it.
async fn assert_recorded(server: &Server, trigger: Trigger, person: &Person, keys: &[Held]) {
    let account = format!("account:{}", person.id);
    let event = last_event(server, &account).await;
    assert_eq!(event["action"], trigger.action());
    assert_eq!(event["actor"], if trigger.is_by_holder() { account.clone() } else { "account:1".to_owned() });
    let sessions = event["touched"].as_array().unwrap().iter().filter_map(|one| one.as_str()).filter(|one| one.starts_with("session:"));
    let sessions: Vec<String> = sessions.map(ToOwned::to_owned).collect();
    assert_eq!(sessions.len(), 2, "{event}");
    let keys = keys.iter().map(|key| format!("key:{}", key.made().id));
    assert_touched(&event, keys.chain(sessions).chain([account]).collect());
    match trigger.request() {
        Request::Patch(change) => {
            for (field, value) in change.as_object().unwrap() {
                assert_eq!(&event["after"][field], value);
                assert_ne!(&event["before"][field], value);
            }
        }
        Request::Delete(_) => assert_eq!((&event["before"]["username"], event.get("after")), (&json!("Ada"), None)),
        Request::RevokeKeys => assert_eq!(event["after"]["reason"], "a loop in a script"),
    }
}

#[tokio::test]
async fn a_lower_role_ends_all() {
    ends_all(Trigger::RoleLowered).await;
}

#[tokio::test]
async fn a_lock_by_the_holder_ends_all() {
    ends_all(Trigger::LockedByHolder).await;
}

#[tokio::test]
async fn a_lock_by_an_administrator_ends_all() {
    ends_all(Trigger::LockedByAdmin).await;
}

#[tokio::test]
async fn a_block_ends_all() {
    ends_all(Trigger::Blocked).await;
}

#[tokio::test]
async fn consent_withdrawn_by_the_holder_ends_all() {
    ends_all(Trigger::ConsentWithdrawnByHolder).await;
}

#[tokio::test]
async fn consent_withdrawn_by_an_administrator_ends_all() {
    ends_all(Trigger::ConsentWithdrawnByAdmin).await;
}

#[tokio::test]
async fn deletion_by_the_holder_ends_all() {
    ends_all(Trigger::DeletedByHolder).await;
}

#[tokio::test]
async fn deletion_by_an_administrator_ends_all() {
    ends_all(Trigger::DeletedByAdmin).await;
}

#[tokio::test]
async fn excessive_use_ends_all() {
    ends_all(Trigger::ExcessiveUse).await;
}

#[tokio::test]
async fn a_higher_role_or_another_of_the_same_level_ends_nothing() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let person = server.person("Ada", "user").await;
    let key = Held::Account(server.account_key(&person.session(), 4).await);
    for role in ["user", "bughunter", "support", "admin"] {
        let changed = server.patch(&format!("/v1/accounts/{}", person.id), &admin, json!({"role": role})).await.expect(200);
        assert_eq!((&changed["revoked_keys"], &changed["ended_sessions"]), (&json!(0), &json!(0)));
        assert_accepted(&server, &key).await;
    }
    server.get("/v1/whoami", &person.session()).await.expect(200);
}

//! The rows of the pages. A session in the cookie is all that counts here: no key and no header opens one.

use keybearer::http::dashboard::ROUTES;

use super::{Actor, Actors, assert_complete};
use crate::dashboard::browser::Browser;
use crate::support::{Answer, Cred, Made, Server};

/// Who may.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Who {
    /// With or without a session.
    Anyone,
    /// Whoever is signed in.
    Member,
    /// Whoever is signed in and has level 4.
    Owner,
    /// Whoever is signed in and has level 8.
    Admin,
    /// As for an administrator, who is told that there is no such thing.
    AdminInVain,
}

/// Page or form, the path that is asked for, and who may. A form is sent empty and without its token, so that who gets as far as that is
/// refused there.
const ROWS: &[(&str, &str, Who)] = &[
    ("GET /", "/", Who::Anyone),
    ("GET /assets/{name}", "/assets/nonsense", Who::Anyone),
    ("POST /preferences", "/preferences", Who::Anyone),
    ("GET /setup/{nonce}", "/setup/nonsense", Who::Anyone),
    ("POST /setup/{nonce}", "/setup/nonsense", Who::Anyone),
    ("GET /reset/{token}", "/reset/nonsense", Who::Anyone),
    ("POST /reset/{token}", "/reset/nonsense", Who::Anyone),
    ("GET /sign-in", "/sign-in", Who::Anyone),
    ("POST /sign-in", "/sign-in", Who::Anyone),
    ("POST /sign-out", "/sign-out", Who::Member),
    ("GET /dashboard", "/dashboard", Who::Admin),
    ("GET /dashboard/keys", "/dashboard/keys", Who::Admin),
    ("GET /dashboard/keys/new", "/dashboard/keys/new", Who::Admin),
    ("POST /dashboard/keys/new", "/dashboard/keys/new", Who::Member),
    ("GET /dashboard/keys/revoke", "/dashboard/keys/revoke", Who::Admin),
    ("POST /dashboard/keys/revoke", "/dashboard/keys/revoke", Who::Member),
    ("GET /dashboard/keys/{id}", "/dashboard/keys/7ea12968-7758-40b6-8c73-75cc99be762b", Who::AdminInVain),
    ("POST /dashboard/keys/{id}", "/dashboard/keys/7ea12968-7758-40b6-8c73-75cc99be762b", Who::Member),
    ("GET /dashboard/keys/{id}/revoke", "/dashboard/keys/7ea12968-7758-40b6-8c73-75cc99be762b/revoke", Who::AdminInVain),
    ("POST /dashboard/keys/{id}/revoke", "/dashboard/keys/7ea12968-7758-40b6-8c73-75cc99be762b/revoke", Who::Member),
    ("GET /dashboard/policies", "/dashboard/policies", Who::Admin),
    ("GET /dashboard/policies/new", "/dashboard/policies/new", Who::Admin),
    ("POST /dashboard/policies/new", "/dashboard/policies/new", Who::Member),
    ("GET /dashboard/policies/{id}", "/dashboard/policies/7ea12968-7758-40b6-8c73-75cc99be762b", Who::AdminInVain),
    ("POST /dashboard/policies/{id}", "/dashboard/policies/7ea12968-7758-40b6-8c73-75cc99be762b", Who::Member),
    ("GET /dashboard/policies/{id}/delete", "/dashboard/policies/7ea12968-7758-40b6-8c73-75cc99be762b/delete", Who::AdminInVain),
    ("POST /dashboard/policies/{id}/delete", "/dashboard/policies/7ea12968-7758-40b6-8c73-75cc99be762b/delete", Who::Member),
    ("GET /dashboard/gates", "/dashboard/gates", Who::Admin),
    ("GET /dashboard/gates/new", "/dashboard/gates/new", Who::Admin),
    ("POST /dashboard/gates/new", "/dashboard/gates/new", Who::Member),
    ("GET /dashboard/gates/{name}", "/dashboard/gates/nonsense", Who::AdminInVain),
    ("POST /dashboard/gates/{name}", "/dashboard/gates/nonsense", Who::Member),
    ("GET /dashboard/gates/{name}/delete", "/dashboard/gates/nonsense/delete", Who::AdminInVain),
    ("POST /dashboard/gates/{name}/delete", "/dashboard/gates/nonsense/delete", Who::Member),
    ("GET /dashboard/cluster", "/dashboard/cluster", Who::Admin),
    ("GET /dashboard/permissions", "/dashboard/permissions", Who::Admin),
    ("GET /dashboard/accounts", "/dashboard/accounts", Who::Admin),
    ("GET /dashboard/accounts/new", "/dashboard/accounts/new", Who::Admin),
    ("POST /dashboard/accounts/new", "/dashboard/accounts/new", Who::Member),
    ("GET /dashboard/accounts/{id}", "/dashboard/accounts/4711", Who::AdminInVain),
    ("GET /dashboard/accounts/{id}/details", "/dashboard/accounts/4711/details", Who::AdminInVain),
    ("POST /dashboard/accounts/{id}/details", "/dashboard/accounts/4711/details", Who::Member),
    ("GET /dashboard/accounts/{id}/password", "/dashboard/accounts/4711/password", Who::AdminInVain),
    ("POST /dashboard/accounts/{id}/password", "/dashboard/accounts/4711/password", Who::Member),
    ("GET /dashboard/accounts/{id}/sessions", "/dashboard/accounts/4711/sessions", Who::AdminInVain),
    ("POST /dashboard/accounts/{id}/sessions", "/dashboard/accounts/4711/sessions", Who::Member),
    ("GET /dashboard/accounts/{id}/keys/new", "/dashboard/accounts/4711/keys/new", Who::AdminInVain),
    ("POST /dashboard/accounts/{id}/keys/new", "/dashboard/accounts/4711/keys/new", Who::Member),
    ("GET /dashboard/accounts/{id}/{step}", "/dashboard/accounts/4711/lock", Who::AdminInVain),
    ("POST /dashboard/accounts/{id}/{step}", "/dashboard/accounts/4711/lock", Who::Member),
    ("GET /dashboard/audit", "/dashboard/audit", Who::Admin),
    ("GET /dashboard/audit/events.jsonl", "/dashboard/audit/events.jsonl", Who::Admin),
    ("GET /explain", "/explain", Who::Owner),
    ("POST /explain", "/explain", Who::Member),
    ("GET /account", "/account", Who::Member),
    ("GET /account/keys/new", "/account/keys/new", Who::Owner),
    ("POST /account/keys/new", "/account/keys/new", Who::Member),
    ("GET /account/keys/delete", "/account/keys/delete", Who::Owner),
    ("POST /account/keys/delete", "/account/keys/delete", Who::Member),
    ("GET /account/security", "/account/security", Who::Member),
    ("GET /account/email", "/account/email", Who::Member),
    ("POST /account/email", "/account/email", Who::Member),
    ("POST /account/password", "/account/password", Who::Member),
    ("POST /account/sessions/end", "/account/sessions/end", Who::Member),
    ("POST /account/sessions/end-others", "/account/sessions/end-others", Who::Member),
    ("GET /account/standing/{what}", "/account/standing/lock", Who::Member),
    ("POST /account/standing/{what}", "/account/standing/lock", Who::Member),
    ("GET /docs", "/docs", Who::Anyone),
    ("GET /docs/{tag}", "/docs/keys", Who::Anyone),
];

/// Whether the answer is the one that who has no session gets.
fn is_sent_away(answer: &Answer, method: &str) -> bool {
    match method {
        "GET" => answer.status == 303 && answer.header("location").starts_with("/sign-in?next="),
        _ => answer.status == 401,
    }
}

#[tokio::test]
async fn every_page_and_form_asked_for_by_everyone() {
    assert_complete(ROUTES.iter().map(|(method, path)| format!("{method} {path}")), ROWS.iter().map(|row| row.0.to_owned()));
    let server = Server::start().await;
    let actors = Actors::make(&server).await;
    let mut wrong = Vec::new();
    for (operation, path, who) in ROWS {
        let method = operation.split_once(' ').unwrap().0;
        for actor in Actor::all() {
            let mut browser = match (actor, actors.key(actor, None)) {
                (Actor::Session(role), _) => Browser::with_session(&server, &actors.people[role].token),
                (_, Some(key)) => Browser::with_session(&server, &key.token),
                _ => Browser::new(&server),
            };
            if let Some(Cred::Bearer(token)) = actors.key(actor, None).map(Made::bearer) {
                browser.headers.push(("authorization", format!("Bearer {token}")));
            }
            let answer = if method == "GET" { browser.get(path).await } else { browser.post_bare(path, &[]).await };
            let level = if actor.is_session() { actor.level() } else { None };
            let right = match (who, level) {
                (Who::Anyone, _) => !is_sent_away(&answer, method),
                (_, None) => is_sent_away(&answer, method),
                // Without its token no form is taken, from whoever it comes.
                (_, Some(_)) if method == "POST" => answer.status == 403,
                (Who::Member, Some(_)) => answer.status == 200,
                (Who::Owner, Some(level)) => answer.status == if level >= 4 { 200 } else { 403 },
                (Who::AdminInVain, Some(level)) => answer.status == if level == 8 { 404 } else { 403 },
                (Who::Admin, Some(level)) => answer.status == if level == 8 { 200 } else { 403 },
            };
            if !right {
                wrong.push(format!("{operation} by {actor:?}: {}", answer.status));
            }
        }
    }
    assert!(wrong.is_empty(), "{} wrong answers:\n{}", wrong.len(), wrong.join("\n"));
}

//! `DELETE /apikeys/{id}/{jwt|key}`.

use crate::freesewing::{delete, fails, key, listed, whoami};
use crate::support::{Cred, DAY, PASSWORD, Server};

#[tokio::test]
async fn a_deleted_key_is_dead_when_the_call_returns() {
    let server = Server::start().await;
    let ada = server.person("Ada", "user").await.session();
    let by_key = key(&server, &ada, 4).await.pair();
    for cred in [&ada, &by_key] {
        let doomed = key(&server, &ada, 4).await;
        whoami(&server, &doomed.pair()).await.expect(200);
        let answer = delete(&server, cred, &doomed.id).await;
        answer.expect(204);
        assert_eq!((answer.text.as_str(), answer.header("content-type")), ("", ""));
        fails(&whoami(&server, &doomed.pair()).await, 403, "authenticationFailed");
        fails(&delete(&server, cred, &doomed.id).await, 404, "apikeyNotFound");
        assert!(!listed(&server, cred).await.contains(&doomed.id));
    }
}

#[tokio::test]
async fn a_key_may_delete_itself() {
    let server = Server::start().await;
    let ada = server.person("Ada", "user").await.session();
    let own = key(&server, &ada, 4).await;
    delete(&server, &own.pair(), &own.id).await.expect(204);
    fails(&delete(&server, &own.pair(), &own.id).await, 403, "authenticationFailed");
}

#[tokio::test]
async fn somebody_elses_key_is_not_there_to_delete_below_level_8() {
    let server = Server::start().await;
    let (ada, bob) = (server.person("Ada", "user").await.session(), server.person("Bob", "support").await.session());
    let of_ada = key(&server, &ada, 1).await;
    for cred in [key(&server, &bob, 6).await.pair(), bob] {
        fails(&delete(&server, &cred, &of_ada.id).await, 404, "apikeyNotFound");
    }
    whoami(&server, &of_ada.pair()).await.expect(200);
    let admin = server.admin().await;
    delete(&server, &admin, &of_ada.id).await.expect(204);
    fails(&whoami(&server, &of_ada.pair()).await, 403, "authenticationFailed");
    let of_ada = key(&server, &ada, 1).await;
    delete(&server, &key(&server, &admin, 8).await.pair(), &of_ada.id).await.expect(204);
    fails(&whoami(&server, &of_ada.pair()).await, 403, "authenticationFailed");
}

#[tokio::test]
async fn keys_of_services_are_not_there_to_delete() {
    let server = Server::start().await;
    let service = server.service_key("storefront", &[]).await;
    fails(&delete(&server, &server.admin().await, &service.id).await, 404, "apikeyNotFound");
    assert_eq!(server.verdict(&service.token).await, "VALID");
}

#[tokio::test]
async fn an_expired_key_may_be_deleted_once() {
    let server = Server::start().await;
    let ada = server.person("Ada", "user").await;
    let old = key(&server, &ada.session(), 1).await;
    server.advance(30 * DAY);
    let ada = Cred::Bearer(server.sign_in("Ada", PASSWORD).await);
    delete(&server, &ada, &old.id).await.expect(204);
    fails(&delete(&server, &ada, &old.id).await, 404, "apikeyNotFound");
}

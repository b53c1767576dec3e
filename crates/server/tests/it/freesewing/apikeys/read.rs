//! `GET /apikeys/{id}/{jwt|key}`.

use crate::freesewing::{delete, fails, key, read};
use crate::support::Server;

#[tokio::test]
async fn somebody_elses_key_looks_like_one_that_does_not_exist() {
    let server = Server::start().await;
    let (ada, bob) = (server.person("Ada", "user").await, server.person("Bob", "support").await.session());
    let of_ada = key(&server, &ada.session(), 4).await;
    let by_key = key(&server, &bob, 6).await.pair();
    let unknown = "7ea12968-7758-40b6-8c73-75cc99be762b";
    for cred in [&bob, &by_key] {
        let (hidden, absent) = (read(&server, cred, &of_ada.id).await, read(&server, cred, unknown).await);
        fails(&hidden, 404, "apikeyNotFound");
        fails(&absent, 404, "apikeyNotFound");
        assert_eq!(hidden.text, absent.text);
    }
    let admin = server.admin().await;
    for cred in [key(&server, &admin, 8).await.pair(), admin] {
        assert_eq!(read(&server, &cred, &of_ada.id).await.expect(200)["apikey"]["userId"], ada.id);
    }
}

#[tokio::test]
async fn level_8_is_that_of_the_credential_not_of_the_role() {
    let server = Server::start().await;
    let of_ada = key(&server, &server.person("Ada", "user").await.session(), 4).await;
    let lesser = key(&server, &server.admin().await, 7).await.pair();
    fails(&read(&server, &lesser, &of_ada.id).await, 404, "apikeyNotFound");
    fails(&delete(&server, &lesser, &of_ada.id).await, 404, "apikeyNotFound");
}

#[tokio::test]
async fn keys_of_services_and_revoked_keys_are_not_shown() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let service = server.service_key("storefront", &[]).await;
    fails(&read(&server, &admin, &service.id).await, 404, "apikeyNotFound");
    let gone = key(&server, &admin, 1).await;
    delete(&server, &admin, &gone.id).await.expect(204);
    fails(&read(&server, &admin, &gone.id).await, 404, "apikeyNotFound");
}

#[tokio::test]
async fn what_cannot_be_an_id_is_not_found() {
    let server = Server::start().await;
    let ada = server.person("Ada", "user").await.session();
    let own = key(&server, &ada, 1).await;
    let bare = own.id.replace('-', "");
    let spellings = ["1", "jwt", "%FF", "%00", "..%2F..", "%7B7ea12968-7758-40b6-8c73-75cc99be762b%7D", bare.as_str()];
    for text in spellings {
        fails(&read(&server, &ada, text).await, 404, "apikeyNotFound");
        fails(&delete(&server, &ada, text).await, 404, "apikeyNotFound");
    }
    read(&server, &ada, &own.id).await.expect(200);
}

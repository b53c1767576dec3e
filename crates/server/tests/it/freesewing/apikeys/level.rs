//! What each level may do, and which level a key may be given.

use serde_json::json;

use crate::freesewing::{create, delete, fails, key, list, read, whoami};
use crate::support::Server;

#[tokio::test]
async fn managing_keys_takes_level_4_and_asking_who_one_is_takes_none() {
    let server = Server::start().await;
    let admin = server.admin().await;
    for level in 0..=8 {
        let own = key(&server, &admin, level).await;
        let pair = own.pair();
        assert_eq!(whoami(&server, &pair).await.expect(200)["apikey"]["level"], level);
        let answers = [
            (create(&server, &pair, json!({"name": "n", "level": 0})).await, 201),
            (list(&server, &pair).await, 200),
            (read(&server, &pair, &own.id).await, 200),
            (read(&server, &pair, "not-an-id").await, 404),
            (delete(&server, &pair, "not-an-id").await, 404),
            (delete(&server, &pair, &own.id).await, 204),
        ];
        for (answer, status) in answers {
            if level < 4 {
                fails(&answer, 403, "insufficientAccessLevel");
            } else {
                assert_eq!(answer.status, status, "level {level}: {}: {}", answer.what, answer.text);
            }
        }
    }
}

#[tokio::test]
async fn below_level_4_a_body_is_not_even_looked_at() {
    let server = Server::start().await;
    let ada = server.person("Ada", "user").await.session();
    let weak = key(&server, &ada, 3).await.pair();
    let answer = server.ask("POST", "/apikeys/key").with(&weak).body("text/plain", "{").send().await;
    fails(&answer, 403, "insufficientAccessLevel");
}

#[tokio::test]
async fn a_key_is_at_most_of_the_level_of_its_owners_role() {
    let server = Server::start().await;
    for (role, highest) in [("user", 4), ("bughunter", 5), ("support", 6), ("admin", 8)] {
        let session = server.person(&format!("a {role}"), role).await.session();
        for level in 0..=8 {
            let answer = create(&server, &session, json!({"name": "n", "level": level})).await;
            if level <= highest {
                assert_eq!(answer.expect(201)["apikey"]["level"], level, "{role}");
            } else {
                fails(&answer, 403, "keyLevelExceedsRoleLevel");
            }
        }
    }
}

#[tokio::test]
async fn a_key_makes_no_key_above_its_own_level() {
    let server = Server::start().await;
    let admin = server.admin().await;
    for own in 4..=8 {
        let pair = key(&server, &admin, own).await.pair();
        for level in 0..=8 {
            let answer = create(&server, &pair, json!({"name": "n", "level": level})).await;
            if level <= own {
                let made = answer.expect(201);
                assert_eq!(made["apikey"]["level"], level);
                delete(&server, &admin, made["apikey"]["key"].as_str().unwrap()).await.expect(204);
            } else {
                fails(&answer, 403, "keyLevelExceedsRoleLevel");
            }
        }
    }
}

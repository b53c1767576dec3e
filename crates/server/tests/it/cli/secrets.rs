//! Secrets are read where nobody looks on, and told to nobody.

use keybearer::cli::Exit;

use super::keybearer;
use crate::support::Server;

#[tokio::test]
async fn a_whole_key_in_the_place_of_an_id_is_not_repeated() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let key = server.account_key(&admin, 1).await;
    for words in ["key get", "key revoke", "key change", "explain"] {
        for secret in [&key.token, &format!("{}:{}", key.id, key.secret)] {
            let ran = keybearer(words.split(' ').chain([secret.as_str()])).on(&server).with(&admin).run().await;
            let told = ran.error(Exit::Usage);
            assert!(told.contains("revoke it") && !told.contains(&key.secret) && !told.contains(secret.as_str()), "{told}");
        }
    }
}

#[tokio::test]
async fn a_password_is_taken_as_it_stands_in_its_line() {
    let server = Server::start().await;
    let admin = server.admin().await;
    for (name, typed, password) in
        [("one", "  spaces count too  \r\n", "  spaces count too  "), ("two", "no line feed at all", "no line feed at all")]
    {
        let made = keybearer(["account", "create", name, "--set-password"]).on(&server).with(&admin).input(typed).run().await;
        made.expect(Exit::Done);
        server.sign_in(name, password).await;
    }
    for words in ["account create three --set-password", "account change 1 --current-password", "session create admin", "verify"] {
        let ran = keybearer(words.split(' ')).on(&server).with(&admin).input("\n").run().await;
        assert!(ran.error(Exit::Usage).contains("standard input has no line with"), "{}", ran.err);
    }
    // Too short is the server's to say, and nobody repeats it.
    let ran = keybearer(["account", "create", "four", "--set-password"]).on(&server).with(&admin).given(&["hunter2"]).run().await;
    assert!(ran.error(Exit::Invalid).contains("/password: "), "{}", ran.err);
}

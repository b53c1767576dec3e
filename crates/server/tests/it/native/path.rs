//! What stands in a path and cannot be a name.

use crate::dashboard::browser::assert_page;
use crate::support::{Cred, Server};

#[tokio::test]
async fn a_path_that_is_no_text_is_not_found() {
    let server = Server::start().await;
    let admin = server.admin().await;
    for path in ["/v1/keys/%FF", "/v1/accounts/%C3%28", "/v1/policies/%FF", "/v1/sessions/%ff"] {
        server.delete(path, &admin).await.problem(404, "no_such_path");
    }
    assert_page(&server.get("/setup/%FF", &Cred::None).await, 404, "There is nothing here");
}

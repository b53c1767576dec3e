//! Many requests at once, on few connections, while keys die.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use super::{OWN, Running, bound_key, keybearer};
use crate::support::Server;

/// How many connections the service may have for its questions.
const CONNECTIONS: usize = 8;

/// A door before the server that counts who comes in.
async fn counted(server: &Server) -> (String, Arc<AtomicUsize>, JoinSet<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (count, to) = (Arc::<AtomicUsize>::default(), server.address);
    let mut door = JoinSet::new();
    let counter = Arc::clone(&count);
    door.spawn(async move {
        let mut passing = JoinSet::new();
        loop {
            let (mut from, _) = listener.accept().await.unwrap();
            counter.fetch_add(1, Ordering::Relaxed);
            passing.spawn(async move {
                let mut to = TcpStream::connect(to).await.unwrap();
                drop(copy_bidirectional(&mut from, &mut to).await);
            });
        }
    });
    (url, count, door)
}

#[tokio::test]
async fn a_thousand_requests_share_the_connections_and_none_that_begins_after_a_revocation_passes() {
    let server = Server::start().await;
    let own = bound_key(&server, "catalog", &OWN).await;
    let (url, connections, _door) = counted(&server).await;
    let (service, routes) = ::catalog::catalog();
    service.start(keybearer(&url, &own).questions_at_once(CONNECTIONS)).await.unwrap_or_else(|error| panic!("{error}"));
    let catalog = Arc::new(Running::new(routes).await);
    let reader = server.service_key("reader", &["catalog:items.read"]).await;
    let doomed = server.service_key("doomed", &["catalog:items.read"]).await;

    let ask_many = |many: usize| {
        let mut asking = JoinSet::new();
        for number in 0..many {
            let (catalog, cred) = (Arc::clone(&catalog), if number % 2 == 0 { reader.bearer() } else { doomed.bearer() });
            asking.spawn(async move { (number % 2, catalog.get("/items", &cred).await.status) });
        }
        asking
    };
    let before = ask_many(500);
    server.delete(&format!("/v1/keys/{}", doomed.id), &server.admin().await).await.expect(204);
    let after = ask_many(500);
    for (number, status) in before.join_all().await {
        assert!(status == 200 || (number == 1 && status == 401), "{number}: {status}");
    }
    for (number, status) in after.join_all().await {
        assert_eq!(status, if number == 0 { 200 } else { 401 });
    }
    // One more belonged to the start.
    let connections = connections.load(Ordering::Relaxed);
    assert!(connections <= CONNECTIONS + 1, "{connections} connections");
}

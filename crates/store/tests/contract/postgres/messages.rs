//! Nodes that hear each other need nothing said through the database; those that do not lack nothing.

use std::future::poll_fn;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use keybearer_core::key::{Lifecycle, RevocationReason};
use keybearer_store::{Actor, Cascade, Consistency, Membership, Messages, Store};
use tokio_postgres::{AsyncMessage, NoTls};

use super::nodes::opened_with;
use super::raw;
use crate::image::Image;
use crate::world::World;

/// For how long a node is told through the database that did not answer directly, as on a machine that has much to do.
const FAR: Duration = Duration::from_secs(10);
/// Sooner than a row says what its node holds.
const SOON: Duration = Duration::from_millis(80);

async fn joins(world: &World, name: &str, messages: Messages) -> (Arc<dyn Store>, Arc<Image>) {
    let membership = Membership { name: name.into(), address: String::new(), consistency: Consistency::Lease, messages };
    let (store, image) = (opened_with(&world.database, membership).await, Arc::<Image>::default());
    store.follow(image.clone()).await.unwrap();
    image.told().is_loaded();
    image.told().leaps = true;
    (store, image)
}

/// Counts from now on how often the database is asked to say that there is a change.
async fn listening(world: &World) -> Arc<AtomicUsize> {
    let config: tokio_postgres::Config = world.url.as_ref().unwrap().parse().unwrap();
    let (client, mut connection) = config.connect(NoTls).await.unwrap();
    let said = Arc::<AtomicUsize>::default();
    let counted = said.clone();
    tokio::spawn(async move {
        while let Some(Ok(message)) = poll_fn(|context| connection.poll_message(context)).await {
            if matches!(message, AsyncMessage::Notification(_)) {
                counted.fetch_add(1, Ordering::Relaxed);
            }
        }
    });
    client.batch_execute("LISTEN keybearer_changed").await.unwrap();
    // It listens for as long as it lives.
    std::mem::forget(client);
    said
}

/// Makes some accounts, and looks after each that the other node has it. Returns how long the one in the middle took.
async fn changes(world: &World, other: &Image, name: &str) -> Duration {
    let mut times = Vec::new();
    for number in 0..9 {
        let began = Instant::now();
        let id = world.account(&format!("{name} {number}"), "user").await.id;
        times.push(began.elapsed());
        assert!(other.told().accounts.contains_key(&id), "the other node does not know yet");
    }
    times.sort_unstable();
    times[times.len() / 2]
}

#[tokio::test]
async fn nodes_that_hear_each_other_have_the_database_say_nothing() {
    let world = World::postgres().await;
    let (store, image) = joins(&world, "other", Messages::Auto).await;
    let said = listening(&world).await;
    let until = Instant::now() + 6 * FAR;
    for round in 0.. {
        let before = said.load(Ordering::Relaxed);
        changes(&world, &image, &format!("round {round}")).await;
        tokio::time::sleep(SOON).await;
        if said.load(Ordering::Relaxed) == before {
            break;
        }
        assert!(Instant::now() < until, "the database is asked to say something all the time");
    }
    drop(store);
    world.end().await;
}

#[tokio::test]
async fn a_revocation_tells_nodes_that_hear_each_other_what_it_did() {
    let world = World::postgres().await;
    let (store, image) = joins(&world, "other", Messages::Auto).await;
    let owner = world.account("ada", "user").await.id;
    let until = Instant::now() + 6 * FAR;
    for round in 0.. {
        // Whether it hears it so or has to look it up, it knows before the call returns.
        let mut keys = Vec::new();
        for _ in 0..2 {
            keys.push(world.account_key(Actor::Operator, owner, 0).await.unwrap().id);
        }
        let before = image.told().revoked;
        for id in keys.clone() {
            world.store.revoke_key(world.operator(), id, None, Cascade::Nothing, None).await.unwrap();
            let told = image.told();
            let Lifecycle::Revoked { at, reason, .. } = told.keys[&id].lifecycle else { panic!("round {round}: it is not revoked there") };
            assert_eq!((at, reason), (world.now(), RevocationReason::Deleted));
        }
        if image.told().revoked == before + keys.len() {
            break;
        }
        assert!(Instant::now() < until, "the database is asked what was revoked all the time");
        tokio::time::sleep(SOON).await;
    }
    drop(store);
    world.end().await;
}

#[tokio::test]
async fn a_node_that_hears_no_messages_is_told_and_answers_through_the_database() {
    let world = World::postgres().await;
    let (store, image) = joins(&world, "other", Messages::Off).await;
    let said = listening(&world).await;
    let took = changes(&world, &image, "person").await;
    assert!(took < SOON, "{took:?}");
    assert!(said.load(Ordering::Relaxed) >= 9, "somebody was told directly who hears nothing");
    drop(store);
    world.end().await;
}

/// Whether somebody of this machine hears datagrams there.
fn is_heard_at(place: SocketAddr) -> bool {
    std::fs::read_to_string("/proc/net/udp").unwrap().contains(&format!(":{:04X} 00000000:0000", place.port()))
}

#[tokio::test]
async fn a_node_may_hear_messages_at_an_address_of_its_own() {
    let world = World::postgres().await;
    let free = std::net::UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let (store, image) = joins(&world, "other", Messages::At(free)).await;
    assert!(changes(&world, &image, "first").await < SOON);
    assert!(std::net::UdpSocket::bind(free).is_err() && is_heard_at(free), "it is not there");
    // Also when the connection for hints was lost, with which the place is given up.
    let hints = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'";
    raw(&world).await.batch_execute(hints).await.unwrap();
    for is_there in [false, true] {
        let again = async {
            while is_heard_at(free) != is_there {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), again).await.unwrap();
    }
    // Where the address is taken, all goes through the database.
    let (third, other) = joins(&world, "third", Messages::At(free)).await;
    assert!(changes(&world, &other, "second").await < SOON);
    drop((store, third));
    world.end().await;
}

//! Connections that are lost: what was answered is what is there, and the follower is told of all that is in force.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use keybearer_store::{AccountChange, Actor, Cascade, Consistency, Database, PostgresUrl, StoreError};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::watch;

use super::nodes::{Stalled, opened};
use super::raw;
use crate::world::World;
use crate::{check, cluster};

/// Ends all connections to the database but this one.
async fn cut_all(world: &World) {
    let all = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()";
    raw(world).await.batch_execute(all).await.unwrap();
}

#[tokio::test]
async fn a_store_goes_on_with_other_connections() {
    let world = World::postgres().await;
    for round in 0..3 {
        world.store.stats(world.now()).await.unwrap();
        let ada = world.account(&format!("ada {round}"), "user").await;
        cut_all(&world).await;
        let change = AccountChange { consent: Some(false), ..AccountChange::default() };
        world.change(Actor::Operator, ada.id, change).await.unwrap();
        check::all(&world).await;
        // What is judged in one journey with its beginning is judged again.
        let till = world.service(&format!("till {round}"), &[]).await.id;
        cut_all(&world).await;
        assert_eq!(world.store.revoke_key(world.operator(), till, None, Cascade::Nothing, None).await.unwrap(), [till]);
        check::all(&world).await;
    }
    world.store.ping().await.unwrap();
    world.end().await;
}

/// The server gives up the transaction at its commit, and hangs up.
#[tokio::test]
async fn a_commit_that_failed_is_neither_answered_nor_told() {
    let world = World::postgres().await;
    let boom = "CREATE FUNCTION boom() RETURNS trigger LANGUAGE plpgsql AS
                $$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); PERFORM pg_sleep(1); RETURN NEW; END $$;
                CREATE CONSTRAINT TRIGGER boom AFTER INSERT ON accounts DEFERRABLE INITIALLY DEFERRED
                FOR EACH ROW WHEN (NEW.username = 'boom') EXECUTE FUNCTION boom()";
    raw(&world).await.batch_execute(boom).await.unwrap();
    let names = ["first", "before", "boom", "after", "long after"];
    let mut asked: Vec<_> = Vec::new();
    {
        let _held = world.image.told();
        for name in names {
            let mut future = world.store.create_account(world.operator(), world.new_account(name, "user"));
            let _ = future.as_mut().poll(&mut std::task::Context::from_waker(std::task::Waker::noop()));
            asked.push(future);
        }
    }
    for (name, future) in names.into_iter().zip(asked) {
        let done = future.await.is_ok();
        let there = world.store.login_by_username(name.into()).await.unwrap().is_some();
        assert_eq!(done, there, "{name}: what was answered is what is there");
    }
    check::all(&world).await;
    world.account("at last", "user").await;
    check::all(&world).await;
    world.end().await;
}

/// What is written last goes out together with the commit. Where the server refuses it, it is known that nothing was committed.
#[tokio::test]
async fn a_revocation_that_is_refused_is_not_committed() {
    let world = World::postgres().await;
    let (till, barrier) = (world.service("till", &[]).await.id, world.service("barrier", &[]).await.id);
    let refuse = format!(
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'never'; END $$;
         CREATE TRIGGER refuse BEFORE INSERT ON lone_revocations FOR EACH ROW WHEN (NEW.key = '{till}') EXECUTE FUNCTION refuse()"
    );
    raw(&world).await.batch_execute(&refuse).await.unwrap();
    for _ in 0..2 {
        let before = check::dump(&world).await;
        let refused = world.store.revoke_key(world.operator(), till, None, Cascade::Nothing, None).await;
        assert!(
            matches!(&refused, Err(StoreError::Unavailable(why)) if why.contains("never") && !why.contains("nobody knows")),
            "{refused:?}"
        );
        assert_eq!(check::dump(&world).await, before);
        check::all(&world).await;
    }
    world.store.revoke_key(world.operator(), barrier, None, Cascade::Nothing, None).await.unwrap();
    check::all(&world).await;
    world.end().await;
}

/// Stands between a store and its server, and once, when it is told to, forwards a commit and hangs up before its answer; or lets nothing through
/// any more.
struct Between {
    place: TempDir,
    is_armed: Arc<AtomicBool>,
    is_cut: watch::Sender<bool>,
}

impl Between {
    fn start(socket: String) -> Self {
        let place = tempfile::tempdir().unwrap();
        let listener = UnixListener::bind(place.path().join(".s.PGSQL.5432")).unwrap();
        let is_armed = Arc::<AtomicBool>::default();
        let armed = Arc::clone(&is_armed);
        let (is_cut, cut) = watch::channel(false);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (relayed, mut cut) = (relay(client, socket.clone(), Arc::clone(&armed)), cut.clone());
                tokio::spawn(async move {
                    tokio::select! {
                        () = relayed => {}
                        _ = cut.wait_for(|is_cut| *is_cut) => {}
                    }
                });
            }
        });
        Self { place, is_armed, is_cut }
    }

    fn url(&self, database: &str) -> String {
        let folder = self.place.path().to_str().unwrap().replace('/', "%2F");
        format!("postgres://keybearer@{folder}/{database}")
    }
}

async fn relay(client: UnixStream, socket: String, is_armed: Arc<AtomicBool>) {
    let server = UnixStream::connect(Path::new(&socket)).await.unwrap();
    let ((mut from_client, mut to_client), (mut from_server, mut to_server)) = (client.into_split(), server.into_split());
    let back = tokio::spawn(async move { tokio::io::copy(&mut from_server, &mut to_client).await });
    let mut bytes = vec![0; 1 << 16];
    while let Ok(read @ 1..) = from_client.read(&mut bytes).await {
        // Of a change: what only puts rows in order is not waited for on the disk.
        let has = |what: &[u8]| bytes[..read].windows(what.len()).any(|word| word == what);
        let is_commit = has(b"; COMMIT") && !has(b"synchronous_commit = off");
        if is_commit && is_armed.swap(false, Ordering::SeqCst) {
            back.abort();
            to_server.write_all(&bytes[..read]).await.unwrap();
            // The server is not hindered, only unheard.
            tokio::time::sleep(Duration::from_millis(300)).await;
            return;
        }
        if to_server.write_all(&bytes[..read]).await.is_err() {
            return;
        }
    }
}

/// A store that reaches its server through something else.
async fn between() -> (Between, World, String) {
    let url = cluster::database().await;
    let (place, name) = url.rsplit_once('/').unwrap();
    let folder = place.rsplit_once('@').unwrap().1.replace("%2F", "/");
    let between = Between::start(format!("{folder}/.s.PGSQL.5432"));
    let world = World::postgres_at(between.url(name)).await;
    (between, world, url)
}

/// Of a change that was committed when the database went away, nobody says that it is in force everywhere: a node may still answer without it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_that_nobody_can_confirm_any_more_is_not_said_to_be_in_force() {
    let (between, world, url) = between().await;
    let direct = Database::Postgres(PostgresUrl::parse(&url).unwrap());
    let still = Arc::<Stalled>::default();
    let other = opened(&direct, "still", Consistency::Lease).await;
    other.follow(still.clone()).await.unwrap();
    let ada = world.account("ada", "user").await.id;
    still.stall(true);
    let (store, origin) = (world.store.clone(), world.operator());
    let change = tokio::spawn(async move { store.delete_account(origin, ada, None, None).await });
    let committed = async { while other.login_by_username("ada".into()).await.unwrap().is_some() {} };
    tokio::time::timeout(Duration::from_secs(10), committed).await.unwrap();
    between.is_cut.send_replace(true);
    let answer = tokio::time::timeout(Duration::from_secs(10), change).await.expect("the wait is bounded").unwrap();
    assert!(matches!(answer, Err(StoreError::Unconfirmed)), "{answer:?}");
    // Nor does this node answer from its image by then.
    assert!(!world.store.is_in_force());
    assert!(matches!(world.store.confirm().await, Err(StoreError::Unavailable(_))));
    still.stall(false);
    drop((world, other));
    cluster::remove(&url).await;
}

/// Nobody can say what became of it when the caller has to be answered. But a follower that missed it would keep a revoked key alive.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_whose_answer_was_lost_is_told_to_the_follower() {
    let (between, world, url) = between().await;
    let ada = world.account("ada", "user").await.id;
    let key = world.account_key(Actor::Operator, ada, 4).await.unwrap().id;

    between.is_armed.store(true, Ordering::SeqCst);
    let unknown = world.store.revoke_key(world.operator(), key, None, Cascade::Nothing, None).await;
    assert!(matches!(&unknown, Err(StoreError::Unavailable(why)) if why.contains("nobody knows")), "{unknown:?}");
    let is_told = async { while world.image.told().keys[&key].lifecycle.ends_at() != Some(world.now()) {} };
    let waits = async {
        while world.image.told().revision < 3 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        is_told.await;
    };
    tokio::time::timeout(Duration::from_secs(10), waits).await.expect("the follower is told without anybody asking for more");
    check::all(&world).await;

    // And where somebody asks at once, what he asks comes behind it.
    between.is_armed.store(true, Ordering::SeqCst);
    let unknown = world.store.delete_account(world.operator(), ada, None, None).await;
    assert!(matches!(unknown, Err(StoreError::Unavailable(_))), "{unknown:?}");
    let refused = world.account_key(Actor::Operator, ada, 4).await;
    assert!(matches!(refused.map(drop), Err(StoreError::NotFound(_))));
    world.account("bob", "user").await;
    check::all(&world).await;
    drop(world);
    cluster::remove(&url).await;
}

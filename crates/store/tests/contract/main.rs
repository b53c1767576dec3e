//! The contract of the store: what holds on every engine behind it, and under `sqlite` and `postgres` what holds on that one only.
//!
//! A test is a plain function of a [`world::World`]; [`on_every_engine`] runs it on each engine and then asks what must hold after any test:
//! the follower's image equals the rows, and the events account for all of them (see [`check`]).
#![expect(clippy::unwrap_used, reason = "a test may end by a panic")]

/// Makes a test of each of these functions on each engine. One that is not listed is dead code, which the lints refuse.
macro_rules! on_every_engine {
    ($($test:ident),+ $(,)?) => {
        mod on_sqlite {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $test() {
                    let world = crate::world::World::sqlite().await;
                    super::$test(&world).await;
                    crate::check::all(&world).await;
                }
            )+
        }

        mod on_postgres {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $test() {
                    let world = crate::world::World::postgres().await;
                    super::$test(&world).await;
                    crate::check::all(&world).await;
                    world.end().await;
                }
            )+
        }
    };
}

/// Asserts that a change is refused so, and that nothing of it was written.
macro_rules! assert_refused {
    ($world:expr, $change:expr, $($refusal:tt)+) => {{
        let before = crate::check::dump($world).await;
        let Some(error) = $change.await.err() else { panic!("it was done") };
        let told = format!("{error:?}");
        assert!(matches!(error, $($refusal)+), "refused for another reason: {told}");
        assert_eq!(crate::check::dump($world).await, before, "a refused change left something behind");
    }};
}

mod account;
mod backup;
mod check;
mod cluster;
mod complete;
mod disk_full;
mod event;
mod follow;
mod gate;
mod image;
mod import;
mod key;
mod key_list;
mod pepper;
mod permission;
mod policy;
mod postgres;
mod race;
mod retention;
mod revocation;
mod session;
mod small_disk;
mod sqlite;
mod verification;
mod world;

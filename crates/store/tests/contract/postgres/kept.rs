//! Statements that are kept at the server.

use keybearer_store::{Cascade, StoreError};

use super::raw;
use crate::check;
use crate::world::World;

/// Our migrations do not do this; somebody with a shell may. What was planned before does not fit any more.
#[tokio::test]
async fn a_statement_that_does_not_fit_any_more_is_kept_anew() {
    let world = World::postgres().await;
    let service = world.service("till", &[]).await;
    let first = world.service("barrier", &[]).await.id;
    world.store.revoke_key(world.operator(), first, None, Cascade::Nothing, None).await.unwrap();
    for change in ["ALTER TABLE keys ALTER COLUMN created_by TYPE varchar(500)", "ALTER TABLE keys ALTER COLUMN created_by TYPE text"] {
        raw(&world).await.batch_execute(change).await.unwrap();
        // It was planned, and fails once. Nothing is written then.
        let refused = world.store.revoke_key(world.operator(), service.id, None, Cascade::Nothing, None).await;
        assert!(matches!(&refused, Err(StoreError::Unavailable(why)) if why.contains("cached plan")), "{refused:?}");
        check::all(&world).await;
        let name = format!("after {}", change.len());
        let other = world.service(&name, &[]).await.id;
        world.store.revoke_key(world.operator(), other, None, Cascade::Nothing, None).await.unwrap();
        check::all(&world).await;
    }
    world.end().await;
}

/// A plan is made once, for tables as they are then. A node of another version may change the schema while those of this one serve.
#[test]
fn no_migration_changes_the_type_of_a_column() {
    let folder = format!("{}/migrations/postgres", env!("CARGO_MANIFEST_DIR"));
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        let sql = std::fs::read_to_string(&path).unwrap().to_uppercase();
        let changes = sql.split(';').any(|statement| statement.contains("ALTER TABLE") && statement.contains(" TYPE "));
        assert!(!changes, "{}: make another column instead", path.display());
    }
}

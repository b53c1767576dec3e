//! What a verification asks of the allocator: nothing. In a binary of its own, since the counting allocator is one for the whole program.

use keybearer::app::App;
use keybearer::clock::Clock;
use keybearer::config::Config;
use keybearer::ops::verify::verify;
use keybearer_core::account::{AccountId, Status};
use keybearer_core::decision::Denial;
use keybearer_core::key::Lifecycle;
use keybearer_core::permission::Permission;
use keybearer_core::policy::PolicyId;
use keybearer_core::requirement::Requirement;
use keybearer_core::role::Level;
use keybearer_core::time::UnixMillis;
use keybearer_core::token::{Credential, KeyId, Prefix, Secret};
use keybearer_store::{Account, Changed, Follower, Key, KeyHolder, Metadata, Policy};
use uuid::Uuid;

const OWNER: AccountId = AccountId(7);
const POLICY: PolicyId = PolicyId(Uuid::from_u128(7));

fn credential(number: u8) -> Credential {
    Credential { id: KeyId::from_bytes([number; 16]), secret: Secret::new([number; 32]) }
}

fn key(app: &App, number: u8, holder: KeyHolder) -> (KeyId, Option<Key>) {
    let credential = credential(number);
    let (pepper, digest) = app.peppers.seal(&credential);
    let key = Key {
        id: credential.id,
        name: "a key".to_owned(),
        holder,
        lifecycle: Lifecycle::Live { expires_at: None },
        metadata: Metadata::new(),
        digest,
        pepper,
        created_at: UnixMillis(1),
        created_by: "account:1".to_owned(),
        last_used_at: None,
    };
    (key.id, Some(key))
}

/// The image of one person and one policy, with a key of each.
fn image(app: &App, permission: &Permission) -> Changed {
    let account = Account {
        id: OWNER,
        username: "ada".to_owned(),
        email: None,
        external_id: None,
        issuer: None,
        metadata: Metadata::new(),
        has_password: false,
        role: "user".to_owned(),
        status: Status::Active,
        consent: true,
        created_at: UnixMillis(1),
    };
    let policy = Policy {
        id: POLICY,
        name: "readers".to_owned(),
        permissions: [permission.clone()].into_iter().collect(),
        created_at: UnixMillis(1),
        created_by: "account:1".to_owned(),
        version: 1,
        keys: 1,
    };
    let persons = key(app, 1, KeyHolder::Account { owner: OWNER, level: Level::OWN });
    let services = key(app, 2, KeyHolder::Service { policy: POLICY, service: None });
    Changed {
        accounts: vec![(OWNER, Some(account))],
        policies: vec![(POLICY, Some(policy))],
        keys: vec![persons, services],
        ..Changed::default()
    }
}

#[tokio::test]
async fn a_key_is_verified_without_asking_the_allocator_for_memory() {
    let dir = tempfile::tempdir().unwrap();
    let app = App::open(Config::for_data_dir(dir.path()), Clock::System).await.unwrap();
    let permission: Permission = "shop:orders.read".parse().unwrap();
    app.index.apply(image(&app, &permission));
    let token = |number| credential(number).to_token(&Prefix::default());
    let pair = format!("{}:{}", credential(1).id, *credential(1).secret.reveal());
    let mut wrong = credential(1);
    wrong.secret = credential(2).secret;
    let wrong = wrong.to_token(&Prefix::default());
    let one_of = Requirement::Permissions { any_of: vec![permission.clone()], all_of: vec![permission] };
    let (persons, services, unknown) = (token(1), token(2), token(3));
    let questions: [(&str, &Requirement, Result<(), Denial>); 6] = [
        (&persons, &Requirement::Level(Level::OWN), Ok(())),
        (&pair, &Requirement::ANY, Ok(())),
        (&services, &one_of, Ok(())),
        (&unknown, &Requirement::ANY, Err(Denial::NotFound)),
        (&wrong, &Requirement::ANY, Err(Denial::NotFound)),
        ("kb_no_key", &Requirement::ANY, Err(Denial::Malformed)),
    ];
    for (text, requirement, expected) in &questions {
        // The first time, a thread makes what it needs to read beside those who write.
        assert_eq!(&verify(&app, text, requirement, app.clock.now()).decision.map(drop), expected);
        let asked = allocation_counter::measure(|| {
            for _ in 0..100 {
                assert_eq!(&verify(&app, text, requirement, app.clock.now()).decision.map(drop), expected);
            }
        });
        assert_eq!(asked.count_total, 0, "{expected:?}");
    }
    let asked = allocation_counter::measure(|| drop(std::hint::black_box(Box::new(1))));
    assert_eq!(asked.count_total, 1, "the allocator counts");
}

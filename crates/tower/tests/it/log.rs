//! What the log says, and does not say.

use std::io;
use std::sync::{Arc, Mutex};

use keybearer_tower::{Service, any_key};
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt::MakeWriter;

use crate::stub::{Door, KEY, Manner, OWN, Stub, problem_saying, yes};

/// A log in memory.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

#[tokio::test]
async fn the_log_tells_when_doubt_begins_and_ends_and_never_a_secret() {
    let log = Log::default();
    // It is that of the other tests, too: none of their secrets stands there either.
    tracing_subscriber::fmt().with_max_level(LevelFilter::TRACE).with_ansi(false).with_writer(log.clone()).init();
    let stub = Stub::new(Manner::Say(yes(""))).await;
    let journal = Service::new("journal");
    let door = Door::behind(journal.require(any_key()));
    journal.start(stub.in_a_hurry()).await.unwrap();
    let forging = problem_saying(403, r"The stub says 403.\nERROR forged", "");
    for manner in [Manner::Say(forging), Manner::Silence, Manner::SayAndLeave(String::new())] {
        stub.set(manner);
        door.knock_with_the_key().await.expect(503, "in_doubt");
        door.knock(&[("authorization", &format!("Bearer {KEY}")), ("x-api-key", KEY)]).await.expect(400, "ambiguous_credential");
    }
    stub.set(Manner::Say(yes("")));
    door.knock_with_the_key().await.expect(200, "");
    let text = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    let told: Vec<&str> = text.lines().filter(|line| line.contains(r#"service="journal""#) && !line.contains("DEBUG")).collect();
    let [started, begins, ends] = *told else { panic!("{told:#?}") };
    assert!(started.contains("INFO keybearer_tower") && started.contains("the permissions are registered"), "{started}");
    assert!(begins.contains("ERROR keybearer_tower") && begins.contains("requests are refused with 503"), "{begins}");
    assert!(begins.contains("The stub says 403."), "{begins}");
    assert!(ends.contains("INFO keybearer_tower") && ends.contains("keys are verified again"), "{ends}");
    assert!(!text.lines().any(|line| line.starts_with("ERROR forged")), "the server writes our log");
    for secret in [OWN, KEY] {
        assert!(!text.contains(secret), "{text}");
    }
}

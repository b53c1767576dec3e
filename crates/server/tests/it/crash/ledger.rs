//! What was acknowledged, and must be there for ever.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::image::Image;
use crate::support::Cred;
use crate::support::child::Running;

/// A change whose answer had come whole.
pub(super) struct Acknowledged {
    pub(super) request_id: String,
    pub(super) action: &'static str,
    /// The id and the token of a key that was made.
    pub(super) token: Option<(String, String)>,
}

/// All acknowledged changes of all runs.
#[derive(Default)]
pub(super) struct Ledger {
    settled: usize,
    /// Of the last run, not yet looked for.
    new: Vec<Acknowledged>,
    /// By the key's id.
    tokens: HashMap<String, String>,
}

impl Ledger {
    pub(super) fn enter(&mut self, acknowledged: Vec<Acknowledged>) {
        self.new.extend(acknowledged);
    }

    pub(super) fn len(&self) -> usize {
        self.settled
    }

    /// Each change of the last run has its one event, and each key of it verifies as the events say.
    pub(super) async fn settle(&mut self, running: &Running, admin: &Cred, image: &Image) {
        assert!(!self.new.is_empty());
        let mut tokens = HashMap::new();
        for change in std::mem::take(&mut self.new) {
            assert_eq!(image.action_of(&change.request_id), Some(change.action), "{} was acknowledged", change.request_id);
            tokens.extend(change.token);
            self.settled += 1;
        }
        verify(running, admin, image, &tokens).await;
        self.tokens.extend(tokens);
    }

    /// Every key of every run verifies as the events say.
    pub(super) async fn verify_all(&self, running: &Running, admin: &Cred, image: &Image) {
        verify(running, admin, image, &self.tokens).await;
    }
}

async fn verify(running: &Running, admin: &Cred, image: &Image, tokens: &HashMap<String, String>) {
    let tokens: Vec<(&String, &String)> = tokens.iter().collect();
    for chunk in tokens.chunks(1_000) {
        let items: Vec<Value> = chunk.iter().map(|(_, token)| json!({"key": token})).collect();
        let verdicts = running.post("/v1/verify/batch", admin, json!({"items": items})).await.expect(200);
        for ((id, _), verdict) in chunk.iter().zip(verdicts["results"].as_array().unwrap()) {
            assert_eq!(verdict["code"], if image.is_live(id) { "VALID" } else { "REVOKED" }, "{id}");
            assert_eq!(&verdict["key"]["id"], *id);
        }
    }
}

//! `/v1/verify` and `/v1/explain`.

use reqwest::Method;

use super::{Client, Error};
use crate::{Explain, Explanation, Verdict, Verify, VerifyBatch, VerifyResults};

impl Client {
    /// May this key do that? A bad key is an answer, not an error.
    ///
    /// # Errors
    /// As any call.
    pub async fn verify(&self, question: &Verify<'_>) -> Result<Verdict<'static>, Error> {
        self.call(Method::POST, &["v1", "verify"]).json(question).read().await
    }

    /// Up to 1,000 questions at once: an answer to each, in their order.
    ///
    /// # Errors
    /// As any call.
    pub async fn verify_batch(&self, questions: &VerifyBatch<'_>) -> Result<VerifyResults<'static>, Error> {
        self.call(Method::POST, &["v1", "verify", "batch"]).json(questions).read().await
    }

    /// What the answer for a key would be, and why, by its id.
    ///
    /// # Errors
    /// As any call.
    pub async fn explain(&self, question: &Explain) -> Result<Explanation<'static>, Error> {
        self.call(Method::POST, &["v1", "explain"]).json(question).read().await
    }
}

//! Passwords of accounts: which are accepted, and how they are hashed without starving everything else.

mod rules;

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::thread;

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use tokio::sync::{Semaphore, oneshot};
use zeroize::Zeroizing;

pub use self::rules::{MAX_CHARACTERS, MIN_CHARACTERS, PasswordError, check};

/// Memory of one hash, in KiB; with two passes and one lane the least that OWASP asks of argon2id.
const MEMORY: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;

/// By how much hashing steps back: on cores that requests take whole, it gets a tenth of one.
#[cfg(target_os = "linux")]
const NICENESS: i32 = 10;

/// How many callers may wait for their turn.
const MOST_WAITING: usize = 32;

/// Hashes and verifies passwords, on at most half of the cores, and after what else wants them: a flood of logins leaves them to verification.
pub struct Passwords {
    /// One for each caller that waits or runs.
    places: Arc<Semaphore>,
    /// One for each that runs.
    turns: Arc<Semaphore>,
    /// How many turns, and how many places there are.
    bounds: (usize, usize),
    /// The hash of a password that nobody knows, for accounts that have none.
    dummy: Arc<str>,
}

/// Too many callers wait already. Nothing was hashed; asking again in a second may succeed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("too many logins at once: try again in a moment")]
pub struct Busy;

impl Default for Passwords {
    fn default() -> Self {
        Self::new()
    }
}

impl Passwords {
    /// A pool for the cores of this machine. It makes one hash, so it takes some milliseconds.
    ///
    /// # Panics
    /// Where the operating system has no randomness to give.
    #[must_use]
    pub fn new() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        Self::bounded((cores / 2).max(1), MOST_WAITING)
    }

    fn bounded(running: usize, waiting: usize) -> Self {
        Self {
            places: Arc::new(Semaphore::new(running + waiting)),
            turns: Arc::new(Semaphore::new(running)),
            bounds: (running, running + waiting),
            dummy: hash(&random()).into(),
        }
    }

    /// The hash of a password as a PHC string, with a fresh salt.
    ///
    /// # Errors
    /// [`Busy`] where too many wait already.
    pub async fn hash(&self, password: Zeroizing<String>) -> Result<String, Busy> {
        self.run(move || hash(password.as_bytes())).await
    }

    /// Whether this is the password that was hashed. Without a stored hash the answer is no, and takes as long.
    ///
    /// # Errors
    /// [`Busy`] where too many wait already.
    pub async fn verify(&self, password: Zeroizing<String>, stored: Option<&str>) -> Result<bool, Busy> {
        let (stored, exists) = match stored {
            Some(stored) => (Arc::from(stored), true),
            None => (Arc::clone(&self.dummy), false),
        };
        self.run(move || verify(password.as_bytes(), &stored) && exists).await
    }

    /// How many passwords are being hashed, and how many wait for it.
    #[must_use]
    pub fn load(&self) -> (usize, usize) {
        let (turns, places) = self.bounds;
        let running = turns.saturating_sub(self.turns.available_permits());
        (running, places.saturating_sub(self.places.available_permits()).saturating_sub(running))
    }

    async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Busy> {
        let place = Arc::clone(&self.places).try_acquire_owned().map_err(|_| Busy)?;
        let turn = Arc::clone(&self.turns).acquire_owned().await.map_err(|_| Busy)?;
        let (tell, told) = oneshot::channel();
        // The permits go along, so that a caller who hangs up does not make room for another while the hash still runs. A thread of its own costs
        // next to nothing beside a hash, and its priority is lowered for good: no thread may raise it again.
        let begun = thread::Builder::new().name("password".into()).spawn(move || {
            let held = (place, turn);
            give_way();
            let done = work();
            // Before the caller is told: whoever comes after that finds the room.
            drop(held);
            drop(tell.send(done));
        });
        begun.map_err(|_| Busy)?;
        told.await.map_err(|_| Busy)
    }
}

/// Lets the threads that answer requests go first from here on. Where that fails, hashing is only as eager as they are.
fn give_way() {
    // Elsewhere it would be the whole process that gives way.
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::nice(NICENESS) {
        tracing::debug!(%error, "hashing a password does not give way to requests");
    }
}

fn argon2() -> Argon2<'static> {
    let params = Params::new(MEMORY, PASSES, LANES, None).expect("the parameters are within argon2's bounds");
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

fn hash(password: &[u8]) -> String {
    argon2().hash_password_with_salt(password, &random()).expect("a salt of 16 bytes and a password below 4 GiB are hashed").to_string()
}

/// Verifies with the parameters that stand in the stored hash.
fn verify(password: &[u8], stored: &str) -> bool {
    PasswordHash::new(stored).is_ok_and(|stored| argon2().verify_password(password, &stored).is_ok())
}

/// Whether a text is a hash against which a password can be checked.
#[must_use]
pub fn is_hash(text: &str) -> bool {
    PasswordHash::new(text).is_ok_and(|hash| hash.algorithm.as_str().starts_with("argon2") && hash.hash.is_some())
}

fn random() -> [u8; 16] {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).expect("the operating system has randomness");
    bytes
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::time::Duration;

    use super::*;

    fn text(password: &str) -> Zeroizing<String> {
        Zeroizing::new(password.to_owned())
    }

    #[tokio::test]
    async fn a_password_verifies_against_its_hash_and_no_other_does() {
        let passwords = Passwords::new();
        let stored = passwords.hash(text("a quiet evening in Bergen")).await.unwrap();
        assert!(stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{stored}");
        assert_eq!(passwords.verify(text("a quiet evening in Bergen"), Some(&stored)).await, Ok(true));
        assert_eq!(passwords.verify(text("a quiet evening in Bergen "), Some(&stored)).await, Ok(false));
        assert_ne!(passwords.hash(text("a quiet evening in Bergen")).await.unwrap(), stored);
    }

    #[tokio::test]
    async fn without_a_hash_the_answer_is_no_after_the_same_work() {
        let passwords = Passwords::new();
        let stored = passwords.hash(text("a quiet evening in Bergen")).await.unwrap();
        assert_eq!(passwords.verify(text("a quiet evening in Bergen"), None).await, Ok(false));
        let parameters = |phc: &str| phc.rsplitn(3, '$').last().map(str::to_owned);
        assert_eq!(parameters(&passwords.dummy), parameters(&stored));
    }

    #[tokio::test]
    async fn a_damaged_hash_verifies_nothing() {
        for damaged in ["", "$argon2id$", "$argon2id$v=19$m=19456,t=2,p=1$", "plain text"] {
            assert_eq!(Passwords::new().verify(text(damaged), Some(damaged)).await, Ok(false));
        }
    }

    #[tokio::test]
    async fn beyond_the_waiting_callers_the_pool_is_busy() {
        let passwords = Arc::new(Passwords::bounded(1, 1));
        let (finish, finished) = mpsc::channel::<()>();
        let (start, started) = mpsc::channel();
        let first = {
            let passwords = Arc::clone(&passwords);
            tokio::spawn(async move {
                let work = move || (start.send(()), finished.recv());
                passwords.run(work).await.map(drop)
            })
        };
        tokio::task::spawn_blocking(move || started.recv().unwrap()).await.unwrap();
        // The caller goes away, its work does not, and so its turn is still taken.
        first.abort();
        assert!(first.await.unwrap_err().is_cancelled());
        let second = {
            let passwords = Arc::clone(&passwords);
            tokio::spawn(async move { passwords.run(|| 2).await })
        };
        while passwords.places.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
        assert_eq!(passwords.run(|| 3).await, Err(Busy));
        assert_eq!(passwords.load(), (1, 1));
        assert!(!second.is_finished());
        finish.send(()).unwrap();
        assert_eq!(second.await.unwrap(), Ok(2));
        assert_eq!(passwords.run(|| 4).await, Ok(4));
        assert_eq!(passwords.load(), (0, 0));
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn hashing_gives_way_to_whoever_asked_for_it() {
        let priority = || rustix::process::getpriority_process(None).unwrap();
        let own = priority();
        let hashing = Passwords::bounded(1, 1).run(priority).await.unwrap();
        assert_eq!((hashing, priority()), ((own + NICENESS).min(19), own));
    }

    #[tokio::test]
    async fn a_caller_that_goes_away_while_waiting_gives_up_its_place() {
        let passwords = Arc::new(Passwords::bounded(1, 1));
        let turn = Arc::clone(&passwords.turns).acquire_owned().await.unwrap();
        for _ in 0..5 {
            let waiting = tokio::time::timeout(Duration::from_millis(1), passwords.run(|| ()));
            assert!(waiting.await.is_err());
        }
        drop(turn);
        assert_eq!(passwords.run(|| ()).await, Ok(()));
    }
}

//! A data directory filled through the store, and the tokens of its keys.

mod seeding;

use std::fs;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use keybearer_core::policy::PolicyId;

/// The length of a token with the default prefix.
pub const TOKEN: usize = 75;

/// A data directory with keys, and what a client needs to ask about them.
pub struct World {
    /// The data directory.
    pub dir: PathBuf,
    /// All tokens, each of [`TOKEN`] bytes.
    pub tokens: Vec<u8>,
    /// The token of a key that may verify others.
    pub verifier: String,
    /// The token of a key that may make others.
    pub maker: String,
    /// Accounts, numbered from 1.
    pub accounts: usize,
    /// Policies without permissions, which any key that makes keys may give.
    pub open_policies: Vec<PolicyId>,
    /// How long the seeding took.
    pub took: Duration,
}

impl World {
    /// Fills a new data directory with so many keys, half of people, half of services. All of them are good for months. They have their ids
    /// from one millisecond, so that their order is not that of names and holders.
    ///
    /// # Panics
    /// Where a key cannot be made.
    #[must_use]
    pub fn seed(dir: &Path, keys: usize) -> Self {
        Self::seed_apart(dir, keys, 0)
    }

    /// As `seed`, with ids so many milliseconds apart. Apart at all, each row goes behind the last one, which many millions need.
    ///
    /// # Panics
    /// Where a key cannot be made.
    #[must_use]
    pub fn seed_apart(dir: &Path, keys: usize, apart: i64) -> Self {
        fs::create_dir_all(dir).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let began = Instant::now();
        let world = runtime.block_on(seeding::seed(dir, keys, apart));
        Self { took: began.elapsed(), ..world }
    }

    /// How many keys there are to be asked about.
    #[must_use]
    pub fn keys(&self) -> usize {
        self.tokens.len() / TOKEN
    }

    /// The token with this number.
    ///
    /// # Panics
    /// Where there is none.
    #[must_use]
    pub fn token(&self, number: usize) -> &str {
        std::str::from_utf8(&self.tokens[number * TOKEN..][..TOKEN]).unwrap()
    }

    /// A copy of the data directory, for a second process that wants one of its own.
    ///
    /// # Panics
    /// Where it cannot be copied.
    pub fn copy_to(&self, to: &Path) {
        fs::create_dir_all(to).unwrap();
        for entry in fs::read_dir(&self.dir).unwrap() {
            let file = entry.unwrap().path();
            fs::copy(&file, to.join(file.file_name().unwrap())).unwrap();
        }
    }

    /// Writes the tokens into a file, for another process.
    ///
    /// # Panics
    /// Where it cannot be written.
    pub fn write_tokens(&self, file: &Path) {
        BufWriter::new(fs::File::create(file).unwrap()).write_all(&self.tokens).unwrap();
    }
}

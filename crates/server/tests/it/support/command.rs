//! Commands of the real binary that end by themselves.

use std::ffi::OsStr;
use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

/// Where the build has put it.
pub const PROGRAM: &str = env!("CARGO_BIN_EXE_keybearer");

/// A command under construction, with no settings from this process.
pub struct Run(Command, String);

/// How it ended.
#[derive(Debug)]
pub struct Done {
    pub code: i32,
    pub out: String,
    pub errors: String,
}

impl Run {
    pub fn new<S: AsRef<OsStr>>(args: impl IntoIterator<Item = S>) -> Self {
        Self::program(Path::new(PROGRAM), args)
    }

    /// Of a copy that stands here.
    pub fn program<S: AsRef<OsStr>>(program: &Path, args: impl IntoIterator<Item = S>) -> Self {
        let mut command = Command::new(program);
        command.env_clear().args(args);
        Self(command, String::new())
    }

    /// About this data directory.
    pub fn on<S: AsRef<OsStr>>(data_dir: &Path, args: impl IntoIterator<Item = S>) -> Self {
        Self::new(args).env("KEYBEARER_DATA_DIR", data_dir.to_str().unwrap())
    }

    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.0.env(name, value);
        self
    }

    /// As another user than root, who alone can ask for this.
    pub fn user(mut self, id: u32) -> Self {
        self.0.uid(id).gid(id);
        self
    }

    /// What it reads from standard input.
    pub fn stdin(mut self, text: &str) -> Self {
        text.clone_into(&mut self.1);
        self
    }

    /// Runs it to its end.
    #[track_caller]
    pub fn done(mut self) -> Done {
        let mut process = self.0.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        // A command that reads nothing may have closed it already.
        drop(process.stdin.take().unwrap().write_all(self.1.as_bytes()));
        let output = process.wait_with_output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        let done = Done { code: output.status.code().unwrap(), out: text(output.stdout), errors: text(output.stderr) };
        assert!(!done.errors.contains("panicked"), "{done:?}");
        done
    }

    /// What it prints, once it has done what was asked.
    #[track_caller]
    pub fn good(self) -> String {
        let done = self.done();
        assert_eq!(done.code, 0, "{done:?}");
        done.out
    }

    /// What it complains of, and that it printed nothing else.
    #[track_caller]
    pub fn refused(self, code: i32, words: &[&str]) -> String {
        let done = self.done();
        assert_eq!((done.code, done.out.as_str()), (code, ""), "{done:?}");
        for word in words {
            assert!(done.errors.contains(word), "{word:?} is not in: {}", done.errors);
        }
        done.errors
    }
}

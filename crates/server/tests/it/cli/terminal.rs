//! At a terminal: passwords are not shown, and what cannot be undone is asked about.

use std::fs::File;
use std::io::{Read, Write};
use std::process::{Command, Stdio};
use std::time::Duration;

use keybearer::cli::Exit;
use rustix::fs::{Mode, OFlags};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, tcgetattr};

use crate::support::{Cred, PASSWORD, Server};

/// What a person at a terminal saw, what went to a pipe, and how it ended.
struct Seen {
    terminal: String,
    out: String,
    code: i32,
}

/// Runs the binary at a terminal of its own, whose person types an answer at each prompt.
fn at_a_terminal(url: &str, cred: &Cred, args: &[&str], answers: &[(&str, &str)]) -> Seen {
    let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&ours).unwrap();
    unlockpt(&ours).unwrap();
    let theirs = rustix::fs::open(ptsname(&ours, Vec::new()).unwrap(), OFlags::RDWR | OFlags::NOCTTY, Mode::empty()).unwrap();
    let theirs = File::from(theirs);
    // A password is asked of the controlling terminal, which only a leader of a session can have.
    let mut command = Command::new("setsid");
    command.args(["--ctty", "--wait", env!("CARGO_BIN_EXE_keybearer")]).args(args);
    command.env_clear().env("KEYBEARER_URL", url);
    if let Cred::Bearer(token) = cred {
        command.env("KEYBEARER_TOKEN", token);
    }
    command.stdin(theirs.try_clone().unwrap()).stderr(theirs).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // Ours of their side: once the program has ended, the terminal has nobody on that side.
    drop(command);
    let mut ours = File::from(ours);
    let mut terminal = String::new();
    let mut answers = answers.iter();
    let mut next = answers.next();
    let mut piece = [0; 1024];
    // It ends in an error (EIO) when the last of the other side is gone.
    while let Ok(read) = ours.read(&mut piece) {
        terminal += &String::from_utf8_lossy(&piece[..read]);
        if let Some((prompt, answer)) = next
            && terminal.contains(prompt)
        {
            // Whoever types faster than the prompt sees what was typed; a person does not.
            while prompt.contains("assword") && tcgetattr(&ours).unwrap().local_modes.contains(LocalModes::ECHO) {
                std::thread::sleep(Duration::from_millis(1));
            }
            writeln!(ours, "{answer}").unwrap();
            next = answers.next();
        }
        if read == 0 {
            break;
        }
    }
    let mut out = String::new();
    child.stdout.take().unwrap().read_to_string(&mut out).unwrap();
    assert!(next.is_none(), "it never asked {next:?}: {terminal}");
    Seen { terminal, out, code: child.wait().unwrap().code().unwrap() }
}

async fn type_in(server: &Server, cred: &Cred, args: &[&str], answers: &[(&'static str, &'static str)]) -> Seen {
    let (url, cred) = (server.url(""), cred.clone());
    let args: Vec<String> = args.iter().map(|arg| (*arg).to_owned()).collect();
    let answers = answers.to_vec();
    let run = move || at_a_terminal(&url, &cred, &args.iter().map(String::as_str).collect::<Vec<_>>(), &answers);
    tokio::task::spawn_blocking(run).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_is_asked_for_and_not_shown() {
    let server = Server::start().await;
    let seen = type_in(&server, &Cred::None, &["session", "create", "admin"], &[("Password: ", PASSWORD)]).await;
    assert_eq!(seen.code, 0, "{}", seen.terminal);
    assert!(!seen.terminal.contains(PASSWORD), "{}", seen.terminal);
    assert!(seen.terminal.contains("Signed in as admin"), "{}", seen.terminal);
    let admin = Cred::Bearer(seen.out.trim_end().to_owned());
    server.get("/v1/whoami", &admin).await.expect(200);

    // A new one is asked for twice.
    let create = ["account", "create", "ann", "--set-password"];
    let slip = [("New password: ", PASSWORD), ("Same password again: ", "with a slip of the finger")];
    let seen = type_in(&server, &admin, &create, &slip).await;
    assert_eq!(seen.code, i32::from(Exit::Usage.code()));
    assert!(seen.terminal.contains("the two passwords differ"), "{}", seen.terminal);
    let seen = type_in(&server, &admin, &create, &[("New password: ", PASSWORD), ("Same password again: ", PASSWORD)]).await;
    assert!(seen.code == 0 && !seen.terminal.contains(PASSWORD), "{}", seen.terminal);
    server.sign_in("ann", PASSWORD).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_undone_is_asked_about() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let ann = server.person("ann", "user").await;
    let (number, key) = (ann.id.to_string(), server.account_key(&ann.session(), 4).await);
    let policy = server.policy("desk", &[]).await;
    let destructive = [
        vec!["key", "revoke", &key.id],
        vec!["account", "revoke-keys", &number, "--reason", "a test"],
        vec!["account", "delete", &number],
        vec!["policy", "delete", &policy],
    ];
    for args in &destructive {
        for no in ["", "n", "yess"] {
            let seen = type_in(&server, &admin, args, &[("[y/N] ", no)]).await;
            assert_eq!(seen.code, i32::from(Exit::Failed.code()), "{}", seen.terminal);
            assert!(seen.terminal.contains("nothing was changed"), "{}", seen.terminal);
        }
    }
    assert_eq!(server.verdict(&key.token).await, "VALID");
    server.get(&format!("/v1/policies/{policy}"), &admin).await.expect(200);

    let seen = type_in(&server, &admin, &destructive[0], &[("[y/N] ", "y")]).await;
    assert_eq!(seen.code, 0, "{}", seen.terminal);
    assert_eq!(server.verdict(&key.token).await, "REVOKED");
    let args: Vec<&str> = destructive[3].iter().copied().chain(["--yes"]).collect();
    let seen = type_in(&server, &admin, &args, &[]).await;
    assert!(seen.code == 0 && !seen.terminal.contains("[y/N]"), "{}", seen.terminal);
}

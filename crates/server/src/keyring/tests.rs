use std::fs;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::*;

fn path(directory: &TempDir) -> PathBuf {
    directory.path().join("keyring.json")
}

fn place(path: &Path, text: impl AsRef<[u8]>) {
    fs::write(path, text).unwrap();
    #[cfg(unix)]
    fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
}

fn error(path: &Path) -> KeyringError {
    Keyring::open_or_create(path, true).err().unwrap()
}

#[test]
fn a_new_keyring_is_the_same_when_read_again() {
    let directory = tempfile::tempdir().unwrap();
    let made = Keyring::open_or_create(&path(&directory), true).unwrap();
    let read = Keyring::open_or_create(&path(&directory), false).unwrap();
    assert_eq!(made.peppers().fingerprints(), read.peppers().fingerprints());
    assert_eq!(made.peppers().fingerprints().into_keys().collect::<Vec<_>>(), [1]);
    assert_eq!(made.jwt_key(), read.jwt_key());
    assert_eq!(made.jwt_key().len(), 64);
    assert_eq!(fs::read_dir(&directory).unwrap().count(), 1, "nothing else is left in the directory");

    let other = tempfile::tempdir().unwrap();
    let other = Keyring::open_or_create(&path(&other), true).unwrap();
    assert_ne!(made.jwt_key(), other.jwt_key());
    assert_ne!(made.peppers().fingerprints(), other.peppers().fingerprints());
}

#[test]
fn of_many_that_are_made_at_once_one_remains_for_all() {
    let directory = tempfile::tempdir().unwrap();
    let path = path(&directory);
    for _ in 0..20 {
        let barrier = std::sync::Barrier::new(8);
        let open = || {
            barrier.wait();
            Keyring::open_or_create(&path, true).unwrap().peppers().fingerprints()
        };
        let found: Vec<_> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(open)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        let kept = Keyring::open_or_create(&path, false).unwrap().peppers().fingerprints();
        assert!(found.iter().all(|fingerprints| *fingerprints == kept), "nobody holds a pepper that is lost");
        assert_eq!(fs::read_dir(&directory).unwrap().count(), 1, "nothing else is left in the directory");
        fs::remove_file(&path).unwrap();
    }
}

#[test]
fn a_missing_keyring_is_not_made_where_keys_depend_on_it() {
    let directory = tempfile::tempdir().unwrap();
    let missing = Keyring::open_or_create(&path(&directory), false).err().unwrap();
    assert!(missing.to_string().contains("restore the file"), "{missing}");
    assert!(!path(&directory).exists());
}

#[cfg(unix)]
#[test]
fn a_keyring_is_for_its_owner_only() {
    use std::os::unix::fs::PermissionsExt;

    let directory = tempfile::tempdir().unwrap();
    let path = path(&directory);
    Keyring::open_or_create(&path, true).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o7777, 0o600);
    for mode in [0o604, 0o640, 0o644, 0o660, 0o610] {
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        let refused = error(&path).to_string();
        assert!(refused.contains(&format!("chmod 600 {}", path.display())), "{refused}");
    }
    fs::set_permissions(&path, fs::Permissions::from_mode(0o400)).unwrap();
    assert!(Keyring::open_or_create(&path, true).is_ok());
}

#[cfg(unix)]
#[test]
fn what_cannot_be_read_is_not_replaced() {
    let directory = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(directory.path().join("not mounted"), path(&directory)).unwrap();
    assert!(matches!(error(&path(&directory)), KeyringError::Unreadable { .. }));
    assert!(path(&directory).is_symlink());

    let in_the_way = directory.path().join("directory");
    fs::create_dir(&in_the_way).unwrap();
    assert!(matches!(error(&in_the_way), KeyringError::TooOpen { .. } | KeyringError::Unreadable { .. }));
    assert!(in_the_way.is_dir());
}

#[test]
fn without_a_directory_nothing_is_made() {
    let directory = tempfile::tempdir().unwrap();
    assert!(matches!(error(&directory.path().join("nowhere/keyring.json")), KeyringError::NotMade { .. }));
    assert_eq!(fs::read_dir(&directory).unwrap().count(), 0);
}

#[test]
fn a_damaged_keyring_is_refused_and_kept() {
    let directory = tempfile::tempdir().unwrap();
    let path = path(&directory);
    Keyring::open_or_create(&path, true).unwrap();
    let text = fs::read_to_string(&path).unwrap();
    let good: Value = serde_json::from_str(&text).unwrap();
    let with = |name: &str, value: Value| {
        let mut changed = good.clone();
        changed[name] = value;
        changed.to_string()
    };
    let damaged = [
        String::new(),
        text[..text.len() / 2].to_owned(),
        "{}".to_owned(),
        with("peppers", json!({})),
        with("peppers", json!({"1": "c2hvcnQ="})),
        with("peppers", json!({"one": good["peppers"]["1"]})),
        with("peppers", good["jwt_key"].clone()),
        with("jwt_key", good["peppers"]["1"].clone()),
        with("jwt_key", json!(7)),
        with("unknown", json!(1)),
        "x".repeat((1 << 20) + 1),
    ];
    for text in damaged {
        place(&path, &text);
        let refused = error(&path);
        assert!(matches!(refused, KeyringError::Malformed { .. }), "{refused}");
        assert!(!refused.to_string().contains(good["jwt_key"].as_str().unwrap()), "a secret in {refused}");
        assert_eq!(fs::read_to_string(&path).unwrap(), text);
    }
    place(&path, [0xff, 0xfe]);
    assert!(matches!(error(&path), KeyringError::Malformed { .. }));
}

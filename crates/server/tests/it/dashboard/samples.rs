//! The files of `samples/`: each is on the pages, whole, where somebody looks for it.

use std::fs;
use std::path::{Path, PathBuf};

use super::browser::{Browser, value_of};
use super::docs::unescaped;
use crate::support::{Cred, Server};

/// Each operation that has samples, by the name of their files, and where it is in the reference.
const OPERATIONS: [(&str, &str, &str); 5] = [
    ("list-policies", "policies", "policies-list"),
    ("list-permissions", "permissions", "permissions-list"),
    ("create-key", "keys", "keys-create"),
    ("verify-key", "verification", "verification-verify"),
    ("whoami", "whoami", "whoami"),
];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../samples")
}

fn below(folder: &Path) -> Vec<PathBuf> {
    fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect()
}

/// The text of each language's file of this name.
fn files(name: &str) -> Vec<String> {
    let all = below(&folder()).into_iter().filter(|path| path.is_dir()).flat_map(|language| below(&language));
    all.filter(|file| file.file_stem().unwrap() == name).map(|file| fs::read_to_string(file).unwrap()).collect()
}

#[test]
fn every_language_has_every_operation_and_nothing_else() {
    let mut expected = OPERATIONS.map(|(name, ..)| name.to_owned());
    expected.sort();
    let languages: Vec<PathBuf> = below(&folder()).into_iter().filter(|path| path.is_dir()).collect();
    assert_eq!(languages.len(), 11, "{languages:?}");
    for language in languages {
        let mut names: Vec<_> = below(&language).iter().map(|file| file.file_stem().unwrap().to_str().unwrap().to_owned()).collect();
        names.sort();
        assert_eq!(names, expected, "{}", language.display());
    }
}

#[tokio::test]
async fn every_sample_stands_whole_beside_its_operation_and_nowhere_else_in_the_reference() {
    let server = Server::start().await.restart_with(|config| config.public_url = Some("https://keys.example.org".to_owned())).await;
    for (name, tag, anchor) in OPERATIONS {
        let page = Browser::new(&server).get(&format!("/docs/{tag}")).await.text;
        let (before, operation) = page.split_once(&format!("<section class=\"operation\" id=\"{anchor}\"")).unwrap();
        let (operation, after) = operation.split_once("<section ").unwrap_or((operation, ""));
        assert!(!before.contains("class=\"samples\"") && !after.contains("class=\"samples\""), "{tag}");
        assert_eq!(operation.matches("<summary>").count(), 11, "{anchor}");
        let operation = unescaped(operation);
        assert!(operation.contains("export KEYBEARER_URL='https://keys.example.org'\n"), "{operation}");
        for file in files(name) {
            assert!(operation.contains(&file), "{anchor} does not show:\n{file}");
        }
    }
}

#[tokio::test]
async fn a_new_key_comes_with_programs_that_do_not_hold_it() {
    let server = Server::start().await;
    let mut browser = Browser::signed_in(&server, "admin").await;
    let page = browser.new_key("laptop", "1").await.text;
    let (token, secret) = (value_of(&page, "token"), value_of(&page, "pair-secret"));
    let shown = unescaped(&page);
    for file in files("whoami") {
        assert!(shown.contains(&file), "{file}");
    }
    assert!(
        shown.contains(&format!("export KEYBEARER_URL='{}'\nread -rs KEYBEARER_TOKEN; export KEYBEARER_TOKEN", server.url(""))),
        "{shown}"
    );
    // The field, and the command to try it.
    assert_eq!((shown.matches(&token).count(), shown.matches(&secret).count()), (2, 1));
    server.get("/v1/whoami", &Cred::Bearer(token)).await.expect(200);
}

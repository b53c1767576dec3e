//! The suite itself: it leaves out no verb and no error.

use std::fs;
use std::path::Path;

/// Files that are no tests.
const FIXTURES: [&str; 6] = ["main.rs", "cluster.rs", "world.rs", "image.rs", "check.rs", "complete.rs"];

fn read(file: &Path) -> String {
    fs::read_to_string(file).unwrap()
}

fn files_of(folder: &str) -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut folders = vec![folder];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            match path.extension() {
                None => folders.push(path),
                Some(extension) if extension == "rs" => files.push((path.file_name().unwrap().to_str().unwrap().to_owned(), read(&path))),
                Some(_) => {}
            }
        }
    }
    files
}

/// All tests, without white space, so that a call broken over two lines is found.
fn tests() -> String {
    let tests = files_of("tests/contract").into_iter().filter(|(name, _)| !FIXTURES.contains(&name.as_str()));
    tests.map(|(_, text)| text.split_whitespace().collect::<String>()).collect()
}

#[test]
fn every_verb_is_asked_by_a_test() {
    let sources = files_of("src");
    let traits = sources.iter().flat_map(|(_, text)| text.split("pub trait ").skip(1).filter_map(|rest| rest.split("\n}").next()));
    let verbs: Vec<&str> = traits.flat_map(|body| body.split("async fn ").skip(1)).filter_map(|rest| rest.split('(').next()).collect();
    assert!(verbs.len() >= 30, "the traits were not read well: {verbs:?}");
    let tests = tests();
    let untested: Vec<&&str> = verbs.iter().filter(|verb| !tests.contains(&format!("store.{verb}("))).collect();
    assert!(untested.is_empty(), "verbs that no test asks: {untested:?}");
}

#[test]
fn every_error_is_met_by_a_test() {
    let source = read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/error.rs"));
    let body = source.split("pub enum StoreError {").nth(1).unwrap().split("\n}").next().unwrap();
    let variants: Vec<&str> = body
        .lines()
        .filter_map(|line| line.strip_prefix("    "))
        .filter(|line| line.starts_with(|c: char| c.is_ascii_uppercase()))
        .filter_map(|line| line.split(|c: char| !c.is_ascii_alphanumeric()).next())
        .collect();
    assert!(variants.len() >= 19, "the errors were not read well: {variants:?}");
    let tests = tests();
    let unmet: Vec<&&str> = variants.iter().filter(|variant| !tests.contains(&format!("StoreError::{variant}"))).collect();
    assert!(unmet.is_empty(), "errors that no test meets: {unmet:?}");
}

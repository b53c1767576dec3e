use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use fluent_syntax::ast::{Expression, InlineExpression, Pattern};
use fluent_syntax::parser::parse;

use super::*;

/// The variables of each message of a language.
fn messages(language: Language) -> BTreeMap<String, BTreeSet<String>> {
    let parsed = parse(source(language)).unwrap_or_else(|(_, errors)| panic!("{language:?}: {errors:?}"));
    let mut messages = BTreeMap::new();
    for entry in parsed.body {
        let Entry::Message(message) = entry else { continue };
        let mut variables = BTreeSet::new();
        gather(message.value.as_ref().unwrap_or_else(|| panic!("{} has no text", message.id.name)), &mut variables);
        let twice = messages.insert(message.id.name.to_owned(), variables);
        assert!(twice.is_none(), "{language:?}: {} stands twice", message.id.name);
    }
    messages
}

fn gather(pattern: &Pattern<&str>, variables: &mut BTreeSet<String>) {
    let mut note = |inline: &InlineExpression<&str>| {
        if let InlineExpression::VariableReference { id } = inline {
            variables.insert(id.name.to_owned());
        }
    };
    let mut deeper = Vec::new();
    for element in &pattern.elements {
        match element {
            PatternElement::Placeable { expression: Expression::Inline(inline) } => note(inline),
            PatternElement::Placeable { expression: Expression::Select { selector, variants } } => {
                note(selector);
                deeper.extend(variants.iter().map(|variant| &variant.value));
            }
            PatternElement::TextElement { .. } => {}
        }
    }
    deeper.into_iter().for_each(|pattern| gather(pattern, variables));
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { files(&path, found) } else { found.push(path) }
    }
}

/// A message that a template or a page asks for: its id, and the names of the facts where they stand beside it.
fn asked_for() -> BTreeMap<String, BTreeSet<String>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = vec![root.join("src/http/dashboard.rs")];
    files(&root.join("src/http/dashboard"), &mut found);
    files(&root.join("templates"), &mut found);
    let mut asked: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for file in found.iter().filter(|file| !file.ends_with("texts/tests.rs")) {
        let text = fs::read_to_string(file).unwrap();
        for (call, facts) in [(".t(\"", 0), (".html(\"", 0), (".t1(\"", 1), (".t2(\"", 2), ("msg(\"", 0)] {
            for after in text.split(call).skip(1) {
                let mut words = after.split('"');
                let id = words.next().unwrap().to_owned();
                let names = words.skip(1).step_by(2).take(facts).map(str::to_owned);
                asked.entry(id).or_default().extend(names);
            }
        }
    }
    asked
}

#[test]
fn both_languages_have_the_same_messages_with_the_same_variables() {
    assert_eq!(messages(Language::English), messages(Language::German));
}

#[test]
fn every_message_that_is_asked_for_exists_and_none_is_of_no_use() {
    let (written, asked) = (messages(Language::English), asked_for());
    let missing: Vec<_> = asked.keys().filter(|id| !written.contains_key(*id)).collect();
    assert!(missing.is_empty(), "no such messages: {missing:?}");
    let idle: Vec<_> = written.keys().filter(|id| !asked.contains_key(*id)).collect();
    assert!(idle.is_empty(), "nothing asks for these messages: {idle:?}");
    for (id, facts) in asked.iter().filter(|(_, facts)| !facts.is_empty()) {
        let unknown: Vec<_> = written[id].difference(facts).collect();
        assert!(unknown.is_empty(), "{id} has variables that nobody fills in: {unknown:?}");
    }
}

#[test]
fn german_is_not_english() {
    let same = ["name", "theme-system", "token", "kind-account"];
    for id in messages(Language::English).keys().filter(|id| !same.contains(&id.as_str())) {
        assert_ne!(text(Language::English, id, &[]), text(Language::German, id, &[]), "{id}");
    }
}

#[test]
fn numbers_and_names_are_filled_in() {
    let count = |number: usize| text(Language::German, "in-days", &[("count", number.value())]);
    assert_eq!((count(1), count(2)), ("in 1 Tag".to_owned(), "in 2 Tagen".to_owned()));
    let welcome = |name: &str| text(Language::English, "setup-welcome", &[("name", name.value())]);
    assert_eq!(welcome("Ada"), "Welcome, Ada");
    assert_eq!(welcome("\u{202e}nimda"), "Welcome, \u{2068}\u{202e}nimda\u{2069}");
}

#[test]
fn what_is_kept_reads_as_fluent_writes_it() {
    for language in Language::ALL {
        for (id, _) in messages(language).iter().filter(|(_, variables)| variables.is_empty()) {
            assert_eq!(plain(language, id), text(language, id, &[]), "{id}");
            let unescaped = ["&#60;<", "&#62;>", "&#34;\"", "&#39;'", "&#38;&"];
            let html = html(language, id).to_string();
            let read = unescaped.iter().fold(html, |html, pair| html.replace(&pair[..5], &pair[5..]));
            assert_eq!(read, plain(language, id), "{id}");
        }
        for id in COUNTED {
            for count in [0, 1, 2, 21, 1, 399, 400, 1_000_000, -1] {
                assert_eq!(counted(language, id, count), text(language, id, &[("count", count.value())]), "{id} {count}");
            }
        }
    }
}

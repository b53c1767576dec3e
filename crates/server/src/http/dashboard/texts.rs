//! The texts of the pages: message files of Fluent, one for each language, compiled in.

use std::fmt::Write as _;
use std::sync::LazyLock;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use unic_langid::LanguageIdentifier;

use crate::language::Language;

static ENGLISH: LazyLock<FluentBundle<FluentResource>> = LazyLock::new(|| bundle(Language::English));
static GERMAN: LazyLock<FluentBundle<FluentResource>> = LazyLock::new(|| bundle(Language::German));

/// The message file of a language.
pub(super) fn source(language: Language) -> &'static str {
    match language {
        Language::English => include_str!("../../../locales/en.ftl"),
        Language::German => include_str!("../../../locales/de.ftl"),
    }
}

fn bundle(language: Language) -> FluentBundle<FluentResource> {
    let identifier: LanguageIdentifier = language.code().parse().expect("the code of a language is one");
    let mut bundle = FluentBundle::new_concurrent(vec![identifier]);
    // Marks around every value would be in the way of whoever copies them; `Fact` sets them where a name needs them.
    bundle.set_use_isolating(false);
    let resource = FluentResource::try_new(source(language).to_owned()).unwrap_or_else(|(_, errors)| panic!("{language:?}: {errors:?}"));
    bundle.add_resource(resource).unwrap_or_else(|errors| panic!("{language:?}: {errors:?}"));
    bundle
}

fn of(language: Language) -> &'static FluentBundle<FluentResource> {
    match language {
        Language::English => &ENGLISH,
        Language::German => &GERMAN,
    }
}

/// A message in a language, without variables, as most are. A test holds the ids against both files.
pub(super) fn plain(language: Language, id: &str) -> String {
    let bundle = of(language);
    let Some(pattern) = bundle.get_message(id).and_then(|message| message.value()) else {
        return id.to_owned();
    };
    bundle.format_pattern(pattern, None, &mut Vec::new()).into_owned()
}

/// A message in a language, its variables filled in.
pub(super) fn text(language: Language, id: &str, facts: &[(&'static str, FluentValue<'_>)]) -> String {
    let bundle = of(language);
    let Some(pattern) = bundle.get_message(id).and_then(|message| message.value()) else {
        return id.to_owned();
    };
    let mut arguments = FluentArgs::with_capacity(facts.len());
    for (name, value) in facts {
        arguments.set(*name, value.clone());
    }
    bundle.format_pattern(pattern, Some(&arguments), &mut Vec::new()).into_owned()
}

/// Marks an id that is not written where it is used, so that the test of the messages finds it.
pub(super) const fn msg(id: &'static str) -> &'static str {
    id
}

/// What can stand in a message.
pub(super) trait Fact {
    /// As Fluent takes it.
    fn value(&self) -> FluentValue<'static>;
}

impl Fact for str {
    fn value(&self) -> FluentValue<'static> {
        let mut text = String::with_capacity(self.len());
        // Text that runs from right to left, or says that it does, must not turn the sentence around it.
        if self.chars().any(turns) {
            let _ = write!(text, "\u{2068}{self}\u{2069}");
        } else {
            text.push_str(self);
        }
        text.into()
    }
}

fn turns(character: char) -> bool {
    matches!(character, '\u{590}'..='\u{8ff}' | '\u{200e}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
        | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{feff}' | '\u{10800}'..='\u{10fff}' | '\u{1e800}'..='\u{1efff}')
}

impl Fact for String {
    fn value(&self) -> FluentValue<'static> {
        self.as_str().value()
    }
}

macro_rules! numbers {
    ($($number:ty),*) => { $(
        impl Fact for $number {
            fn value(&self) -> FluentValue<'static> {
                (*self).into()
            }
        }
    )* };
}

numbers!(u8, u32, i64, u64, usize);

impl<T: Fact + ?Sized> Fact for &T {
    fn value(&self) -> FluentValue<'static> {
        (**self).value()
    }
}

#[cfg(test)]
mod tests;

//! The texts of the pages: message files of Fluent, one for each language, compiled in.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt::{self, Write as _};
use std::sync::{LazyLock, OnceLock};

use askama::{FastWritable, Values, filters};
use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use fluent_syntax::ast::{Entry, Message, PatternElement};
use fluent_syntax::parser;
use foldhash::fast::RandomState;
use unic_langid::LanguageIdentifier;

use crate::language::Language;

static ENGLISH: LazyLock<Messages> = LazyLock::new(|| Messages::of(Language::English));
static GERMAN: LazyLock<Messages> = LazyLock::new(|| Messages::of(Language::German));

/// A message that stands as it is, and the same as HTML.
struct Plain {
    text: String,
    html: String,
}

impl Plain {
    fn of(text: &str) -> Self {
        let Ok(html) = filters::escape(text, filters::Html);
        Self { text: text.to_owned(), html: html.to_string() }
    }
}

/// A message as HTML.
#[derive(Clone, Copy)]
pub(super) struct Html(&'static str);

impl fmt::Display for Html {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl FastWritable for Html {
    fn write_into(&self, to: &mut dyn fmt::Write, _: &dyn Values) -> askama::Result<()> {
        Ok(to.write_str(self.0)?)
    }
}

impl filters::HtmlSafe for Html {}

/// How many counts of a message are kept, from nought up: the days of a year, and some more.
const COUNTS: usize = 400;

/// The messages of a language.
struct Messages {
    bundle: FluentBundle<FluentResource>,
    /// Those that stand as they are. A page has hundreds of them, and Fluent writes each of them anew.
    plain: HashMap<String, Plain, RandomState>,
    /// Those of [`COUNTED`], each with every count that was told.
    counted: Vec<Vec<OnceLock<String>>>,
}

/// The messages that lists say of each row, with no other fact than a count.
const COUNTED: [&str; 6] = ["in-days", "in-hours", "in-minutes", "days-ago", "hours-ago", "minutes-ago"];

impl Messages {
    fn of(language: Language) -> Self {
        let parsed = parser::parse(source(language)).unwrap_or_else(|(_, errors)| panic!("{language:?}: {errors:?}"));
        let plain = parsed.body.into_iter().filter_map(|entry| match entry {
            Entry::Message(Message { id, value: Some(pattern), .. }) => match &*pattern.elements {
                [PatternElement::TextElement { value }] => Some((id.name.to_owned(), Plain::of(value))),
                _ => None,
            },
            _ => None,
        });
        let counted = COUNTED.map(|_| vec![OnceLock::new(); COUNTS]).into();
        Self { bundle: bundle(language), plain: plain.collect(), counted }
    }
}

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

fn of(language: Language) -> &'static Messages {
    match language {
        Language::English => &ENGLISH,
        Language::German => &GERMAN,
    }
}

/// A message in a language, without variables, as most are. A test holds the ids against both files.
pub(super) fn plain(language: Language, id: &str) -> Cow<'static, str> {
    match of(language).plain.get(id) {
        Some(plain) => Cow::Borrowed(&plain.text),
        // What stands on several lines, or is none.
        None => text(language, id, &[]).into(),
    }
}

/// As [`plain`], as HTML, for what lists say of each row.
pub(super) fn html(language: Language, id: &str) -> Html {
    Html(of(language).plain.get(id).map_or("", |plain| &plain.html))
}

/// A message in a language that has no variable but `count`.
pub(super) fn counted(language: Language, id: &str, count: i64) -> Cow<'static, str> {
    let write = || text(language, id, &[("count", count.value())]);
    let message = COUNTED.iter().zip(&of(language).counted).find(|(one, _)| **one == id).map(|(_, counts)| counts);
    match message.zip(usize::try_from(count).ok()).and_then(|(counts, count)| counts.get(count)) {
        Some(told) => Cow::Borrowed(told.get_or_init(write)),
        None => write().into(),
    }
}

/// A message in a language, its variables filled in.
pub(super) fn text(language: Language, id: &str, facts: &[(&'static str, FluentValue<'_>)]) -> String {
    let bundle = &of(language).bundle;
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

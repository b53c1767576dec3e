//! The form of a gate: what it requires, its rules as rows, where it looks for a key, and what it tells.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use keybearer_core::gate::{Carrier, Gate, IdentityHeader, MAX_RULES};
use keybearer_core::key::KeyKind;
use keybearer_core::role::Level;
use keybearer_store::{GateText, NamedGate};

use super::fields::Fields;
use super::levels::{self, LevelName};
use super::visit::Visit;
use crate::error::{AppError, FieldError};
use crate::ops;
use crate::ops::gates::{GateParts, RuleParts};
use crate::ops::verify::RequirementParts;

/// How many empty rows stand below those that are filled in.
const EMPTY_ROWS: usize = 3;

#[derive(Template)]
#[template(path = "gate_form.html")]
struct Page<'a> {
    visit: &'a Visit,
    fields: &'a Fields,
    levels: Vec<LevelName>,
    own: Names,
    rows: Vec<Row>,
    carriers: Vec<Choice>,
    headers: Vec<Choice>,
    /// The gate as it is; `None` while there is none.
    gate: Option<&'a NamedGate>,
}

/// What the fields of a requirement are called.
struct Names {
    any_of: String,
    all_of: String,
    level: String,
    kind: String,
}

impl Names {
    fn below(at: &str) -> Self {
        let name = |field: &str| format!("{at}{field}");
        Self { any_of: name("any_of"), all_of: name("all_of"), level: name("level"), kind: name("kind") }
    }
}

/// What the fields of a rule are called.
struct Row {
    number: usize,
    at: String,
    methods: String,
    path: String,
    needs: Names,
}

impl Row {
    fn new(place: usize) -> Self {
        let at = format!("rules-{place}");
        let needs = Names::below(&format!("{at}-"));
        Self { number: place + 1, methods: format!("{at}-methods"), path: format!("{at}-path"), at, needs }
    }

    fn is_filled(&self, fields: &Fields) -> bool {
        let Names { any_of, all_of, level, kind } = &self.needs;
        [&self.methods, &self.path, any_of, all_of, level, kind].iter().any(|name| !fields.value(name).trim().is_empty())
    }
}

struct Choice {
    value: &'static str,
    chosen: bool,
}

fn rows() -> impl Iterator<Item = Row> {
    (0..MAX_RULES).map(Row::new)
}

/// The fields of a new gate.
pub(super) fn empty() -> Fields {
    let carriers = Carrier::ALL.map(|carrier| ("carriers", carrier.as_str()));
    let headers = IdentityHeader::ALL.map(|header| ("headers", header.as_str()));
    Fields::of(&[carriers, headers].concat())
}

/// The fields of a gate as it is.
pub(super) fn filled(named: &NamedGate) -> Fields {
    let text = GateText::from(&named.gate);
    let mut values: Vec<(String, String)> = Vec::new();
    let mut requirement = |names: Names, (any_of, all_of, level, kind): (&[String], &[String], Option<u8>, Option<KeyKind>)| {
        values.push((names.any_of, any_of.join(" ")));
        values.push((names.all_of, all_of.join(" ")));
        values.push((names.level, level.map(|level| level.to_string()).unwrap_or_default()));
        values.push((names.kind, kind.map_or("", KeyKind::as_str).to_owned()));
    };
    requirement(Names::below(""), (&text.any_of, &text.all_of, text.level, text.kind));
    for (row, rule) in rows().zip(&text.rules) {
        requirement(row.needs, (&rule.any_of, &rule.all_of, rule.level, rule.kind));
    }
    for (row, rule) in rows().zip(&text.rules) {
        values.push((row.methods, rule.methods.join(" ")));
        // A rule for everything has to hold something, or the row would be empty.
        let path = rule.path.clone().unwrap_or_else(|| if rule.methods.is_empty() { ANYWHERE.to_owned() } else { String::new() });
        values.push((row.path, path));
    }
    values.extend(text.carriers.iter().map(|carrier| ("carriers".to_owned(), carrier.as_str().to_owned())));
    values.extend(text.headers.iter().map(|header| ("headers".to_owned(), header.as_str().to_owned())));
    let values: Vec<(&str, &str)> = values.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    Fields::of(&values)
}

/// What a row says in place of a path, where the rule stands for every path, known or not.
const ANYWHERE: &str = "*";

/// The form with these values: for a new gate, or for the one that there is.
///
/// # Errors
/// [`AppError::Refused`] below level 8.
pub(super) fn show(visit: &Visit, status: StatusCode, fields: &Fields, gate: Option<&NamedGate>) -> Result<Response, AppError> {
    visit.admin()?;
    let used = rows().filter(|row| row.is_filled(fields)).map(|row| row.number).max().unwrap_or(0);
    let chosen = |name: &str, value: &'static str| Choice { value, chosen: fields.all(name).any(|one| one == value) };
    let page = Page {
        visit,
        fields,
        levels: Level::all().map(|level| levels::name(visit, level)).collect(),
        own: Names::below(""),
        rows: rows().take(used + EMPTY_ROWS).collect(),
        carriers: Carrier::ALL.map(|carrier| chosen("carriers", carrier.as_str())).into(),
        headers: IdentityHeader::ALL.map(|header| chosen("headers", header.as_str())).into(),
        gate,
    };
    visit.page(status, &page)
}

/// What somebody typed as a requirement, in words.
struct Typed {
    any_of: Vec<String>,
    all_of: Vec<String>,
    level: Option<i64>,
    kind: Option<KeyKind>,
}

fn words(text: &str) -> Vec<String> {
    text.split([' ', ',', ';', '\t', '\n']).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

impl Typed {
    /// What stands there and means nothing is wrong, and not nothing: a requirement less would let more pass.
    fn read(fields: &Fields, names: &Names) -> Result<Self, AppError> {
        let kind = match fields.value(&names.kind) {
            "" => None,
            text => {
                let kind = [KeyKind::Account, KeyKind::Service].into_iter().find(|kind| kind.as_str() == text);
                Some(kind.ok_or_else(|| AppError::invalid(&names.kind, "must be account or service".to_owned()))?)
            }
        };
        Ok(Self {
            any_of: words(fields.value(&names.any_of)),
            all_of: words(fields.value(&names.all_of)),
            // What is no number is no level either, and is refused where levels are.
            level: Some(fields.value(&names.level).trim()).filter(|text| !text.is_empty()).map(|text| text.parse().unwrap_or(-1)),
            kind,
        })
    }

    fn parts(&self) -> RequirementParts<'_> {
        RequirementParts { any_of: &self.any_of, all_of: &self.all_of, level: self.level, kind: self.kind }
    }
}

/// The gate that was typed. Rows with nothing in them are no rules.
///
/// # Errors
/// [`AppError::Invalid`] with the names of fields for pointers.
pub(super) fn typed(fields: &Fields) -> Result<Gate, AppError> {
    let used: Vec<Row> = rows().filter(|row| row.is_filled(fields)).collect();
    let own = Typed::read(fields, &Names::below(""))?;
    let rules = used.iter().map(|row| {
        let path = Some(fields.value(&row.path).trim()).filter(|path| !path.is_empty() && *path != ANYWHERE);
        Ok((words(&fields.value(&row.methods).to_ascii_uppercase()), path, Typed::read(fields, &row.needs)?))
    });
    let rules: Vec<(Vec<String>, Option<&str>, Typed)> = rules.collect::<Result<_, AppError>>()?;
    let chosen = |name: &str, value: &str| fields.all(name).any(|one| one == value);
    let parts = GateParts {
        requirement: own.parts(),
        rules: rules.iter().map(|(methods, path, needs)| RuleParts { methods, path: *path, requirement: needs.parts() }).collect(),
        carriers: Some(Carrier::ALL.into_iter().filter(|carrier| chosen("carriers", carrier.as_str())).collect()),
        headers: Some(IdentityHeader::ALL.into_iter().filter(|header| chosen("headers", header.as_str())).collect()),
    };
    ops::gates::meant(parts).map_err(|error| match error {
        AppError::Invalid(errors) => AppError::Invalid(errors.into_iter().map(|error| at_field(error, &used)).collect()),
        error => error,
    })
}

/// An error at the field that the person sees: the one in row 4 may be about the second rule.
fn at_field(error: FieldError, used: &[Row]) -> FieldError {
    let mut parts = error.pointer.trim_start_matches('/').split('/');
    let pointer = match (parts.next(), parts.next().and_then(|place| place.parse::<usize>().ok()), parts.next()) {
        (Some("rules"), Some(place), field) => match (used.get(place), field) {
            (Some(row), Some(field)) => format!("{}-{field}", row.at),
            (Some(row), None) => row.path.clone(),
            (None, _) => String::new(),
        },
        (Some(field), _, _) => field.to_owned(),
        (None, _, _) => String::new(),
    };
    FieldError { pointer, ..error }
}

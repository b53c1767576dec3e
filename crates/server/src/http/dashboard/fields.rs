//! What a form sent, and what was wrong with it.

use super::visit::Visit;
use super::wording;
use crate::error::AppError;

/// Fields by name, in their order. No `Debug`: they may hold passwords.
#[derive(Clone, Default)]
pub(super) struct Fields {
    values: Vec<(String, String)>,
    problems: Vec<Problem>,
}

/// Something wrong, with one field or with all.
#[derive(Clone)]
pub(super) struct Problem {
    /// The name of the field; empty where it is none in particular.
    pub(super) field: String,
    /// In the person's language.
    pub(super) text: String,
}

impl Fields {
    /// Reads what browsers send: `application/x-www-form-urlencoded`.
    pub(super) fn read(bytes: &[u8]) -> Self {
        Self { values: form_urlencoded::parse(bytes).into_owned().collect(), problems: Vec::new() }
    }

    /// A form that begins with these values.
    pub(super) fn of(values: &[(&str, &str)]) -> Self {
        let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        Self { values: values.iter().map(own).collect(), problems: Vec::new() }
    }

    /// The value of a field; empty where it was not sent.
    pub(super) fn value(&self, name: &str) -> &str {
        self.values.iter().find(|(one, _)| one == name).map_or("", |(_, value)| value)
    }

    /// All fields, as they were sent.
    pub(super) fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.values.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// All values of a field that may be sent several times.
    pub(super) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.values.iter().filter(move |(one, _)| one == name).map(|(_, value)| value.as_str())
    }

    /// Whether these fields were sent, each once, and no other.
    pub(super) fn are_exactly(&self, names: &[&str]) -> bool {
        self.values.len() == names.len() && names.iter().all(|name| self.all(name).count() == 1)
    }

    /// Takes what was sent in a field out of the form, so that it is not shown again.
    pub(super) fn clear(&mut self, name: &str) {
        self.values.retain(|(one, _)| one != name);
    }

    /// Puts a value into a field in place of all that was sent.
    pub(super) fn set(&mut self, name: &str, value: &str) {
        self.clear(name);
        self.values.push((name.to_owned(), value.to_owned()));
    }

    /// Notes that something is wrong with a field.
    pub(super) fn blame(&mut self, field: &str, text: String) {
        self.problems.push(Problem { field: field.to_owned(), text });
    }

    /// What is wrong.
    pub(super) fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// What is wrong with a field.
    pub(super) fn problem(&self, field: &str) -> Option<&str> {
        self.problems.iter().find(|problem| problem.field == field).map(|problem| problem.text.as_str())
    }

    /// Whether any of these fields was filled in, or is wrong.
    pub(super) fn concern(&self, names: &[&str]) -> bool {
        names.iter().any(|name| !self.value(name).is_empty() || self.problem(name).is_some())
    }

    /// Notes why an operation did not do what the form asked, if that is for the person to mend. Returns the status of the form that is shown
    /// again.
    ///
    /// # Errors
    /// The error itself where the form cannot mend it.
    pub(super) fn refused(&mut self, visit: &Visit, error: AppError) -> Result<axum::http::StatusCode, AppError> {
        let (status, problems) = wording::problems(visit, error)?;
        self.problems.extend(problems);
        Ok(status)
    }
}

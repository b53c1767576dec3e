//! One operation as the pages show it, with a call to begin from.

use std::collections::BTreeMap;

use super::document::{self, Parameter, Response};
use super::example;
use super::fields::{self, Field, Within};
use super::markdown;
use super::reference::{self, Content, Failure};
use super::schemas::Schemas;
use crate::http::dashboard::samples::{self, Sample};
use crate::http::dashboard::shell::quoted;

pub(super) struct Operation {
    pub(super) anchor: String,
    pub(super) method: &'static str,
    pub(super) path: String,
    /// HTML.
    pub(super) summary: String,
    /// HTML.
    pub(super) text: String,
    pub(super) access: Access,
    pub(super) parameters: Vec<Field>,
    pub(super) body: Option<Content>,
    pub(super) is_body_required: bool,
    pub(super) answers: Vec<Answer>,
    /// Whether it fails as operations commonly do.
    pub(super) fails_as_usual: bool,
    /// How it fails otherwise.
    pub(super) failures: Vec<Failure>,
    /// The path with something in its variable parts.
    example_path: String,
}

/// Whether a credential is needed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Access {
    Open,
    /// By a setting of the server.
    Either,
    Credential,
}

/// An answer that is no failure.
pub(super) struct Answer {
    pub(super) status: String,
    /// HTML.
    pub(super) text: String,
    pub(super) content: Option<Content>,
    /// As what else it can be had.
    pub(super) other_media: Vec<String>,
}

/// The tag under which an operation is shown.
pub(super) fn tag(operation: &document::Operation) -> &str {
    operation.tags.first().map_or("other", String::as_str)
}

pub(super) fn read(
    schemas: Schemas<'_>,
    path: &str,
    method: &'static str,
    operation: &document::Operation,
    common: &BTreeMap<&str, &Response>,
) -> Operation {
    let of_failures = operation.responses.iter().filter(|(status, _)| reference::is_failure(status));
    let failures: BTreeMap<&str, &Response> = of_failures.map(|(status, response)| (status.as_str(), response)).collect();
    let fails_as_usual = !failures.is_empty() && failures == *common;
    let others = failures.iter().filter(|_| !fails_as_usual).map(|(status, response)| reference::failure(status, response));
    let answers = operation.responses.iter().filter(|(status, _)| !reference::is_failure(status));
    let (body, is_body_required) = match operation.request_body.as_ref().and_then(|body| reference::request(schemas, body)) {
        Some((content, required)) => (Some(content), required),
        None => (None, false),
    };
    Operation {
        anchor: anchor(method, path, operation),
        method,
        path: path.to_owned(),
        summary: markdown::line(&operation.summary),
        text: markdown::paragraphs(&operation.description),
        access: access(operation),
        parameters: operation.parameters.iter().map(|parameter| field(schemas, parameter)).collect(),
        body,
        is_body_required,
        answers: answers.map(|(status, response)| answer(schemas, status, response)).collect(),
        fails_as_usual,
        failures: others.collect(),
        example_path: example_path(schemas, path, &operation.parameters),
    }
}

/// The name of the operation, else what names it as well.
fn anchor(method: &str, path: &str, operation: &document::Operation) -> String {
    let name = if operation.operation_id.is_empty() { format!("{method}{path}") } else { operation.operation_id.clone() };
    name.chars().map(|one| if one.is_ascii_alphanumeric() { one.to_ascii_lowercase() } else { '-' }).collect()
}

fn access(operation: &document::Operation) -> Access {
    let free = operation.security.iter().filter(|one| one.is_empty()).count();
    match (free, operation.security.len()) {
        (free, all) if free == all => Access::Open,
        (0, _) => Access::Credential,
        _ => Access::Either,
    }
}

fn field(schemas: Schemas<'_>, parameter: &Parameter) -> Field {
    Field {
        name: parameter.name.clone(),
        required: parameter.required,
        place: parameter.place.clone(),
        // That a parameter may be left out is said by its not being required.
        shape: fields::Shape { nullable: false, ..fields::shape(schemas, &parameter.schema, Within::Here) },
        text: markdown::line(&parameter.description),
    }
}

fn answer(schemas: Schemas<'_>, status: &str, response: &Response) -> Answer {
    Answer {
        status: status.to_owned(),
        text: markdown::line(&response.description),
        content: reference::body(schemas, &response.content, Within::Elsewhere),
        other_media: response.content.keys().skip(1).cloned().collect(),
    }
}

fn example_path(schemas: Schemas<'_>, path: &str, parameters: &[Parameter]) -> String {
    parameters.iter().filter(|parameter| parameter.place == "path").fold(path.to_owned(), |path, parameter| {
        let known = parameter.example.clone();
        let example = known.unwrap_or_else(|| example::in_path(schemas, &parameter.schema, &parameter.name));
        path.replace(&format!("{{{}}}", parameter.name), &example)
    })
}

impl Operation {
    /// How programs ask for it.
    pub(super) fn samples(&self) -> &'static [Sample] {
        samples::of(&self.anchor)
    }

    /// The class of its badge.
    pub(super) fn tone(&self) -> String {
        self.method.to_ascii_lowercase()
    }

    /// A call of this operation, for a shell.
    pub(super) fn command(&self, origin: &str) -> String {
        let mut command = String::from("curl ");
        if self.method != "GET" {
            command.push_str("-X ");
            command.push_str(self.method);
            command.push(' ');
        }
        command.push_str(&quoted(&format!("{origin}{}", self.example_path)));
        if self.access == Access::Credential {
            command.push_str(" \\\n  -H \"Authorization: Bearer $KEYBEARER_TOKEN\"");
        }
        if let Some(body) = &self.body {
            command.push_str(" \\\n  -H 'Content-Type: ");
            command.push_str(&body.media);
            command.push_str("' \\\n  -d ");
            command.push_str(&quoted(&body.example));
        }
        command
    }
}

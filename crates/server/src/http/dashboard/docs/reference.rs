//! The reference: the OpenAPI document as the pages show it, a section for each tag.

use std::collections::BTreeMap;

use super::document::{Body, Document, Media, Response, Schema, Tag};
use super::example;
use super::fields::{self, Field, Object, Within};
use super::markdown::{self, Text};
use super::operation::{self, Operation};
use super::schemas::Schemas;

/// All of it.
pub(super) struct Reference {
    pub(super) version: String,
    pub(super) about: Text,
    pub(super) schemes: Vec<Scheme>,
    pub(super) sections: Vec<Section>,
    /// What any operation may answer when it fails.
    pub(super) failures: Vec<Failure>,
    /// How a failure is worded.
    pub(super) problem: Option<Content>,
}

/// How a credential travels.
pub(super) struct Scheme {
    pub(super) header: String,
    /// HTML.
    pub(super) text: String,
}

/// All operations with a tag.
pub(super) struct Section {
    pub(super) tag: String,
    pub(super) title: String,
    /// HTML.
    pub(super) text: String,
    pub(super) operations: Vec<Operation>,
    /// The objects in their answers, each once.
    pub(super) objects: Vec<Described>,
}

/// An object by its name, with its fields.
pub(super) struct Described {
    pub(super) object: Object,
    /// HTML.
    pub(super) text: String,
    /// The objects whose fields it has as well.
    pub(super) bases: Vec<Object>,
    /// Its own.
    pub(super) fields: Vec<Field>,
}

/// A body, of a request or of an answer.
pub(super) struct Content {
    pub(super) media: String,
    pub(super) shape: fields::Shape,
    pub(super) fields: Vec<Field>,
    pub(super) example: String,
}

/// A status that says that something is wrong.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Failure {
    pub(super) status: String,
    /// HTML.
    pub(super) text: String,
}

impl Reference {
    /// Reads a document.
    ///
    /// # Errors
    /// What in it is no OpenAPI.
    pub(super) fn read(document: serde_json::Value) -> Result<Self, serde_json::Error> {
        let document: Document = serde_json::from_value(document)?;
        let schemas = Schemas(&document.components.schemas);
        let failures = common_failures(&document);
        let problem = document.components.schemas.get("Problem");
        Ok(Self {
            about: markdown::text(&document.info.description),
            schemes: document.components.security_schemes.values().map(scheme).collect(),
            sections: tags(&document).iter().map(|tag| section(&document, tag, &failures)).collect(),
            problem: problem.map(|schema| content(schemas, "application/problem+json", schema, Within::Here)),
            failures: failures.iter().map(|(status, response)| failure(status, response)).collect(),
            version: document.info.version.clone(),
        })
    }
}

fn scheme(scheme: &super::document::Scheme) -> Scheme {
    let header = match (scheme.kind.as_str(), scheme.scheme.as_str()) {
        ("http", "bearer") => "Authorization: Bearer TOKEN".to_owned(),
        ("http", "basic") => "Authorization: Basic BASE64(ID:SECRET)".to_owned(),
        ("http", other) => format!("Authorization: {other}"),
        _ => format!("{}: TOKEN", scheme.name),
    };
    Scheme { header, text: markdown::line(&scheme.description) }
}

/// The tags in the order of the document, and behind them those that it does not list.
fn tags(document: &Document) -> Vec<Tag> {
    let mut tags: Vec<Tag> = Vec::new();
    let listed = document.tags.iter().map(|tag| (tag.name.clone(), tag.description.clone()));
    let operations = document.paths.values().flat_map(|item| item.operations().map(|(_, operation)| operation));
    let used = operations.map(|operation| (operation::tag(operation).to_owned(), String::new()));
    for (name, description) in listed.chain(used) {
        if !tags.iter().any(|tag| tag.name == name) {
            tags.push(Tag { name, description });
        }
    }
    tags
}

fn section(document: &Document, tag: &Tag, common: &BTreeMap<&str, &Response>) -> Section {
    let schemas = Schemas(&document.components.schemas);
    let of_item = |(path, item): (&'_ String, &'_ super::document::Item)| -> Vec<Operation> {
        let of_tag = item.operations().filter(|(_, operation)| operation::tag(operation) == tag.name);
        of_tag.map(|(method, operation)| operation::read(schemas, path, method, operation, common)).collect()
    };
    let operations: Vec<Operation> = document.paths.iter().flat_map(of_item).collect();
    let answered = operations.iter().flat_map(|operation| &operation.answers).filter_map(|answer| answer.content.as_ref());
    let objects = objects(schemas, answered.filter_map(|content| content.shape.object.clone()).collect());
    let mut letters = tag.name.chars();
    let title = letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default();
    Section { tag: tag.name.clone(), title, text: markdown::line(&tag.description), operations, objects }
}

/// These objects, and those that they hold.
fn objects(schemas: Schemas<'_>, mut wanted: Vec<Object>) -> Vec<Described> {
    let mut described: Vec<Described> = Vec::new();
    let mut next = 0;
    while let Some(object) = wanted.get(next).cloned() {
        next += 1;
        let Some(schema) = schemas.0.get(&object.name).filter(|_| !described.iter().any(|one| one.object == object)) else {
            continue;
        };
        let bases: Vec<&Schema> = schema.all_of.iter().filter(|part| part.reference.is_some()).collect();
        let inherited: Vec<&str> = bases.iter().flat_map(|base| schemas.properties(schemas.meant(base).schema)).map(|one| one.0).collect();
        let mut fields = fields::rows(schemas, schema, Within::Elsewhere);
        fields.retain(|field| !inherited.contains(&field.name.as_str()));
        let bases: Vec<Object> = bases.into_iter().filter_map(|base| fields::shape(schemas, base, Within::Elsewhere).object).collect();
        wanted.extend(bases.iter().cloned().chain(fields.iter().filter_map(|field| field.shape.object.clone())));
        described.push(Described { object, text: markdown::line(&schema.description), bases, fields });
    }
    described
}

/// The body that is sent or answered, of the first of the media in which it may be.
pub(super) fn body(schemas: Schemas<'_>, content_of: &BTreeMap<String, Media>, within: Within) -> Option<Content> {
    content_of.iter().next().map(|(media, of)| content(schemas, media, &of.schema, within))
}

/// As [`body`], with whether it must be sent.
pub(super) fn request(schemas: Schemas<'_>, sent: &Body) -> Option<(Content, bool)> {
    body(schemas, &sent.content, Within::Here).map(|content| (content, sent.required))
}

fn content(schemas: Schemas<'_>, media: &str, schema: &Schema, within: Within) -> Content {
    let shape = fields::shape(schemas, schema, within);
    let fields = if shape.object.is_some() { Vec::new() } else { fields::rows(schemas, schema, within) };
    let example = if media.contains("json") { example::written(schemas, schema) } else { String::new() };
    Content { media: media.to_owned(), shape, fields, example }
}

/// Whether a status says that something is wrong.
pub(super) fn is_failure(status: &str) -> bool {
    !status.starts_with(['1', '2', '3'])
}

/// The failures that most operations share word for word: those of the operation that has the most.
fn common_failures(document: &Document) -> BTreeMap<&str, &Response> {
    let operations = document.paths.values().flat_map(|item| item.operations().map(|(_, operation)| operation));
    let of_one = operations.map(|operation| operation.responses.iter().filter(|(status, _)| is_failure(status)));
    of_one.map(|all| all.map(|(status, response)| (status.as_str(), response)).collect()).max_by_key(BTreeMap::len).unwrap_or_default()
}

pub(super) fn failure(status: &str, response: &Response) -> Failure {
    Failure { status: status.to_owned(), text: markdown::line(&response.description) }
}

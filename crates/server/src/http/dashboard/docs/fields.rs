//! A schema as rows of a table.

use super::document::Schema;
use super::markdown;
use super::schemas::{DEEPEST, Schemas};

/// One row.
pub(super) struct Field {
    /// Its name; one within another as `outer.inner`, one in each of a list as `list[].inner`.
    pub(super) name: String,
    pub(super) required: bool,
    /// Where it is sent, of parameters.
    pub(super) place: String,
    pub(super) shape: Shape,
    /// HTML.
    pub(super) text: String,
}

/// What a value may be.
#[derive(Default)]
pub(super) struct Shape {
    /// In words, such as `array of`.
    pub(super) words: String,
    /// An object that is described elsewhere on the page.
    pub(super) object: Option<Object>,
    pub(super) nullable: bool,
    /// What else is asked of it.
    pub(super) limits: Vec<String>,
    /// All that it may be.
    pub(super) values: Vec<String>,
    pub(super) pattern: Option<String>,
}

/// An object by its name.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Object {
    /// In the document.
    pub(super) name: String,
    /// For people.
    pub(super) label: String,
}

impl Object {
    pub(super) fn new(name: &str) -> Self {
        let label = name.split_once('_').map_or_else(|| name.to_owned(), |(of, what)| format!("{of} of {what}"));
        Self { name: name.to_owned(), label }
    }
}

/// Whether objects within the table are shown in it, or elsewhere.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Within {
    Here,
    Elsewhere,
}

/// The shape of a schema.
pub(super) fn shape(schemas: Schemas<'_>, schema: &Schema, within: Within) -> Shape {
    let meant = schemas.meant(schema);
    let mut shape = Shape { nullable: meant.nullable, ..Shape::default() };
    let mut inner = meant;
    for _ in 0..DEEPEST {
        let Some(items) = inner.schema.items.as_deref() else { break };
        shape.words.push_str("array of ");
        shape.limits.extend(range(inner.schema.min_items, inner.schema.max_items).map(|range| format!("{range} items")));
        inner = schemas.meant(items);
    }
    let schema = inner.schema;
    if !schemas.properties(schema).is_empty() {
        match inner.name.filter(|_| within == Within::Elsewhere) {
            Some(name) => shape.object = Some(Object::new(name)),
            None => shape.words.push_str("object"),
        }
        return shape;
    }
    let kind = schema.kinds.all().iter().find(|kind| *kind != "null");
    shape.words.push_str(match (kind.map(String::as_str), schema.format.as_deref()) {
        (_, Some("uuid")) => "UUID",
        (_, Some("date-time")) => "date and time",
        (Some(kind), _) => kind,
        (None, _) => "any JSON",
    });
    shape.limits.extend(range(schema.min_length, schema.max_length).map(|range| format!("{range} characters")));
    shape.limits.extend(range(schema.minimum.as_ref(), schema.maximum.as_ref()));
    shape.values = schema.values.iter().map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned)).collect();
    shape.pattern.clone_from(&schema.pattern);
    shape
}

fn range(least: Option<impl ToString>, most: Option<impl ToString>) -> Option<String> {
    match (least.map(|least| least.to_string()), most.map(|most| most.to_string())) {
        (Some(least), Some(most)) => Some(format!("{least} to {most}")),
        (None, Some(most)) => Some(format!("at most {most}")),
        (Some(least), None) => Some(format!("at least {least}")),
        (None, None) => None,
    }
}

/// The fields of a body or an answer.
pub(super) fn rows(schemas: Schemas<'_>, schema: &Schema, within: Within) -> Vec<Field> {
    let mut rows = Vec::new();
    walk(schemas, schema, within, "", &mut Vec::new(), &mut rows);
    rows
}

fn walk<'a>(schemas: Schemas<'a>, schema: &'a Schema, within: Within, prefix: &str, above: &mut Vec<&'a Schema>, rows: &mut Vec<Field>) {
    let (prefix, schema) = unlisted(schemas, schema, prefix);
    // An object that holds its like is shown once.
    if above.len() == DEEPEST || above.iter().any(|one| std::ptr::eq(*one, schema)) {
        return;
    }
    above.push(schema);
    for (name, property, required) in schemas.properties(schema) {
        let name = if prefix.is_empty() { name.to_owned() } else { format!("{prefix}.{name}") };
        let shape = shape(schemas, property, within);
        let is_elsewhere = shape.object.is_some();
        let text = if property.description.is_empty() { described(schemas, property) } else { &property.description };
        rows.push(Field { name: name.clone(), required, place: String::new(), shape, text: markdown::line(text) });
        if !is_elsewhere {
            walk(schemas, property, within, &name, above, rows);
        }
    }
    above.pop();
}

/// What is in a list of lists, and the name of each.
fn unlisted<'a>(schemas: Schemas<'a>, schema: &'a Schema, prefix: &str) -> (String, &'a Schema) {
    let (mut prefix, mut schema) = (prefix.to_owned(), schemas.meant(schema).schema);
    for _ in 0..DEEPEST {
        let Some(items) = schema.items.as_deref() else { break };
        prefix.push_str("[]");
        schema = schemas.meant(items).schema;
    }
    (prefix, schema)
}

/// What is said of the thing that a schema chooses or refers to.
fn described<'a>(schemas: Schemas<'a>, schema: &'a Schema) -> &'a str {
    let choices = schema.one_of.iter().chain(&schema.any_of).map(|one| one.description.as_str());
    choices.chain([schemas.meant(schema).schema.description.as_str()]).find(|text| !text.is_empty()).unwrap_or_default()
}

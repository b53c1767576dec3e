//! Examples of JSON: as the schema gives them, else made from it.

use serde_json::{Map, Value, json};

use super::document::Schema;
use super::schemas::{DEEPEST, Schemas};

/// An example in JSON, its fields in the order of the schema.
pub(super) fn written(schemas: Schemas<'_>, schema: &Schema) -> String {
    let mut text = String::new();
    write(schemas, Some(schema), &value(schemas, schema, DEEPEST), 0, &mut text);
    text
}

/// An example as it stands in a path.
pub(super) fn in_path(schemas: Schemas<'_>, schema: &Schema, name: &str) -> String {
    match value(schemas, schema, DEEPEST) {
        // A word that nothing is known of says best what belongs there.
        Value::String(text) if text == WORD => name.to_uppercase(),
        Value::String(text) => text,
        other => other.to_string(),
    }
}

/// A text that nothing is known of.
const WORD: &str = "text";

fn value(schemas: Schemas<'_>, schema: &Schema, deep: usize) -> Value {
    if let Some(example) = &schema.example {
        return example.clone();
    }
    let meant = schemas.meant(schema).schema;
    if let Some(example) = meant.example.as_ref().or(meant.values.first()) {
        return example.clone();
    }
    let properties = schemas.properties(meant);
    if deep == 0 {
        return Value::Null;
    }
    if !properties.is_empty() {
        let fields = properties.iter().map(|(name, property, _)| ((*name).to_owned(), value(schemas, property, deep - 1)));
        return Value::Object(fields.collect());
    }
    match meant.kinds.all().first().map(String::as_str) {
        Some("string") => match meant.format.as_deref() {
            Some("uuid") => json!("0198c2a4-7d1e-7c3a-9f52-3b6e8d0a4c11"),
            Some("date-time") => json!("2026-03-01T09:30:00.000Z"),
            _ => json!(WORD),
        },
        Some("integer" | "number") => meant.minimum.clone().map_or(json!(1), Value::Number),
        Some("boolean") => json!(true),
        Some("array") => Value::Array(meant.items.iter().map(|items| value(schemas, items, deep - 1)).collect()),
        Some("object") => Value::Object(Map::new()),
        _ => Value::Null,
    }
}

/// Writes a value over lines. Not by serde: its maps have forgotten the order of the fields.
fn write(schemas: Schemas<'_>, schema: Option<&Schema>, value: &Value, indent: usize, text: &mut String) {
    let meant = schema.map(|schema| schemas.meant(schema).schema);
    let line = |text: &mut String, indent: usize| {
        text.push('\n');
        text.extend(std::iter::repeat_n("  ", indent));
    };
    match value {
        Value::Object(fields) if !fields.is_empty() => {
            let properties = meant.map(|schema| schemas.properties(schema)).unwrap_or_default();
            let place = |name: &str| properties.iter().position(|(one, ..)| *one == name);
            let mut fields: Vec<_> = fields.iter().collect();
            fields.sort_by_key(|(name, _)| place(name).unwrap_or(properties.len()));
            text.push('{');
            for (number, (name, field)) in fields.into_iter().enumerate() {
                text.push_str(if number == 0 { "" } else { "," });
                line(text, indent + 1);
                text.push_str(&Value::from(name.as_str()).to_string());
                text.push_str(": ");
                write(schemas, place(name).map(|place| properties[place].1), field, indent + 1, text);
            }
            line(text, indent);
            text.push('}');
        }
        Value::Array(items) if items.iter().any(|item| item.is_object() || item.is_array()) => {
            let of = meant.and_then(|schema| schema.items.as_deref());
            text.push('[');
            for (number, item) in items.iter().enumerate() {
                text.push_str(if number == 0 { "" } else { "," });
                line(text, indent + 1);
                write(schemas, of, item, indent + 1, text);
            }
            line(text, indent);
            text.push(']');
        }
        plain => text.push_str(&plain.to_string()),
    }
}

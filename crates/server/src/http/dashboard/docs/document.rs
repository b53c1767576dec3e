//! The OpenAPI document, as far as the pages show it. What they do not know is passed over.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Number, Value};

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Document {
    pub(super) info: Info,
    pub(super) tags: Vec<Tag>,
    pub(super) paths: BTreeMap<String, Item>,
    pub(super) components: Components,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Info {
    pub(super) version: String,
    pub(super) description: String,
}

#[derive(Deserialize)]
pub(super) struct Tag {
    pub(super) name: String,
    #[serde(default)]
    pub(super) description: String,
}

/// What stands at a path, by method.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Item {
    get: Option<Operation>,
    head: Option<Operation>,
    post: Option<Operation>,
    put: Option<Operation>,
    patch: Option<Operation>,
    delete: Option<Operation>,
}

impl Item {
    /// The operations, reading ones first.
    pub(super) fn operations(&self) -> impl Iterator<Item = (&'static str, &Operation)> {
        let all = [
            ("GET", &self.get),
            ("HEAD", &self.head),
            ("POST", &self.post),
            ("PUT", &self.put),
            ("PATCH", &self.patch),
            ("DELETE", &self.delete),
        ];
        all.into_iter().filter_map(|(method, operation)| Some((method, operation.as_ref()?)))
    }
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Operation {
    pub(super) tags: Vec<String>,
    pub(super) operation_id: String,
    pub(super) summary: String,
    pub(super) description: String,
    pub(super) parameters: Vec<Parameter>,
    pub(super) request_body: Option<Body>,
    pub(super) responses: BTreeMap<String, Response>,
    /// Which credentials will do; an empty entry stands for none.
    pub(super) security: Vec<BTreeMap<String, Value>>,
}

#[derive(Deserialize)]
pub(super) struct Parameter {
    pub(super) name: String,
    #[serde(rename = "in")]
    pub(super) place: String,
    #[serde(default)]
    pub(super) description: String,
    #[serde(default)]
    pub(super) required: bool,
    #[serde(default)]
    pub(super) schema: Schema,
    #[serde(default)]
    pub(super) example: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Body {
    pub(super) required: bool,
    pub(super) content: BTreeMap<String, Media>,
}

#[derive(Deserialize, Default, PartialEq)]
#[serde(default)]
pub(super) struct Response {
    pub(super) description: String,
    pub(super) content: BTreeMap<String, Media>,
}

#[derive(Deserialize, Default, PartialEq)]
#[serde(default)]
pub(super) struct Media {
    pub(super) schema: Schema,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Components {
    pub(super) schemas: BTreeMap<String, Schema>,
    pub(super) security_schemes: BTreeMap<String, Scheme>,
}

/// How a credential travels.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Scheme {
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) scheme: String,
    /// The header, where it has one of its own.
    pub(super) name: String,
    pub(super) description: String,
}

#[derive(Deserialize, Default, PartialEq)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Schema {
    #[serde(rename = "$ref")]
    pub(super) reference: Option<String>,
    #[serde(rename = "type")]
    pub(super) kinds: Kinds,
    pub(super) format: Option<String>,
    pub(super) description: String,
    pub(super) pattern: Option<String>,
    pub(super) properties: BTreeMap<String, Schema>,
    pub(super) required: Vec<String>,
    pub(super) items: Option<Box<Schema>>,
    pub(super) one_of: Vec<Schema>,
    pub(super) any_of: Vec<Schema>,
    pub(super) all_of: Vec<Schema>,
    #[serde(rename = "enum")]
    pub(super) values: Vec<Value>,
    pub(super) minimum: Option<Number>,
    pub(super) maximum: Option<Number>,
    pub(super) min_length: Option<u64>,
    pub(super) max_length: Option<u64>,
    pub(super) min_items: Option<u64>,
    pub(super) max_items: Option<u64>,
    pub(super) example: Option<Value>,
}

/// One type, or several.
#[derive(Deserialize, PartialEq)]
#[serde(untagged)]
pub(super) enum Kinds {
    One(String),
    Many(Vec<String>),
}

impl Default for Kinds {
    fn default() -> Self {
        Self::Many(Vec::new())
    }
}

impl Kinds {
    pub(super) fn all(&self) -> &[String] {
        match self {
            Self::One(kind) => std::slice::from_ref(kind),
            Self::Many(kinds) => kinds,
        }
    }
}

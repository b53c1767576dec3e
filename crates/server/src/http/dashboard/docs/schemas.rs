//! Following a schema to what it means. Schemas may lead to themselves; whoever walks them says how deep.

use std::collections::BTreeMap;

use super::document::Schema;

/// How deep a schema is shown within itself.
pub(super) const DEEPEST: usize = 8;

/// The schemas that have a name.
#[derive(Clone, Copy)]
pub(super) struct Schemas<'a>(pub(super) &'a BTreeMap<String, Schema>);

/// A schema behind all references.
#[derive(Clone, Copy)]
pub(super) struct Meant<'a> {
    pub(super) schema: &'a Schema,
    /// Its name, where it has one.
    pub(super) name: Option<&'a str>,
    /// Whether null will do as well.
    pub(super) nullable: bool,
}

impl<'a> Schemas<'a> {
    /// What a schema means, behind references and behind a choice between something and null.
    pub(super) fn meant(self, schema: &'a Schema) -> Meant<'a> {
        let mut meant = Meant { schema, name: None, nullable: false };
        for _ in 0..DEEPEST {
            meant.nullable |= allows_null(meant.schema);
            let mut choices = meant.schema.one_of.iter().chain(&meant.schema.any_of).filter(|one| !is_null(one));
            match (self.named(meant.schema), choices.next(), choices.next()) {
                (Some((name, schema)), ..) => (meant.name, meant.schema) = (Some(name), schema),
                (None, Some(only), None) => meant.schema = only,
                _ => break,
            }
        }
        if meant.name.is_none() && !meant.schema.properties.is_empty() {
            // Lists hold their rows as copies; a copy is as good as a reference.
            let same = self.0.iter().find(|(_, schema)| *schema == meant.schema);
            meant.name = same.map(|(name, _)| name.as_str());
        }
        meant
    }

    fn named(self, schema: &Schema) -> Option<(&'a str, &'a Schema)> {
        let name = schema.reference.as_ref()?.strip_prefix("#/components/schemas/")?;
        self.0.get_key_value(name).map(|(name, schema)| (name.as_str(), schema))
    }

    /// The properties of an object and of all that it is made of, each with whether it must be there: first those that must, in the order
    /// in which the document lists them.
    pub(super) fn properties(self, schema: &'a Schema) -> Vec<(&'a str, &'a Schema, bool)> {
        let mut found = Vec::new();
        self.gather(schema, DEEPEST, &mut found);
        found
    }

    fn gather(self, schema: &'a Schema, deep: usize, found: &mut Vec<(&'a str, &'a Schema, bool)>) {
        let needed = schema.required.iter().filter_map(|name| schema.properties.get_key_value(name));
        found.extend(needed.map(|(name, property)| (name.as_str(), property, true)));
        let others = schema.properties.iter().filter(|(name, _)| !schema.required.contains(name));
        found.extend(others.map(|(name, property)| (name.as_str(), property, false)));
        if deep > 0 {
            schema.all_of.iter().for_each(|part| self.gather(self.meant(part).schema, deep - 1, found));
        }
    }
}

fn is_null(schema: &Schema) -> bool {
    matches!(schema.kinds.all(), [only] if only == "null")
}

fn allows_null(schema: &Schema) -> bool {
    schema.kinds.all().iter().any(|kind| kind == "null") || schema.one_of.iter().chain(&schema.any_of).any(is_null)
}

//! Documents that are not ours: strange, hostile, or hardly there.

use serde_json::{Value, json};

use super::operation::Access;
use super::reference::Reference;

fn operation(rest: &Value) -> Reference {
    let mut document = json!({"paths": {"/a/{id}": {"post": {"tags": ["t"], "operationId": "t_o", "responses": {}}}}});
    for (name, value) in rest.as_object().unwrap() {
        if name == "components" {
            document[name] = value.clone();
        } else {
            document["paths"]["/a/{id}"]["post"][name] = value.clone();
        }
    }
    Reference::read(document).unwrap()
}

fn body(schema: &Value) -> Value {
    json!({"content": {"application/json": {"schema": schema}}})
}

/// The names of the fields of the body.
fn names(reference: &Reference) -> Vec<&str> {
    let body = reference.sections[0].operations[0].body.as_ref().unwrap();
    body.fields.iter().map(|field| field.name.as_str()).collect()
}

#[test]
fn an_empty_document_has_no_sections() {
    let reference = Reference::read(json!({})).unwrap();
    assert!(reference.sections.is_empty() && reference.failures.is_empty() && reference.problem.is_none());
}

#[test]
fn an_operation_of_which_little_is_said_is_shown() {
    let reference = Reference::read(json!({"paths": {"/a": {"get": {}}}})).unwrap();
    let section = &reference.sections[0];
    assert_eq!((section.tag.as_str(), section.title.as_str()), ("other", "Other"));
    let only = &section.operations[0];
    assert_eq!((only.anchor.as_str(), only.access), ("get-a", Access::Open));
    assert_eq!(only.command("https://k.example"), "curl 'https://k.example/a'");
}

#[test]
fn what_is_no_document_is_an_error() {
    assert!(Reference::read(json!({"paths": []})).is_err());
    assert!(Reference::read(json!({"components": {"schemas": {"A": {"properties": 1}}}})).is_err());
}

#[test]
fn an_object_that_holds_its_like_is_shown_once() {
    let link = json!({"$ref": "#/components/schemas/Tree"});
    let tree = json!({"type": "object", "required": ["name"], "properties": {
        "name": {"type": "string"}, "left": link, "more": {"type": "array", "items": link}, "nil": {"oneOf": [link, {"type": "null"}]}}});
    let reference = operation(&json!({
        "requestBody": body(&link),
        "responses": {"200": body(&link)},
        "components": {"schemas": {"Tree": tree, "Loop": {"$ref": "#/components/schemas/Loop"}}}
    }));
    assert_eq!(names(&reference), ["name", "left", "more", "nil"]);
    let objects: Vec<&str> = reference.sections[0].objects.iter().map(|one| one.object.name.as_str()).collect();
    assert_eq!(objects, ["Tree"]);
}

#[test]
fn references_that_lead_nowhere_or_to_themselves_are_shown_as_anything() {
    for to in ["#/components/schemas/Loop", "#/components/schemas/Absent", "https://evil.example/x.json", ""] {
        let reference = operation(&json!({
            "requestBody": body(&json!({"type": "object", "properties": {"a": {"$ref": to}}})),
            "components": {"schemas": {"Loop": {"$ref": "#/components/schemas/Loop"}}}
        }));
        assert_eq!(names(&reference), ["a"], "{to}");
        let body = reference.sections[0].operations[0].body.as_ref().unwrap();
        assert_eq!((body.fields[0].shape.words.as_str(), body.example.as_str()), ("any JSON", "{\n  \"a\": null\n}"), "{to}");
    }
}

#[test]
fn fields_are_listed_by_their_paths_and_examples_follow_the_order_of_the_schema() {
    let schema = json!({"type": "object", "required": ["z", "b"], "properties": {
        "a": {"type": ["integer", "null"], "minimum": 3, "maximum": 9},
        "b": {"type": "array", "minItems": 1, "items": {"type": "object", "properties": {"in": {"type": "string", "enum": ["x", "y"]}}}},
        "z": {"type": "string", "minLength": 1, "maxLength": 5, "pattern": "^z"}}});
    let reference = operation(&json!({"requestBody": body(&schema)}));
    assert_eq!(names(&reference), ["z", "b", "b[].in", "a"]);
    let body = reference.sections[0].operations[0].body.as_ref().unwrap();
    let shape = |place: usize| &body.fields[place].shape;
    assert_eq!((shape(0).limits.as_slice(), shape(0).pattern.as_deref()), (&["1 to 5 characters".to_owned()][..], Some("^z")));
    assert_eq!((shape(1).words.as_str(), shape(1).limits.as_slice()), ("array of object", &["at least 1 items".to_owned()][..]));
    assert_eq!(shape(2).values, ["x", "y"]);
    assert!(shape(3).nullable && !shape(0).nullable && body.fields[0].required && !body.fields[3].required);
    assert_eq!(body.example, "{\n  \"z\": \"text\",\n  \"b\": [\n    {\n      \"in\": \"x\"\n    }\n  ],\n  \"a\": 3\n}");
}

#[test]
fn a_call_is_one_word_for_each_value_whatever_stands_in_it() {
    let reference = operation(&json!({
        "parameters": [{"name": "id", "in": "path", "required": true, "schema": {"type": "string"}}],
        "security": [{"bearer": []}],
        "requestBody": body(&json!({"type": "object", "properties": {"a": {"type": "string"}}, "example": {"a": "it's $(x)"}}))
    }));
    let command = reference.sections[0].operations[0].command("https://k'.example");
    assert!(command.starts_with(r"curl -X POST 'https://k'\''.example/a/ID' \"), "{command}");
    assert!(command.contains("-H \"Authorization: Bearer $KEYBEARER_TOKEN\"") && command.contains(r#""a": "it'\''s $(x)""#), "{command}");
}

#[test]
fn html_in_descriptions_is_text() {
    let reference = operation(&json!({"summary": "<script>1</script>", "description": "<img src=x onerror=alert(1)>"}));
    let only = &reference.sections[0].operations[0];
    assert!(!only.summary.contains("<script") && !only.text.contains("<img"), "{} {}", only.summary, only.text);
}

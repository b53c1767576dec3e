//! Conditions of a list, as somebody asks for them.

use super::value::Value;

/// Conditions joined with AND, and their values in order.
#[derive(Default)]
pub(super) struct Conditions<'a> {
    sql: Vec<String>,
    values: Vec<Value<'a>>,
}

impl<'a> Conditions<'a> {
    /// Adds a condition in which each `?` stands for the value, if there is one.
    pub(super) fn and(&mut self, condition: &str, value: Option<impl Into<Value<'a>>>) {
        let Some(value) = value.map(Into::into) else { return };
        // No text that is stored has a NUL: PostgreSQL takes none. So nothing is equal to this one, nor has it in it.
        if matches!(value, Value::Text(Some(text)) if text.contains('\0')) {
            self.fixed("FALSE");
            return;
        }
        self.values.push(value);
        self.sql.push(condition.replace('?', &format!("${}", self.values.len())));
    }

    /// Adds a condition without a value.
    pub(super) fn fixed(&mut self, condition: &str) {
        self.sql.push(condition.to_owned());
    }

    /// Adds a condition on two columns, in which `?1` and `?2` stand for the values.
    pub(super) fn and_both(&mut self, condition: &str, first: Value<'a>, second: Value<'a>) {
        self.values.extend([first, second]);
        let (first, second) = (self.values.len() - 1, self.values.len());
        self.sql.push(condition.replace("?1", &format!("${first}")).replace("?2", &format!("${second}")));
    }

    pub(super) fn sql(&self) -> String {
        if self.sql.is_empty() { "TRUE".to_owned() } else { self.sql.join(" AND ") }
    }

    pub(super) fn values(&self) -> &[Value<'a>] {
        &self.values
    }
}

//! Command lines that pages show: somebody copies them into a shell.

/// A text as one word of a shell, whatever is in it.
pub(super) fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// Tells programs that are run behind it where the server is, and asks for the credential: what is typed so stands in no history.
pub(super) fn environment(origin: &str) -> String {
    format!("export KEYBEARER_URL={}\nread -rs KEYBEARER_TOKEN; export KEYBEARER_TOKEN", quoted(origin))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_text_ends_its_word() {
        assert_eq!(quoted("http://a;reboot/"), "'http://a;reboot/'");
        assert_eq!(quoted("a'$(reboot)"), r"'a'\''$(reboot)'");
    }
}

//! The files of `samples/`, as pages show them beside what they ask for. `scripts/samples/run` runs each as it stands.

/// One file.
pub(super) struct Sample {
    /// Its language, for people.
    pub(super) language: &'static str,
    pub(super) text: &'static str,
}

macro_rules! sample {
    ($language:literal, $folder:literal, $name:literal, $extension:literal) => {
        Sample {
            language: $language,
            text: include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../samples/", $folder, "/", $name, ".", $extension)),
        }
    };
}

/// The file of this name in each language.
macro_rules! samples {
    ($name:literal) => {
        &[
            sample!("curl", "curl", $name, "sh"),
            sample!("JavaScript", "javascript", $name, "js"),
            sample!("Node.js", "node", $name, "mjs"),
            sample!("Python", "python", $name, "py"),
            sample!("Java", "java", $name, "java"),
            sample!("C#", "csharp", $name, "cs"),
            sample!("PHP", "php", $name, "php"),
            sample!("Go", "go", $name, "go"),
            sample!("Ruby", "ruby", $name, "rb"),
            sample!("R", "r", $name, "r"),
            sample!("JSON", "payload", $name, "json"),
        ]
    };
}

/// Those that ask what a credential is and may do: every key may.
pub(super) const WHOAMI: &[Sample] = samples!("whoami");

/// The samples of an operation, by its anchor in the reference; of most there are none.
pub(super) fn of(anchor: &str) -> &'static [Sample] {
    match anchor {
        "policies-list" => samples!("list-policies"),
        "permissions-list" => samples!("list-permissions"),
        "keys-create" => samples!("create-key"),
        "verification-verify" => samples!("verify-key"),
        "whoami" => WHOAMI,
        _ => &[],
    }
}

//! From one good body, all the bad ones: broken, twisted, too large, or in another guise.

use std::fmt;
use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::{Map, Value, json};

use super::routes::{Face, Route};

/// What stands where a name is to be new each time. Its like must be as long, so that it can be replaced in any text.
pub const FRESH: &str = "corpus-0000000";

/// A name that no body had before.
pub fn fresh() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(1);
    format!("corpus-{:07}", NEXT.fetch_add(1, Ordering::Relaxed))
}

/// What is to become of a body.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fate {
    /// It is none for the route: it must be refused.
    Bad,
    /// A rule of its own decides; it must only do no harm.
    Open,
}

/// A body that was changed.
#[derive(Clone)]
pub struct Mutant {
    /// What was done to it.
    pub what: String,
    pub headers: Vec<(&'static str, String)>,
    pub body: Vec<u8>,
    pub fate: Fate,
}

impl fmt::Display for Mutant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown: Vec<u8> = self.body.iter().copied().take(200).collect();
        write!(f, "{} {:?} {:?}", self.what, self.headers, String::from_utf8_lossy(&shown))
    }
}

impl Mutant {
    fn new(fate: Fate, what: impl Into<String>, body: impl Into<Vec<u8>>) -> Self {
        Self { what: what.into(), headers: vec![("content-type", "application/json".into())], body: body.into(), fate }
    }

    fn of_type(self, content_type: &str) -> Self {
        Self { headers: vec![("content-type", content_type.into())], ..self }
    }

    /// The good body itself.
    pub fn control(route: &Route) -> Self {
        Self::new(Fate::Open, "unchanged", route.body.to_string()).with(&fresh())
    }

    /// The same with a new name where one belongs.
    pub fn with(&self, name: &str) -> Self {
        let mut mutant = self.clone();
        while let Some(place) = mutant.body.windows(FRESH.len()).position(|window| window == FRESH.as_bytes()) {
            mutant.body[place..place + FRESH.len()].copy_from_slice(name.as_bytes());
        }
        mutant
    }
}

/// All of them.
pub fn of(route: &Route) -> Vec<Mutant> {
    let mut all = Vec::new();
    documents(route, &mut all);
    kinds(route, &mut all);
    objects(route, &mut all);
    for pointer in pointers(&route.body) {
        values(route, &pointer, &mut all);
    }
    all
}

/// The text as a whole.
fn documents(route: &Route, all: &mut Vec<Mutant>) {
    let text = route.body.to_string();
    let mut bad = |what: &str, body: &[u8]| all.push(Mutant::new(Fate::Bad, what, body));
    for length in 0..text.len() {
        bad("cut off", &text.as_bytes()[..length]);
    }
    for (what, body) in [
        ("white space", " \r\n\t ".to_owned()),
        ("a byte order mark", format!("\u{feff}{text}")),
        ("two documents", format!("{text}{text}")),
        ("two lines", format!("{text}\n{text}")),
        ("something behind it", format!("{text}x")),
        ("a NUL behind it", format!("{text}\0")),
        ("a NUL before it", format!("\0{text}")),
        ("a comma behind it", format!("{text},")),
        ("a brace too many", format!("{text}}}")),
        ("a comment before it", format!("/* hello */{text}")),
        ("a comment behind it", format!("{text}// hello")),
        ("a hash behind it", format!("{text}# hello")),
        ("in brackets", format!("({text})")),
        ("with a guard", format!(")]}}',\n{text}")),
        ("a comma at the end", format!("{},{}", &text[..text.len() - 1], &text[text.len() - 1..])),
        ("single quotes", text.replace('"', "'")),
        ("typographic quotes", text.replace('"', "\u{201d}")),
        ("no quotes", text.replace('"', "")),
        ("equal signs", text.replace(':', "=")),
        ("no commas", text.replace([',', ':'], " ")),
        ("as a string", Value::String(text.clone()).to_string()),
        ("null", "null".into()),
        ("true", "true".into()),
        ("a number", "1".into()),
        ("minus nothing", "-".into()),
        ("NaN", "NaN".into()),
        ("undefined", "undefined".into()),
        ("a vertical tab", format!("\u{b}{text}")),
        ("a no-break space", format!("\u{a0}{text}")),
        ("a line separator", format!("\u{2028}{text}")),
        ("XML", "<?xml version=\"1.0\"?><name>a</name>".into()),
        ("a form", "name=a&level=3".into()),
        ("YAML", "name: a\nlevel: 3\n".into()),
    ] {
        bad(what, body.as_bytes());
    }
    let wide = |bytes: fn(u16) -> [u8; 2]| -> Vec<u8> { text.encode_utf16().flat_map(bytes).collect() };
    bad("UTF-16, little end first", &wide(u16::to_le_bytes));
    bad("UTF-16, big end first", &wide(u16::to_be_bytes));
    bad("a wild byte", &[text.as_bytes(), b"\xff"].concat());
    for depth in [10, 100, 10_000] {
        bad("only arrays, not closed", "[".repeat(depth).as_bytes());
        bad("only objects, not closed", "{\"a\":".repeat(depth).as_bytes());
        bad("only arrays", format!("{}{}", "[".repeat(depth), "]".repeat(depth)).as_bytes());
    }
    bad("within an array", json!([[route.body]]).to_string().as_bytes());
    if route.body.is_object() {
        bad("within an array", json!([route.body]).to_string().as_bytes());
        bad("an empty array", b"[]");
        let values: Vec<&Value> = route.body.as_object().unwrap().values().collect();
        bad("the values alone", json!(values).to_string().as_bytes());
    } else {
        bad("an object", b"{}");
        bad("the entry alone", route.body[0].to_string().as_bytes());
    }
    bad("beyond every limit", " ".repeat(2 << 20).as_bytes());
    all.push(Mutant::new(Fate::Open, "padded", format!(" \r\n\t{text}\n\n")));
    all.push(Mutant::new(Fate::Open, "all escaped", escaped(&text)));
}

/// The text with each letter of its strings as `\uXXXX`.
fn escaped(text: &str) -> String {
    let mut within = false;
    let mut escaped = String::new();
    for c in text.chars() {
        within ^= c == '"';
        if within && c.is_ascii_lowercase() && !text.contains(FRESH) {
            escaped += &format!("\\u{:04x}", u32::from(c));
        } else {
            escaped.push(c);
        }
    }
    escaped
}

/// What the headers say that it is.
fn kinds(route: &Route, all: &mut Vec<Mutant>) {
    let mutant = |fate, what: &str| Mutant::new(fate, what, route.body.to_string());
    for kind in [
        "",
        "text/plain",
        "text/json",
        "application/xml",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/octet-stream",
        "application/jsonp",
        "application/json5",
        "application/ld+json",
        "application/vnd.api+json",
        "application/x-json",
        "application/json, application/json",
        "application/json; charset=utf-16",
        "application/json; charset=latin1",
        "application/json; charset=utf-8; charset=utf-7",
        "*/*",
        "json",
    ] {
        all.push(mutant(Fate::Bad, "of another type").of_type(kind));
    }
    all.push(Mutant { headers: Vec::new(), ..mutant(Fate::Bad, "of no type") });
    let json = ("content-type", "application/json".to_owned());
    all.push(Mutant { headers: vec![json.clone(), json.clone()], ..mutant(Fate::Bad, "of a type twice") });
    for encoding in ["gzip", "br", "deflate", "zstd", "compress", "gzip, identity", "what"] {
        let headers = vec![json.clone(), ("content-encoding", encoding.into())];
        all.push(Mutant { headers, ..mutant(Fate::Bad, "as if compressed") });
    }
    for kind in ["application/json;charset=UTF-8", "APPLICATION/JSON", "application/json; charset=\"utf-8\"", "application/json; x=y"] {
        all.push(mutant(Fate::Open, "of a type in other words").of_type(kind));
    }
}

/// Fields that are missing, unknown, or there twice.
fn objects(route: &Route, all: &mut Vec<Mutant>) {
    for pointer in pointers(&route.body) {
        let within_metadata = pointer.starts_with("/metadata/");
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        let may_go = route.optional.contains(&&*pointer) || route.defaulted.contains(&&*pointer) || within_metadata;
        let Some(fields) = route.body.pointer(parent).and_then(Value::as_object) else { continue };
        let mut without = fields.clone();
        let value = without.remove(name).unwrap();
        let fate = if may_go { Fate::Open } else { Fate::Bad };
        all.push(Mutant::new(fate, format!("without {pointer}"), replaced(route, parent, &json!(without).to_string())));

        let pairs = |fields: &Map<String, Value>| -> String {
            fields.iter().map(|(name, value)| format!("{}:{value}", json!(name))).collect::<Vec<_>>().join(",")
        };
        let escaped = format!("\\u{:04x}{}", u32::from(name.chars().next().unwrap()), &name[1..]);
        for again in [format!("\"{name}\":{value}"), format!("\"{name}\":null"), format!("\"{escaped}\":{value}")] {
            let object = format!("{{{},{again}}}", pairs(fields));
            all.push(Mutant::new(Fate::Bad, format!("{pointer} twice"), replaced(route, parent, &object)));
        }
        let lax = route.face == Face::FreeSewing || within_metadata;
        for other in [name.to_uppercase(), format!("{name} "), format!("{name}\0"), format!("{name}[]"), name.replacen('e', "\u{435}", 1)] {
            if other != name {
                let object = format!(
                    "{{{}:{value}{}}}",
                    json!(other),
                    if without.is_empty() { String::new() } else { format!(",{}", pairs(&without)) }
                );
                let fate = if lax && may_go { Fate::Open } else { Fate::Bad };
                all.push(Mutant::new(fate, format!("{pointer} misspelled"), replaced(route, parent, &object)));
            }
        }
    }
    for parent in objects_of(&route.body) {
        let fields = route.body.pointer(&parent).and_then(Value::as_object).unwrap();
        let lax = route.face == Face::FreeSewing || parent.starts_with("/metadata");
        for (unknown, value) in [
            ("colour", json!("red")),
            ("", json!(1)),
            ("__proto__", json!({"level": 8})),
            ("constructor", json!({"prototype": {"admin": true}})),
            ("isAdmin", json!(true)),
            ("userId", json!(1)),
            ("permissions[]", json!(["keybearer:keys.write"])),
            ("$ref", json!("#/")),
            ("nested", nested(10)),
            ("nested", nested(60)),
        ] {
            let mut more = fields.clone();
            more.insert(unknown.into(), value);
            let fate = if lax { Fate::Open } else { Fate::Bad };
            all.push(Mutant::new(fate, format!("{parent}/{unknown} unknown"), replaced(route, &parent, &json!(more).to_string())));
        }
    }
}

fn nested(depth: usize) -> Value {
    (0..depth).fold(json!(0), |within, _| json!([within]))
}

/// Another value in one place.
fn values(route: &Route, pointer: &str, all: &mut Vec<Mutant>) {
    let value = route.body.pointer(pointer).unwrap();
    let within_metadata = pointer.starts_with("/metadata/");
    let mut put = |fate: Fate, what: &str, raw: &str| {
        all.push(Mutant::new(fate, format!("{pointer}: {what}"), replaced(route, pointer, raw)));
    };
    let kind = |value: &Value| std::mem::discriminant(value);
    let object = json!({"a": value});
    for other in [
        json!(null),
        json!(true),
        json!(false),
        json!(0),
        json!(-1),
        json!(2.5),
        json!("x"),
        json!("3"),
        json!([]),
        json!([value]),
        json!({}),
        object,
    ] {
        let free = within_metadata || kind(&other) == kind(value) || other.is_null() && route.optional.contains(&pointer);
        // A boolean is of one kind with another.
        put(if free || other.is_boolean() && value.is_boolean() { Fate::Open } else { Fate::Bad }, "of another type", &other.to_string());
    }
    for (what, raw) in [
        ("no number", "NaN"),
        ("no number", "Infinity"),
        ("no number", "-Infinity"),
        ("hexadecimal", "0x10"),
        ("octal", "017"),
        ("with a plus", "+1"),
        ("only a fraction", ".5"),
        ("no fraction", "1."),
        ("no exponent", "1e"),
        ("beyond all numbers", "1e400"),
        ("undefined", "undefined"),
        ("an expression", "1+1"),
        ("in single quotes", "'x'"),
        ("unquoted", "x"),
        ("half a surrogate", r#""\ud800""#),
        ("the other half", r#""\udc00x""#),
        ("halves the wrong way round", r#""\udc00\ud800""#),
        ("a bad escape", r#""\x41""#),
        ("a bad escape", r#""\u12""#),
        ("a raw line feed", "\"a\nb\""),
        ("a raw NUL", "\"a\0b\""),
        ("a raw escape character", "\"a\u{1b}[31mb\""),
        ("not closed", "\"x"),
        ("not closed", "[1"),
        ("a comma too many", "[1,]"),
        ("too deep", &format!("{}{}", "[".repeat(10_000), "]".repeat(10_000))),
    ] {
        put(Fate::Bad, what, raw);
    }
    if !route.body.pointer(pointer.rsplit_once('/').unwrap().0).unwrap().is_array() {
        put(Fate::Bad, "nothing", "");
    }
    let numbers = [
        "-1",
        "-0",
        "1.0",
        "2.5",
        "1e2",
        "1e-2",
        "9",
        "256",
        "4294967296",
        "9223372036854775807",
        "9223372036854775808",
        "-9223372036854775809",
        "1e308",
    ];
    let open = |fits: bool| if fits || within_metadata { Fate::Open } else { Fate::Bad };
    for number in numbers {
        put(open(value.is_number()), "another number", number);
    }
    let named = ["/name", "/username", "/reason"].contains(&pointer);
    let long = |letter: &str, count: usize| json!(letter.repeat(count)).to_string();
    for (what, raw, fits) in [
        ("200 characters", long("a", 200), true),
        ("201 characters", long("a", 201), !named),
        ("64 KiB", long("a", 64 << 10), !named),
        ("201 characters outside the first plane", long("\u{1f511}", 201), !named),
        ("a NUL", r#""a\u0000b""#.into(), !named),
        ("a line feed", r#""a\nb""#.into(), !named),
        ("a next line", r#""a\u0085b""#.into(), !named),
        ("nothing", "\"\"".into(), !named),
        ("only space", "\" \u{3000}\u{a0}\"".into(), !named),
        ("from right to left", "\"\u{202e}nimda\"".into(), true),
        ("without width", "\"ad\u{200b}min\u{feff}\"".into(), true),
        ("expanding to 18 characters each", long("\u{fdfa}", 200), true),
        ("combining", long("a\u{301}", 100), true),
        ("a look-alike", "\"\u{430}dmin\"".into(), true),
        ("a variable", "\"${HOME} {{7*7}} %n%s\"".into(), true),
        ("SQL", "\"'; DROP TABLE keys; --\"".into(), true),
        ("a path", "\"../../etc/passwd\"".into(), true),
        ("a mark-up", "\"<script>alert(1)</script>\"".into(), true),
    ] {
        put(open(value.is_string() && fits), what, &raw);
    }
    if value.is_array() && !within_metadata {
        let entry = &value[0];
        put(Fate::Open, "the same twice", &json!([entry, entry]).to_string());
        put(Fate::Bad, "two thousand entries", &json!(vec![json!({}); 2_000]).to_string());
        put(Fate::Bad, "of arrays", &json!([[entry]]).to_string());
    }
    if pointer == "/metadata" {
        put(Fate::Open, "10 deep", &json!({"a": nested(10)}).to_string());
        put(Fate::Bad, "100 deep", &json!({"a": nested(100)}).to_string());
        put(Fate::Bad, "too large", &json!({"a": "x".repeat(5_000)}).to_string());
    }
}

/// Pointers to everything below the top.
fn pointers(value: &Value) -> Vec<String> {
    let below = |name: &str, value: &Value| -> Vec<String> {
        std::iter::once(format!("/{name}")).chain(pointers(value).iter().map(|pointer| format!("/{name}{pointer}"))).collect()
    };
    match value {
        Value::Object(fields) => fields.iter().flat_map(|(name, value)| below(name, value)).collect(),
        Value::Array(entries) => entries.iter().enumerate().flat_map(|(place, value)| below(&place.to_string(), value)).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Vec::new(),
    }
}

/// Pointers to all objects, the top included.
fn objects_of(value: &Value) -> Vec<String> {
    let all = std::iter::once(String::new()).chain(pointers(value));
    all.filter(|pointer| value.pointer(pointer).is_some_and(Value::is_object)).collect()
}

/// The body with this text in one place.
fn replaced(route: &Route, pointer: &str, raw: &str) -> Vec<u8> {
    const HERE: &str = "put it here";
    let mut body = route.body.clone();
    *body.pointer_mut(pointer).unwrap() = HERE.into();
    body.to_string().replace(&format!("\"{HERE}\""), raw).into_bytes()
}

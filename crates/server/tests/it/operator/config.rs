//! `keybearer config`.

use std::fs;

use serde_json::Value;

use crate::support::child::Program;
use crate::support::command::Run;

#[tokio::test]
async fn the_example_starts_a_server_as_it_stands() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("keybearer.toml");
    fs::write(&file, Run::new(["config", "example"]).good()).unwrap();
    let data = dir.path().join("data");
    // The address of the example may be taken on this machine, and its data directory is that of the tests' package.
    let running = Program::on(&data).arg("--config", file.to_str().unwrap()).with_admin().start().await;
    running.admin().await;
    let checked = Run::new(["config", "check", "--config", file.to_str().unwrap()]).good();
    assert_eq!(checked, "The settings can be used.\n");
}

#[test]
fn the_example_has_every_setting_with_its_default() {
    let example = Run::new(["config", "example"]).good();
    for setting in keybearer::config::SETTINGS {
        let key = setting.name.rsplit('.').next().unwrap();
        assert!(example.contains(setting.help) && example.contains(key), "{}", setting.name);
        if let Some(default) = setting.default {
            assert!(example.contains(default), "{}", setting.name);
        }
    }
}

#[test]
fn what_is_in_force_is_shown_with_its_origin_and_without_secrets() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("keybearer.toml");
    fs::write(&file, "[keys]\nprefix = \"acme\"\n[roles]\nauditor = 6\n").unwrap();
    let show = |args: &[&str]| {
        let args = [&["config", "show", "--config", file.to_str().unwrap()], args].concat();
        let run = Run::new(args).env("KEYBEARER_ADMIN_USERNAME", "ada").env("KEYBEARER_ADMIN_PASSWORD", "canary-canary");
        run.env("KEYBEARER_SESSIONS_LIFETIME", "1h").good()
    };
    let shown: Value = serde_json::from_str(&show(&["--json", "--listen", "127.0.0.1:7"])).unwrap();
    let row = |name: &str| (shown[name]["value"].as_str(), shown[name]["origin"].as_str().unwrap());
    assert_eq!(row("listen"), (Some("127.0.0.1:7"), "--listen"));
    assert_eq!(row("sessions.lifetime"), (Some("1h"), "KEYBEARER_SESSIONS_LIFETIME"));
    assert_eq!(row("keys.prefix"), (Some("acme"), file.to_str().unwrap()));
    assert_eq!(row("roles"), (Some("auditor=6"), file.to_str().unwrap()));
    assert_eq!(row("keys.max_lifetime"), (Some("365d"), "the default"));
    assert_eq!(row("public_url"), (None, "the default"));
    assert_eq!(row("admin_password"), (Some("(hidden)"), "KEYBEARER_ADMIN_PASSWORD"));
    let table = show(&[]);
    assert!(table.contains("KEYBEARER_SESSIONS_LIFETIME") && table.contains("(hidden)"));
    assert!(!table.contains("canary-canary") && !shown.to_string().contains("canary-canary"));
}

#[test]
fn what_cannot_be_used_is_told_with_the_way_out() {
    let check = |args: &[&str]| Run::new([&["config", "check"], args].concat());
    check(&["--listen", "0.0.0.0:5000"]).refused(2, &["listen", "plain_http = true", "TLS"]);
    check(&[]).env("KEYBEARER_KEYS_PREFX", "x").refused(2, &["KEYBEARER_KEYS_PREFX", "did you mean `KEYBEARER_KEYS_PREFIX`?"]);
    check(&["--keys-max-lifetime", "soon"]).refused(2, &["keys.max_lifetime", "--keys-max-lifetime", "30d"]);
    check(&["--admin-password", "x"]).refused(2, &["--admin-password"]);
    Run::new(["config", "chek"]).refused(2, &["check"]);
}

#[test]
fn the_password_of_a_url_is_shown_nowhere_and_its_host_is() {
    const CASES: [(&str, &str, &str); 5] = [
        ("KEYBEARER_DATABASE", "postgres://u:hushhush@h.example/db", "postgres://(hidden)@h.example/db"),
        ("KEYBEARER_DATABASE", "postgres://u:hush@hush/@h.example/db", "postgres://(hidden)@h.example/db"),
        ("KEYBEARER_DATABASE", "postgres://h.example/db?password=hushhush", "postgres://h.example/db?(hidden)"),
        ("KEYBEARER_PUBLIC_URL", "https://u:hushhush@h.example/", "https://(hidden)@h.example/"),
        ("KEYBEARER_CORS_ORIGINS", "https://a.example,https://u:hushhush@h.example", "https://(hidden)@h.example"),
    ];
    for (variable, value, expected) in CASES {
        for args in [&["config", "show"][..], &["config", "show", "--json"]] {
            let shown = Run::new(args).env(variable, value).good();
            assert!(shown.contains(expected) && !shown.contains("hush"), "{variable}={value}: {shown}");
        }
        let told = Run::new(["config", "check"]).env(variable, value).done();
        assert!(!told.out.contains("hush") && !told.errors.contains("hush"), "{told:?}");
    }
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("keybearer.toml");
    fs::write(&file, "[cors]\norigins = [\"https://a.example\", \"https://u:hushhush@h.example\"]\n").unwrap();
    let shown = Run::new(["config", "show", "--config", file.to_str().unwrap()]).good();
    assert!(shown.contains("https://a.example,https://(hidden)@h.example") && !shown.contains("hush"), "{shown}");
}

#[test]
fn what_would_not_start_is_found_by_the_check() {
    let check = |args: &[&str]| Run::new([&["config", "check"], args].concat());
    check(&["--tls-cert", "/nope", "--tls-key", "/nope"]).refused(2, &["tls.cert", "/nope"]);
    let collector = |name: &str, value: &str| check(&[]).env("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4318").env(name, value);
    collector("OTEL_TRACES_EXPORTER", "zipkin").refused(2, &["OTEL_TRACES_EXPORTER", "zipkin"]);
    collector("OTEL_EXPORTER_OTLP_ENDPOINT", "http://no address").refused(2, &["OTEL_"]);
    collector("OTEL_TRACES_EXPORTER", "otlp").good();
}

use std::collections::HashSet;
use std::fs;

use clap::{Args, FromArgMatches};
use keybearer_core::key::DAY;
use keybearer_core::role::Level;
use proptest::prelude::*;

use super::*;

/// Loads with these arguments and variables, and a TOML file of this text.
fn load_with(args: &[&str], env: &[(&str, &str)], toml: &str) -> Result<Config, String> {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("keybearer.toml");
    fs::write(&file, toml).unwrap();
    let args = ["keybearer", "--config", file.to_str().unwrap()].into_iter().chain(args.iter().copied());
    let env = env.iter().map(|(name, value)| (OsString::from(name), OsString::from(value)));
    load(flags(args), env).map_err(|error| error.to_string().replace(file.to_str().unwrap(), "FILE"))
}

fn flags<'a>(args: impl IntoIterator<Item = &'a str>) -> SettingFlags {
    let matches = SettingFlags::augment_args(clap::Command::new("keybearer")).get_matches_from(args);
    SettingFlags::from_arg_matches(&matches).unwrap()
}

fn refusal(args: &[&str], env: &[(&str, &str)], toml: &str) -> String {
    load_with(args, env, toml).err().expect("refused")
}

#[test]
fn the_defaults_are_those_of_the_design() {
    let config = load_with(&[], &[], "").ok().unwrap();
    assert_eq!(config.listen, "127.0.0.1:5000".parse().unwrap());
    assert_eq!(config.data_dir, Path::new("./data"));
    assert_eq!(config.keyring_path(), Path::new("./data/keyring.json"));
    assert_eq!(config.keys.limits(), Limits::default());
    assert_eq!(config.keys.prefix, Prefix::default());
    assert_eq!((config.sessions.lifetime, config.sessions.max_per_account), (DAY / 2, 20));
    assert_eq!(config.roles, Roles::default());
    assert_eq!(config.log, LogConfig { level: LevelFilter::INFO, format: LogFormat::Auto });
    let seconds = Duration::from_secs;
    let http = HttpConfig {
        header_timeout: seconds(10),
        body_timeout: seconds(15),
        idle_timeout: seconds(60),
        max_connections: 10_000,
        shortcuts: true,
    };
    assert_eq!(config.http, http);
    assert!(config.tls.is_none() && config.trusted_proxies.is_empty() && config.cors_origins.is_empty());
    assert!(!config.plain_http && config.public_url.is_none() && config.admin_password.is_none());
    let for_tests = Config::for_data_dir("/somewhere");
    assert_eq!(for_tests.listen, "127.0.0.1:0".parse().unwrap());
    assert_eq!(for_tests.keyring_path(), Path::new("/somewhere/keyring.json"));
}

#[test]
fn flag_beats_environment_beats_file_beats_default() {
    let toml = "[keys]\nmax_lifetime = \"40d\"\nmax_per_account = 7";
    let env = [("KEYBEARER_KEYS_MAX_LIFETIME", "50d")];
    let days = |args: &[&str], env: &[_], toml| load_with(args, env, toml).map(|config| config.keys.max_lifetime / DAY);
    assert_eq!(days(&[], &[], toml), Ok(40));
    assert_eq!(days(&[], &env, toml), Ok(50));
    assert_eq!(days(&["--keys-max-lifetime", "60d"], &env, toml), Ok(60));
    let config = load_with(&["--keys-max-lifetime=60d"], &env, toml).ok().unwrap();
    assert_eq!(config.keys.max_per_account, 7, "the other values of a section stay");
}

#[test]
fn what_is_kept_may_be_kept_for_ever() {
    let config = load_with(&[], &[], "").ok().unwrap();
    assert_eq!((config.keys.retention, config.events.payload_retention), (Some(90 * DAY), Some(365 * DAY)));
    let config = load_with(&["--keys-retention", "1w"], &[], "[events]\npayload_retention = \"never\"").ok().unwrap();
    assert_eq!((config.keys.retention, config.events.payload_retention), (Some(7 * DAY), None));
    for wrong in ["0", "Never", "ever"] {
        assert!(refusal(&["--keys-retention", wrong], &[], "").contains("or never"), "{wrong}");
    }
}

#[test]
fn every_setting_has_its_own_spellings_and_stands_in_the_help() {
    let spellings: HashSet<_> = SETTINGS.iter().flat_map(|setting| [setting.flag(), setting.variable()]).collect();
    assert_eq!(spellings.len(), 2 * SETTINGS.len());
    let help = SettingFlags::augment_args(clap::Command::new("keybearer")).render_long_help().to_string();
    for setting in SETTINGS.iter().filter(|setting| !matches!(setting.kind, Kind::Secret | Kind::Issuers)) {
        assert!(help.contains(&format!("--{}", setting.flag())) && help.contains(&setting.variable()), "{}", setting.name);
    }
    assert!(help.contains("[default: 30d]"));
    assert!(!help.contains("--admin-password") && !help.contains("--issuers"), "a secret is no argument");
}

#[test]
fn unknown_names_are_refused_with_the_nearest_one() {
    assert_eq!(
        refusal(&[], &[], "[keys]\nmax_lifetme = 1"),
        "unknown setting `keys.max_lifetme` (from FILE): did you mean `keys.max_lifetime`?"
    );
    assert_eq!(
        refusal(&[], &[("KEYBEARER_LISTN", "x")], ""),
        "unknown setting `KEYBEARER_LISTN` (from the environment): did you mean `KEYBEARER_LISTEN`?"
    );
    assert!(refusal(&[], &[], "[zzz]\nqq = 1").contains("remove it"));
    assert!(refusal(&[], &[], "keys = 5").contains("write [keys]"));
    assert!(refusal(&[], &[("KEYBEARER_DATA_DIR_FILE", "x")], "").contains("KEYBEARER_DATA_DIR"));
}

#[test]
fn variables_of_clients_and_of_kubernetes_and_empty_ones_are_let_be() {
    let env = [
        ("KEYBEARER_URL", "http://localhost"),
        ("KEYBEARER_TOKEN", "kb_"),
        ("KEYBEARER_CA_FILE", "/etc/authority.pem"),
        ("KEYBEARER_LISTEN", ""),
        ("KEYBEARER_SERVICE_HOST", "10.0.0.1"),
        ("KEYBEARER_SERVICE_PORT_HTTP", "80"),
        ("KEYBEARER_PORT", "tcp://10.0.0.1:80"),
        ("KEYBEARER_PORT_80_TCP_ADDR", "10.0.0.1"),
        ("PATH", "/bin"),
    ];
    assert!(load_with(&[], &env, "").is_ok());
    assert!(load_with(&[], &[("KEYBEARER_PORT", "8080")], "").is_err());
}

#[test]
fn a_wrong_value_is_told_with_its_setting_and_origin() {
    let env = [("KEYBEARER_KEYS_MAX_LIFETIME", "soon")];
    assert_eq!(
        refusal(&[], &env, ""),
        "setting `keys.max_lifetime` (from KEYBEARER_KEYS_MAX_LIFETIME): \"soon\" is not a duration: write it like 90s, 15m, 12h, 30d, 2w, \
         or as plain seconds"
    );
    assert!(refusal(&["--listen", "5000"], &[], "").starts_with("setting `listen` (from --listen): \"5000\" is not an IP address"));
    for toml in [
        "listen = [1]",
        "[listen]\nx = 1",
        "plain_http = 1",
        "public_url = \"keys.example.com\"",
        "public_url = \"https://keys.example.com/keys\"",
        "public_url = \"https://me@keys.example.com\"",
        "admin_username = \"\"",
        "[keys]\nmax_per_account = 0",
        "[keys]\nmax_per_account = 2.5",
        "[keys]\nmax_lifetime = -1",
        "[keys]\nmax_lifetime = \"9999999999999999999d\"",
        "[keys]\nprefix = \"K\"",
        "[log]\nlevel = \"3\"",
        "[log]\nformat = \"xml\"",
    ] {
        assert!(refusal(&[], &[], toml).contains("(from FILE): "), "{toml}");
    }
}

#[test]
fn a_time_out_is_a_day_at_most() {
    assert!(refusal(&["--http-idle-timeout", "2d"], &[], "").contains("a day (1d) is the most"));
    assert!(refusal(&["--http-body-timeout", "0"], &[], "").contains("longer than 0"));
    assert_eq!(load_with(&["--http-header-timeout", "1d"], &[], "").ok().unwrap().http.header_timeout, Duration::from_secs(86_400));
}

#[test]
fn certificate_and_key_go_together() {
    for (given, lacking) in [("cert", "key"), ("key", "cert")] {
        let refused = refusal(&[&format!("--tls-{given}"), "x.pem"], &[], "");
        assert!(
            refused.starts_with(&format!("setting `tls.{given}` (from --tls-{given}): ")) && refused.contains(&format!("tls.{lacking}"))
        );
    }
    let config = load_with(&["--listen", "0.0.0.0:443"], &[("KEYBEARER_TLS_KEY", "key.pem")], "[tls]\ncert = \"cert.pem\"").ok().unwrap();
    assert_eq!(config.tls, Some(TlsConfig { cert: "cert.pem".into(), key: "key.pem".into() }));
}

#[test]
fn proxies_are_networks_or_addresses() {
    let proxies = |args: &[&str], toml: &str| load_with(args, &[], toml).map(|config| config.trusted_proxies);
    let expected: Vec<IpNet> = ["10.0.0.0/8", "192.0.2.1/32", "fd00::/8", "::1/128"].iter().map(|text| text.parse().unwrap()).collect();
    assert_eq!(proxies(&["--trusted-proxies", "10.0.0.0/8, 192.0.2.1,fd00::/8,::1,"], ""), Ok(expected.clone()));
    assert_eq!(proxies(&[], "trusted_proxies = [\"10.0.0.0/8\", \"192.0.2.1\", \"fd00::/8\", \"::1\"]"), Ok(expected));
    for (wrong, word) in [("proxy.example.com", "10.0.0.0/8"), ("10.0.0.0/33", "10.0.0.0/8"), ("10.1.2.3/8", "10.0.0.0/8"), ("*", "::1")] {
        let refused = proxies(&["--trusted-proxies", wrong], "").unwrap_err();
        assert!(refused.starts_with("setting `trusted_proxies` (from --trusted-proxies): ") && refused.contains(word), "{refused}");
    }
    assert!(proxies(&[], "trusted_proxies = 5").is_err());
}

#[test]
fn origins_are_named_one_by_one() {
    let origins = |text: &str| load_with(&["--cors-origins", text], &[], "").map(|config| config.cors_origins);
    let expected = ["https://app.example.com", "http://localhost:3000", "https://[::1]:8443"].map(HeaderValue::from_static);
    assert_eq!(origins("https://App.Example.com:443/,http://localhost:3000, https://[::1]:8443"), Ok(expected.to_vec()));
    for (wrong, word) in
        [("*", "each origin"), ("null", "each origin"), ("app.example.com", "https://"), ("https://a.example/x", "without a path")]
    {
        let refused = origins(wrong).unwrap_err();
        assert!(refused.starts_with("setting `cors.origins` (from --cors-origins): ") && refused.contains(word), "{refused}");
    }
}

#[test]
fn messages_are_heard_where_others_can_send_them() {
    let messages = |value| load_with(&["--node-messages", value], &[], "").map(|config| config.membership().messages);
    assert_eq!(load_with(&[], &[], "").unwrap().membership().messages, Messages::Auto);
    assert_eq!(messages("auto"), Ok(Messages::Auto));
    assert_eq!(messages("off"), Ok(Messages::Off));
    assert_eq!(messages("10.0.0.5:0"), Ok(Messages::At("10.0.0.5:0".parse().unwrap())));
    assert_eq!(messages("[fd00::5]:5001"), Ok(Messages::At("[fd00::5]:5001".parse().unwrap())));
    for nowhere in ["0.0.0.0:5001", "[::]:5001", "10.0.0.5", "on", "node-2:5001"] {
        assert!(messages(nowhere).is_err(), "{nowhere}");
    }
}

#[test]
fn a_postgres_url_is_told_without_its_password() {
    let config = load_with(&[], &[("KEYBEARER_DATABASE", "postgres://me:hush@localhost:6432/keys?sslmode=require")], "").ok().unwrap();
    assert_eq!(config.database().to_string(), "postgres://localhost:6432/keys");
    for wrong in [
        "postgres://me:hush@localhost/keys?sslmode=hush",
        "mysql://me:hush@localhost/keys",
        "sqlite",
        "postgres://me:hush@hush@localhost/keys",
    ] {
        let refused = refusal(&["--database", wrong], &[], "");
        assert!(refused.starts_with("setting `database` (from --database): ") && refused.contains("SQLite"), "{refused}");
        assert!(!refused.contains("hush"), "{refused}");
    }
}

#[test]
fn an_address_for_everybody_needs_plain_http() {
    for address in ["0.0.0.0:5000", "[::]:5000", "192.0.2.1:5000"] {
        let refused = refusal(&["--listen", address], &[], "");
        for way in ["proxy", "plain_http = true", "tls.cert"] {
            assert!(refused.contains(way), "{refused}");
        }
        assert!(load_with(&["--listen", address, "--plain-http"], &[], "").is_ok());
        assert!(load_with(&["--listen", address, "--plain-http=false"], &[], "plain_http = true").is_err());
    }
    for address in ["127.0.0.1:0", "127.8.8.8:5000", "[::1]:5000", "[::ffff:127.0.0.1]:5000"] {
        assert!(load_with(&["--listen", address], &[], "").is_ok());
    }
}

#[test]
fn a_default_lifetime_above_the_maximum_is_refused_only_where_it_was_given() {
    let refused = refusal(&["--keys-max-lifetime=7d"], &[], "[keys]\ndefault_lifetime = \"8d\"");
    assert!(refused.contains("(from FILE): is longer than keys.max_lifetime (from --keys-max-lifetime)"), "{refused}");
    let keys = load_with(&["--keys-max-lifetime=7d"], &[], "").ok().unwrap().keys;
    assert_eq!((keys.default_lifetime, keys.max_lifetime), (7 * DAY, 7 * DAY));
}

#[test]
fn roles_are_a_section_or_a_list() {
    let level = |config: Result<Config, String>, role| config.ok().unwrap().roles.level(role);
    let six = Level::new(6).unwrap();
    assert_eq!(level(load_with(&[], &[], "[roles]\nauditor = 6\nsub-admin = 7"), "auditor"), six);
    assert_eq!(level(load_with(&["--roles", "auditor=6, other=2"], &[], ""), "auditor"), six);
    assert_eq!(level(load_with(&[], &[("KEYBEARER_ROLES", "other=6")], "[roles]\nauditor = 6"), "auditor"), Level::NONE);
    for wrong in ["auditor", "auditor=9", "auditor=x", "user=8", "A=1", "a=1,a=2", "a=1,"] {
        assert!(load_with(&["--roles", wrong], &[], "").is_err(), "{wrong}");
    }
    for wrong in ["[roles]\nauditor = 2.5", "[roles]\nauditor = \"6\"", "[roles]\nauditor = 9", "[roles]\nadmin = 1", "roles = 6"] {
        assert!(refusal(&[], &[], wrong).starts_with("setting `roles` (from FILE): "), "{wrong}");
    }
}

#[test]
fn the_password_of_the_first_admin_may_stand_in_a_file() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("password");
    fs::write(&file, "a quiet evening \r\n").unwrap();
    let file = file.to_str().unwrap();
    let env = [("KEYBEARER_ADMIN_USERNAME", "ada"), ("KEYBEARER_ADMIN_PASSWORD_FILE", file)];
    let config = load_with(&[], &env, "").ok().unwrap();
    assert_eq!(config.admin_password.unwrap().reveal().as_str(), "a quiet evening ");

    assert!(refusal(&[], &env[1..], "").contains("without admin_username"));
    assert!(refusal(&[], &env[..1], "").contains("without admin_password"));
    let both = [env[0], env[1], ("KEYBEARER_ADMIN_PASSWORD", "hush hush hush")];
    let refused = refusal(&[], &both, "");
    assert!(refused.contains("given twice") && !refused.contains("hush"), "{refused}");
    let missing = [env[0], ("KEYBEARER_ADMIN_PASSWORD_FILE", "/nowhere/password")];
    assert!(refusal(&[], &missing, "").contains("/nowhere/password cannot be read"));
}

const SECRET: &str = "canary-canary-canary-canary-canary";

#[test]
fn issuers_are_tables_or_a_json_list() {
    let toml = format!(
        "[[issuers]]\nissuer = \"https://app.example\"\naudience = \"keys\"\nshared_secret = \"{SECRET}\"\nusername_claim = \"Name\"\n\
         [[issuers]]\nissuer = \"https://id.example\"\naudience = \"keys\"\njwks_url = \"https://id.example/jwks.json\"\nalgorithm = \"RS256\"\n\
         account_claim = \"UID\"\nrole_claim = \"Groups\"\nleeway = 5\n[issuers.roles]\nWriters = \"user\"\nREADERS = \"guest\"\n\
         [roles]\nguest = 2"
    );
    let issuers = load_with(&[], &[], &toml).ok().unwrap().issuers;
    let [app, id] = issuers.as_slice() else { panic!("two") };
    assert_eq!((app.issuer.as_str(), app.audience.as_str(), app.account_claim.as_str()), ("https://app.example", "keys", "sub"));
    assert_eq!((app.username_claim.as_deref(), app.leeway, app.algorithm), (Some("Name"), 30_000, None));
    assert!(matches!(&app.keys, IssuerKeys::Secret(secret) if secret.reveal().as_str() == SECRET) && app.role_claim.is_none());
    assert_eq!((id.account_claim.as_str(), id.leeway, id.algorithm), ("UID", 5_000, Some(jsonwebtoken::Algorithm::RS256)));
    assert!(matches!(&id.keys, IssuerKeys::Url(url) if url.as_str() == "https://id.example/jwks.json"));
    let RoleClaim { claim, roles } = id.role_claim.clone().unwrap();
    assert_eq!(claim, "Groups");
    assert_eq!(roles.into_iter().collect::<Vec<_>>(), [("READERS".into(), "guest".into()), ("Writers".into(), "user".into())]);

    let json = format!(r#"[{{"issuer": "a", "audience": "b", "shared_secret": "{SECRET}", "leeway": "1m"}}]"#);
    let issuers = load_with(&[], &[("KEYBEARER_ISSUERS", &json)], &toml).ok().unwrap().issuers;
    assert_eq!((issuers.len(), issuers[0].issuer.as_str(), issuers[0].leeway), (1, "a", 60_000));
    assert!(load_with(&[], &[], "").ok().unwrap().issuers.is_empty());

    let shown = |env: &[(&str, &str)]| {
        let env = env.iter().map(|(name, value)| (OsString::from(name), OsString::from(value)));
        let shown = show(SettingFlags::default(), env).ok().unwrap();
        shown.into_iter().find(|shown| shown.name == "issuers").unwrap().value.unwrap()
    };
    assert_eq!(shown(&[("KEYBEARER_ISSUERS", &json)]), "issuer=a audience=b shared_secret=(hidden) leeway=\"1m\"");
    assert_eq!(shown(&[("KEYBEARER_ISSUERS", &json[1..])]), "(hidden)");
}

#[test]
fn a_shared_secret_may_stand_in_a_file() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("secret");
    fs::write(&file, format!("{SECRET}\r\n")).unwrap();
    let json = |path: &Path| json_issuer(&format!(r#""shared_secret_file": {:?}"#, path.to_str().unwrap()));
    let issuers = load_with(&[], &[("KEYBEARER_ISSUERS", &json(&file))], "").ok().unwrap().issuers;
    assert!(matches!(&issuers[0].keys, IssuerKeys::Secret(secret) if secret.reveal().as_str() == SECRET));
    assert!(refusal(&[], &[("KEYBEARER_ISSUERS", &json(Path::new("/nowhere/secret")))], "").contains("/nowhere/secret cannot be read"));
}

fn json_issuer(rest: &str) -> String {
    format!(r#"[{{"issuer": "a", "audience": "b", {rest}}}]"#)
}

#[test]
fn an_issuer_that_cannot_be_relied_on_is_refused_without_its_secret() {
    let url = |url: &str| json_issuer(&format!(r#""jwks_url": "{url}""#));
    let with_secret = |rest: &str| json_issuer(&format!(r#""shared_secret": "{SECRET}", {rest}"#));
    let roles = |map: &str| with_secret(&format!(r#""role_claim": "r", "roles": {map}"#));
    let cases = [
        ("{".to_owned(), "JSON list"),
        ("{}".to_owned(), "JSON list"),
        ("[1]".to_owned(), "JSON list"),
        (with_secret(r#""leeway": 1, "leeway": 2"#), "nothing is said twice"),
        (r#"[{"audience": "b"}]"#.to_owned(), "`issuer` is needed"),
        (format!(r#"[{{"issuer": "a", "shared_secret": "{SECRET}"}}]"#), "`audience` is needed"),
        (format!(r#"[{{"issuer": "keybearer", "audience": "b", "shared_secret": "{SECRET}"}}]"#), "this server itself"),
        (json_issuer(r#""account_claim": "sub""#), "exactly one of"),
        (with_secret(r#""jwks_url": "https://id.example""#), "exactly one of"),
        (json_issuer(r#""shared_secret": "canary""#), "at least 32 bytes"),
        (with_secret(r#""algorithm": "HS512""#), "at least 64 bytes"),
        (with_secret(r#""algorithm": "RS256""#), "does not go with `shared_secret`"),
        (with_secret(r#""algorithm": "none""#), "none of those there are"),
        (json_issuer(r#""jwks_url": "https://id.example", "algorithm": "HS256""#), "does not go with `jwks_url`"),
        (url("http://id.example/jwks.json"), "must begin with https://"),
        (url("http://127.0.0.1.id.example/"), "must begin with https://"),
        (url("file:///etc/passwd"), "must begin with https://"),
        (url("https://me:canary@id.example/"), "neither a user name"),
        (url("id.example"), "cannot be read"),
        (with_secret(r#""leeway": "61s""#), "a minute"),
        (with_secret(r#""leeway": true"#), "a duration"),
        (with_secret(r#""account_claim": ["sub"]"#), "`account_claim` must be a text"),
        (with_secret(r#""accountclaim": "sub""#), "unknown field `accountclaim`"),
        (with_secret(r#""role_claim": "r""#), "go together"),
        (with_secret(r#""roles": {"a": "user"}"#), "go together"),
        (roles(r#"{"a": "emperor"}"#), "gives no role that there is"),
        (roles(r#"{"a": "bughunter"}"#), "nobody gets more than level 4"),
        (roles(r#"{"a": "user", "b": "admin"}"#), "nobody gets more than level 4"),
    ];
    for (json, word) in cases {
        let refused = refusal(&[], &[("KEYBEARER_ISSUERS", &json)], "");
        assert!(refused.starts_with("setting `issuers` (from KEYBEARER_ISSUERS): ") && refused.contains(word), "{json}: {refused}");
        assert!(!refused.contains("canary"), "{refused}");
    }
    for good in ["http://127.0.0.1:8080/k", "http://[::1]/k", "http://localhost/k", "https://id.example/k?tenant=1"] {
        assert!(load_with(&[], &[("KEYBEARER_ISSUERS", &url(good))], "").is_ok(), "{good}");
    }
    let twice = "[[issuers]]\nissuer = \"a\"\naudience = \"b\"\njwks_file = \"c\"\n".repeat(2);
    assert!(refusal(&[], &[], &twice).contains("entry 2 (a): another entry has the same `issuer`"));
    assert!(refusal(&[], &[], "[issuers]\nissuer = \"a\"").contains("write [[issuers]]"));
}

#[test]
fn a_file_that_is_no_toml_is_refused_without_its_lines() {
    let refused = refusal(&[], &[], "admin_username = \"ada\"\nadmin_password = \"hush");
    assert!(refused.starts_with("the configuration file FILE cannot be read: ") && refused.contains("line 2"), "{refused}");
    assert!(!refused.contains("hush"), "{refused}");
    let missing = load(flags(["keybearer", "--config", "/nowhere.toml"]), []);
    assert!(missing.err().unwrap().to_string().contains("/nowhere.toml cannot be read"));
    let env = (OsString::from("KEYBEARER_CONFIG"), OsString::from("/elsewhere.toml"));
    assert!(load(SettingFlags::default(), [env]).err().unwrap().to_string().contains("/elsewhere.toml cannot be read"));
}

#[test]
fn durations_have_units() {
    let cases = [("90", 90_000), ("90s", 90_000), ("15m", 900_000), ("12h", DAY / 2), ("30d", 30 * DAY), ("2w", 14 * DAY)];
    for (text, milliseconds) in cases {
        assert_eq!(read::duration(text), Ok(milliseconds));
    }
    for wrong in ["", "d", "0", "0d", "-1d", "1.5d", "1 d", "1D", "1d12h", "36526d", "99999999999999999999"] {
        assert!(read::duration(wrong).is_err(), "{wrong}");
    }
}

proptest! {
    #[test]
    fn any_value_is_read_without_a_panic(text in "\\PC{0,30}", setting in 0..SETTINGS.len()) {
        let variable = SETTINGS[setting].variable();
        let _ = load_with(&[], &[(&variable, &text)], "");
    }

    #[test]
    fn any_file_is_read_without_a_panic(text in "[a-z.=\\[\\]\"0-9\n _]{0,60}") {
        let _ = load_with(&[], &[], &text);
    }
}

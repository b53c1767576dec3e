//! The crate of the services must not depend on the rules, so it has the names a second time. Both must say the same.

use keybearer_core::key::KeyKind;
use keybearer_core::permission::{MAX_DESCRIPTION, MAX_PER_SERVICE, ServiceName, is_bare_name};
use keybearer_core::requirement::{Requirement, RequirementError};
use keybearer_core::role::Level;
use keybearer_tower::{Fault, Service, any_key, any_of, level};

/// Names around every limit: each ASCII character first, within and alone; lengths; and others.
fn names() -> Vec<String> {
    let each = (0..128u8).map(char::from).flat_map(|c| [format!("{c}a"), format!("a{c}a"), format!("a{c}"), c.to_string()]);
    let long = [0, 1, 63, 64, 65, 127, 128, 129].map(|length| "a".repeat(length));
    let others = ["ä", "aä", "Keybearer", "keybearer", "KEYBEARER", "keybearer2", " a", "a ", "a:b", "a/b/c"].map(str::to_owned);
    each.chain(long).chain(others).collect()
}

/// Whether the check of a service finds nothing.
fn is_good(service: &Service) -> bool {
    service.check().is_ok()
}

#[test]
fn services_and_permissions_have_the_names_that_the_rules_allow() {
    for name in names() {
        let allowed = name.parse::<ServiceName>().is_ok_and(|name| !name.is_reserved());
        assert_eq!(is_good(&Service::new(&name)), allowed, "the service {name:?}");
        let service = Service::new("a").permission(&name, "To be named so");
        drop(service.require(any_of([name.as_str()])));
        assert_eq!(is_good(&service), is_bare_name(&name), "the permission {name:?}");
    }
}

#[test]
fn as_many_permissions_and_as_long_descriptions_are_allowed_as_the_rules_say() {
    for (many, longer) in [(MAX_PER_SERVICE, 0), (MAX_PER_SERVICE + 1, 0), (1, 0), (1, 1)] {
        let names: Vec<String> = (0..many).map(|number| format!("p{number}")).collect();
        let description = "ä".repeat(MAX_DESCRIPTION + longer);
        let service = names.iter().fold(Service::new("a"), |service, name| service.permission(name, &description));
        drop(service.require(any_of(names.iter().map(String::as_str))));
        assert_eq!(is_good(&service), many <= MAX_PER_SERVICE && longer == 0, "{many} permissions, {longer} too long");
    }
}

#[test]
fn requirements_that_no_key_can_meet_are_the_same() {
    let kinds = [None, Some(KeyKind::Account), Some(KeyKind::Service)];
    for (kind, least, permission) in kinds.into_iter().flat_map(|kind| {
        let levels = [None, Some(0), Some(8), Some(9)];
        levels.into_iter().flat_map(move |least| [false, true].map(|permission| (kind, least, permission)))
    }) {
        let permissions = if permission { vec!["a:b".parse().unwrap()] } else { Vec::new() };
        let rule = match least.map(|least: u8| Level::new(i64::from(least))).transpose() {
            Err(_) => Some(Fault::Level(9)),
            Ok(least) => Requirement::new(permissions, Vec::new(), least, kind).err().map(|error| match error {
                RequirementError::LevelWithPermissions => Fault::LevelWithPermissions,
                RequirementError::LevelOfService => Fault::LevelOfService,
                RequirementError::PermissionsOfAccount => Fault::PermissionsOfAccount,
            }),
        };
        let service = Service::new("a").permission("b", "To be");
        drop(service.require(any_of(["b"])));
        let mut requirement = least.map_or_else(any_key, level);
        if permission {
            requirement = requirement.and_all_of(["b"]);
        }
        requirement = match kind {
            None => requirement,
            Some(KeyKind::Account) => requirement.of_kind(keybearer_tower::KeyKind::Account),
            Some(KeyKind::Service) => requirement.of_kind(keybearer_tower::KeyKind::Service),
        };
        drop(service.require(requirement.clone()));
        let found = service.check().err().map(|faults| faults.all().to_vec());
        assert_eq!(found, rule.map(|fault| vec![fault]), "{requirement:?}");
    }
}

//! What a gate is told of the request about which a proxy asks: its key, and its method and path.

use std::net::IpAddr;

use axum::http::{HeaderMap, HeaderName, Method, Uri};
use ipnet::IpNet;
use keybearer_core::gate::{Part, Seen};

const URIS: [HeaderName; 3] =
    [HeaderName::from_static("x-forwarded-uri"), HeaderName::from_static("x-original-uri"), HeaderName::from_static("x-original-url")];
const METHODS: [HeaderName; 2] = [HeaderName::from_static("x-forwarded-method"), HeaderName::from_static("x-original-method")];

/// Which gate is asked, and of which path, where that stands behind the gate's name.
pub(super) struct Target<'a> {
    pub(super) name: &'a str,
    pub(super) below: Option<&'a str>,
}

/// Takes the path apart as it was sent: decoded, an encoded slash would be one.
pub(super) fn target(uri: &Uri) -> Option<Target<'_>> {
    let asked = uri.path().strip_prefix("/gate/")?;
    let name = asked.split('/').next()?;
    Some(Target { name, below: asked.get(name.len()..).filter(|below| !below.is_empty()) })
}

/// Method and path of the request about which the proxy asks. Headers count only from those who may be believed. A path behind the gate's name
/// counts with the method of the request itself: so asks a proxy that repeats the request.
pub(super) fn seen<'a>(
    (method, target, headers): (&'a Method, &Target<'a>, &'a HeaderMap),
    peer: Option<IpAddr>,
    trusted: &[IpNet],
) -> Seen<'a> {
    let is_trusted = is_believed(peer, trusted);
    let lines = |name: &HeaderName| {
        let values = if is_trusted { Some(headers.get_all(name).iter()) } else { None };
        // What is no text is no path or method that any rule could know.
        values.into_iter().flatten().map(|value| value.to_str().unwrap_or_default())
    };
    let repeated = target.below.map(|_| method.as_str());
    Seen {
        method: one(repeated.into_iter().chain(METHODS.iter().flat_map(lines))),
        path: one(target.below.into_iter().chain(URIS.iter().flat_map(lines).map(path_of))),
    }
}

/// Whether this peer may say what it was asked for.
pub(super) fn is_believed(peer: Option<IpAddr>, trusted: &[IpNet]) -> bool {
    peer.is_some_and(|peer| trusted.iter().any(|network| network.contains(&peer.to_canonical())))
}

/// Whether they all say the same.
fn one<'a>(told: impl Iterator<Item = &'a str>) -> Part<&'a str> {
    told.fold(Part::Absent, |known, told| match known {
        Part::Absent => Part::Known(told),
        Part::Known(known) if known == told => Part::Known(known),
        Part::Known(_) | Part::Conflicting => Part::Conflicting,
    })
}

/// The path of a URI, which may be a whole URL, without its query.
pub(super) fn path_of(uri: &str) -> &str {
    let local = ["http://", "https://"].iter().find_map(|scheme| uri.strip_prefix(scheme)).map(|rest| rest.find('/').map(|at| &rest[at..]));
    let target = match local {
        None => uri,
        Some(Some(local)) => local,
        // A URL without a path means the root, but nobody has to guess that.
        Some(None) => "",
    };
    target.split('?').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn headers(lines: &[(&str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(name.parse::<HeaderName>().unwrap(), value.parse().unwrap());
        }
        headers
    }

    /// What is known of a request to this path with these headers, from a peer that is believed or not.
    fn known(path: &str, lines: &[(&str, &str)], is_trusted: bool) -> (Part<String>, Part<String>) {
        let uri: Uri = path.parse().unwrap();
        let (headers, target) = (headers(lines), target(&uri).unwrap());
        let trusted: Vec<IpNet> = if is_trusted { vec!["10.0.0.0/8".parse().unwrap()] } else { vec!["192.0.2.0/24".parse().unwrap()] };
        let peer: IpAddr = "10.0.0.1".parse().unwrap();
        let seen = seen((&Method::POST, &target, &headers), Some(peer), &trusted);
        let own = |part: Part<&str>| match part {
            Part::Absent => Part::Absent,
            Part::Conflicting => Part::Conflicting,
            Part::Known(text) => Part::Known(text.to_owned()),
        };
        (own(seen.method), own(seen.path))
    }

    fn is(text: &str) -> Part<String> {
        Part::Known(text.to_owned())
    }

    /// The path that is asked for, its headers, and the method and path that are known then.
    type Row<'a> = (&'a str, &'a [(&'a str, &'a str)], Part<String>, Part<String>);

    #[test]
    fn what_proxies_tell_counts_where_they_may_be_believed() {
        let rows: [Row<'_>; 14] = [
            ("/gate/g", &[], Part::Absent, Part::Absent),
            ("/gate/g", &[("x-forwarded-uri", "/a?b=/c"), ("x-forwarded-method", "GET")], is("GET"), is("/a")),
            ("/gate/g", &[("x-original-uri", "/a%2Fb"), ("x-original-method", "PUT")], is("PUT"), is("/a%2Fb")),
            ("/gate/g", &[("x-original-url", "https://h:8/a/b?c")], Part::Absent, is("/a/b")),
            ("/gate/g", &[("x-original-url", "https://h?/a")], Part::Absent, is("/a")),
            ("/gate/g", &[("x-original-url", "https://h")], Part::Absent, is("")),
            ("/gate/g", &[("x-forwarded-uri", "/a"), ("x-original-uri", "/a?q")], Part::Absent, is("/a")),
            ("/gate/g", &[("x-forwarded-uri", "/a"), ("x-original-uri", "/b")], Part::Absent, Part::Conflicting),
            ("/gate/g", &[("x-forwarded-uri", "/a"), ("x-forwarded-uri", "/b")], Part::Absent, Part::Conflicting),
            ("/gate/g", &[("x-forwarded-method", "GET"), ("x-original-method", "HEAD")], Part::Conflicting, Part::Absent),
            ("/gate/g/a/b?c", &[], is("POST"), is("/a/b")),
            ("/gate/g/", &[], is("POST"), is("/")),
            ("/gate/g/a", &[("x-forwarded-uri", "/a"), ("x-forwarded-method", "POST")], is("POST"), is("/a")),
            ("/gate/g/a", &[("x-forwarded-uri", "/b"), ("x-forwarded-method", "GET")], Part::Conflicting, Part::Conflicting),
        ];
        for (path, lines, method, told) in rows {
            assert_eq!(known(path, lines, true), (method, told), "{path} {lines:?}");
        }
    }

    #[test]
    fn a_path_is_taken_as_it_was_sent() {
        assert_eq!(known("/gate/g/a%2F..%2Fb//c", &[], false), (is("POST"), is("/a%2F..%2Fb//c")));
        let uri: Uri = "/gate/%61ny/x".parse().unwrap();
        assert_eq!(target(&uri).map(|target| target.name), Some("%61ny"));
        for elsewhere in ["/gate", "/gates/g", "/x/gate/g"] {
            let uri: Uri = elsewhere.parse().unwrap();
            assert!(target(&uri).is_none(), "{elsewhere}");
        }
    }

    proptest! {
        #[test]
        fn nobody_else_is_believed(uri in "/[a-z/%.]{0,20}", method in "[A-Z]{1,8}", name in 0..3usize, below in proptest::option::of("/[a-z]{0,5}")) {
            let path = format!("/gate/g{}", below.clone().unwrap_or_default());
            let (uri_name, method_name) = (URIS[name].clone(), METHODS[name % 2].clone());
            let lines = [(uri_name.as_str(), &*uri), (method_name.as_str(), &*method)];
            prop_assert_eq!(known(&path, &lines, false), known(&path, &[], false));
        }
    }
}

//! Whose request it is, where proxies stand between.

use std::net::{IpAddr, SocketAddr};

use axum::http::{HeaderMap, HeaderName};
use ipnet::IpNet;

/// Each proxy adds at its end the address that it was asked from. The standard header `Forwarded` (RFC 7239) is not looked at: a proxy that
/// sets the one lets a client's own version of the other pass.
const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The address of the client, by the peer of the connection and the headers.
pub(super) fn of(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> IpAddr {
    // What is no text is no address either.
    let lines = headers.get_all(X_FORWARDED_FOR).iter().rev().map(|line| line.to_str().unwrap_or("?"));
    walk(peer, lines.flat_map(|line| line.rsplit(',')), trusted)
}

/// Walks back from the peer, hop by hop, for as long as the hop may be believed: the first that may not is the client, whatever it says of
/// others. Where a proxy that may be believed says something that is no address, it counts as the client itself.
fn walk<'a>(peer: IpAddr, hops: impl Iterator<Item = &'a str>, trusted: &[IpNet]) -> IpAddr {
    let mut client = peer.to_canonical();
    for hop in hops {
        if !trusted.iter().any(|network| network.contains(&client)) {
            break;
        }
        let Some(address) = parse(hop) else { break };
        client = address;
    }
    client
}

/// An address; some proxies add the port.
fn parse(hop: &str) -> Option<IpAddr> {
    let hop = hop.trim_matches([' ', '\t']);
    let bare = hop.strip_prefix('[').and_then(|hop| hop.strip_suffix(']')).unwrap_or(hop);
    let address = bare.parse().ok().or_else(|| hop.parse().ok().map(|address: SocketAddr| address.ip()))?;
    Some(address.to_canonical())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn networks(texts: &[&str]) -> Vec<IpNet> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn client(peer: &str, lines: &[&str], trusted: &[&str]) -> IpAddr {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(X_FORWARDED_FOR, line.parse().unwrap());
        }
        of(ip(peer), &headers, &networks(trusted))
    }

    #[test]
    fn the_first_hop_that_is_not_trusted_is_the_client() {
        let trusted = &["10.0.0.0/8", "fd00::/8"];
        let rows: [(&str, &[&str], &str); 15] = [
            // Nobody to be believed: the header is anybody's.
            ("192.0.2.1", &["198.51.100.7"], "192.0.2.1"),
            ("10.0.0.1", &[], "10.0.0.1"),
            ("10.0.0.1", &["198.51.100.7"], "198.51.100.7"),
            // What the client itself wrote stands on the left.
            ("10.0.0.1", &["127.0.0.1, 198.51.100.7"], "198.51.100.7"),
            ("10.0.0.1", &["10.9.9.9, 198.51.100.7"], "198.51.100.7"),
            ("10.0.0.1", &["203.0.113.5, 198.51.100.7, 10.0.0.2"], "198.51.100.7"),
            // Several lines are one list.
            ("10.0.0.1", &["203.0.113.5", "198.51.100.7, 10.0.0.3", "10.0.0.2"], "198.51.100.7"),
            // All trusted: the farthest.
            ("10.0.0.1", &["10.0.0.3, 10.0.0.2"], "10.0.0.3"),
            // What is no address ends the walk where it is.
            ("10.0.0.1", &["198.51.100.7, unknown, 10.0.0.2"], "10.0.0.2"),
            ("10.0.0.1", &["198.51.100.7,"], "10.0.0.1"),
            ("10.0.0.1", &["198.51.100.7", "\u{e4}"], "10.0.0.1"),
            // With ports, and IPv6.
            ("10.0.0.1", &["198.51.100.7:4711"], "198.51.100.7"),
            ("10.0.0.1", &["[2001:db8::1]:4711, [fd00::2]"], "2001:db8::1"),
            ("fd00::1", &["2001:db8::1"], "2001:db8::1"),
            // IPv4 in the clothes of IPv6, as a socket for both sees it.
            ("::ffff:10.0.0.1", &["::ffff:198.51.100.7"], "198.51.100.7"),
        ];
        for (peer, lines, expected) in rows {
            assert_eq!(client(peer, lines, trusted), ip(expected), "{peer} {lines:?}");
        }
    }

    fn address() -> impl Strategy<Value = IpAddr> {
        prop_oneof![any::<u32>().prop_map(|bits| IpAddr::V4(bits.into())), (0..4_u8).prop_map(|end| IpAddr::from([10, 0, 0, end]))]
    }

    proptest! {
        #[test]
        fn what_a_client_writes_itself_changes_nothing(
            written in ".{0,60}", seen in address(), proxies in proptest::collection::vec(0..255_u8, 0..4),
        ) {
            let trusted = networks(&["10.0.0.0/8"]);
            prop_assume!(!trusted[0].contains(&seen));
            // The last proxy is the peer; each of the others saw the one before it.
            let mut hops = vec![written, seen.to_string()];
            hops.extend(proxies.iter().map(|end| format!("10.1.1.{end}")));
            let line = hops.join(", ");
            prop_assert_eq!(walk(ip("10.0.0.1"), line.rsplit(','), &trusted), seen);
        }

        #[test]
        fn the_client_is_the_peer_or_a_hop_and_every_hop_after_it_is_trusted(peer in address(), hops in proptest::collection::vec(address(), 0..6)) {
            let trusted = networks(&["10.0.0.0/8"]);
            let texts: Vec<String> = hops.iter().map(ToString::to_string).collect();
            let client = walk(peer, texts.iter().rev().map(String::as_str), &trusted);
            let path: Vec<IpAddr> = hops.into_iter().chain([peer]).collect();
            let place = path.iter().rposition(|hop| *hop == client && (!trusted[0].contains(hop) || *hop == path[0]));
            let place = place.expect("the client is on the path");
            prop_assert!(path[place + 1..].iter().all(|hop| trusted[0].contains(hop)));
        }

        #[test]
        fn without_trusted_proxies_the_header_is_not_looked_at(peer in address(), line in ".{0,60}") {
            prop_assert_eq!(walk(peer, line.rsplit(','), &[]), peer);
        }
    }
}

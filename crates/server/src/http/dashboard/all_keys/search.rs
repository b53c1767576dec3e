//! What the list of all keys is asked for: read from the address, and written into it again.

use keybearer_core::account::AccountId;
use keybearer_core::key::{DAY, KeyKind};
use keybearer_core::policy::PolicyId;
use keybearer_core::time::UnixMillis;
use keybearer_store::{KeyFilter, KeySort, KeyStateFilter};

use crate::http::dashboard::texts::msg;

/// Where the list is.
pub(in crate::http::dashboard) const PATH: &str = "/dashboard/keys";

/// The state of what is active or expired, as the address has it: these are the keys that pages count.
const UNREVOKED: &str = "unrevoked";

/// The list of the keys that pages count: by `owner` or `policy`.
pub(in crate::http::dashboard) fn unrevoked(name: &str, value: &str) -> String {
    let query = form_urlencoded::Serializer::new(String::new()).append_pair(name, value).append_pair(STATE.name, UNREVOKED).finish();
    format!("{PATH}?{query}")
}

/// A choice among few: its name in the address, and each value with its message. The first is taken where none is named.
struct Choice {
    name: &'static str,
    label: &'static str,
    options: &'static [(&'static str, &'static str)],
}

impl Choice {
    fn read(&self, text: &str) -> &'static str {
        self.options.iter().find(|(code, _)| *code == text).map_or(self.options[0].0, |(code, _)| code)
    }
}

const STATE: Choice = Choice {
    name: "state",
    label: msg("state"),
    options: &[
        ("active", msg("show-active")),
        ("expired", msg("show-expired")),
        (UNREVOKED, msg("show-unrevoked")),
        ("revoked", msg("show-revoked")),
        ("all", msg("show-all")),
    ],
};
const KIND: Choice = Choice {
    name: "kind",
    label: msg("kind"),
    options: &[("", msg("any")), ("account", msg("kind-account")), ("service", msg("kind-service"))],
};
const EXPIRY: Choice = Choice {
    name: "expires",
    label: msg("expires"),
    options: &[("", msg("any-time")), ("7", msg("within-7-days")), ("30", msg("within-30-days")), ("90", msg("within-90-days"))],
};
const UNUSED: Choice = Choice {
    name: "unused",
    label: msg("last-used"),
    options: &[("", msg("any-time")), ("7", msg("not-for-7-days")), ("30", msg("not-for-30-days")), ("90", msg("not-for-90-days"))],
};
const SORT: Choice = Choice {
    name: "sort",
    label: msg("sort"),
    options: &[
        ("-created", msg("sort-newest")),
        ("created", msg("sort-oldest")),
        ("name", msg("sort-name")),
        ("-name", msg("sort-name-down")),
        ("expires", msg("sort-expires")),
        ("-expires", msg("sort-expires-down")),
        ("-used", msg("sort-used-down")),
        ("used", msg("sort-used")),
    ],
};

/// A choice as the form offers it.
pub(in crate::http::dashboard) struct Offered {
    pub(in crate::http::dashboard) name: &'static str,
    pub(in crate::http::dashboard) label: &'static str,
    /// Value, message, and whether it is chosen.
    pub(in crate::http::dashboard) options: Vec<(&'static str, &'static str, bool)>,
}

/// Which keys are shown, and in which order.
pub(in crate::http::dashboard) struct Search {
    pub(in crate::http::dashboard) name: String,
    /// The user name of the owner.
    pub(in crate::http::dashboard) owner: String,
    /// The name or the id of the policy.
    pub(in crate::http::dashboard) policy: String,
    pub(in crate::http::dashboard) state: &'static str,
    kind: &'static str,
    expires: &'static str,
    unused: &'static str,
    sort: &'static str,
    /// Where the page begins.
    pub(in crate::http::dashboard) cursor: Option<String>,
}

/// How a column is ordered, and what a click on its head asks for.
pub(in crate::http::dashboard) struct Order {
    pub(in crate::http::dashboard) address: String,
    /// As `aria-sort` has it.
    pub(in crate::http::dashboard) aria: &'static str,
    /// The mark beside the head.
    pub(in crate::http::dashboard) mark: &'static str,
}

impl Search {
    /// Reads a query; what it does not know, it leaves out.
    pub(in crate::http::dashboard) fn parse(query: &str) -> Self {
        let pairs: Vec<(String, String)> = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        let value = |name: &str| pairs.iter().find(|(one, _)| one == name).map_or("", |(_, value)| value.trim());
        let choice = |choice: &Choice| choice.read(value(choice.name));
        Self {
            name: value("name").to_owned(),
            owner: value("owner").to_owned(),
            policy: value("policy").to_owned(),
            state: choice(&STATE),
            kind: choice(&KIND),
            expires: choice(&EXPIRY),
            unused: choice(&UNUSED),
            sort: choice(&SORT),
            cursor: Some(value("cursor")).filter(|text| !text.is_empty()).map(str::to_owned),
        }
    }

    /// The choices, each with what is chosen.
    fn choices(&self) -> [(&'static Choice, &'static str); 5] {
        [(&STATE, self.state), (&KIND, self.kind), (&EXPIRY, self.expires), (&UNUSED, self.unused), (&SORT, self.sort)]
    }

    /// The choices as the form offers them.
    pub(in crate::http::dashboard) fn offered(&self) -> Vec<Offered> {
        let offer = |(choice, chosen): (&Choice, &str)| Offered {
            name: choice.name,
            label: choice.label,
            options: choice.options.iter().map(|(code, label)| (*code, *label, *code == chosen)).collect(),
        };
        self.choices().into_iter().map(offer).collect()
    }

    /// Whether it leaves out more than what is dead.
    pub(in crate::http::dashboard) fn is_narrowed(&self) -> bool {
        !self.name.is_empty() || self.has_details()
    }

    /// Whether anything is chosen that the form folds away.
    pub(in crate::http::dashboard) fn has_details(&self) -> bool {
        !self.owner.is_empty() || !self.policy.is_empty() || [self.kind, self.expires, self.unused].iter().any(|chosen| !chosen.is_empty())
    }

    /// As a query, without what is so anyway, and with this cursor.
    pub(in crate::http::dashboard) fn query(&self, cursor: Option<&str>) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        let texts = [("name", &*self.name), ("owner", &*self.owner), ("policy", &*self.policy), ("cursor", cursor.unwrap_or_default())];
        query.extend_pairs(texts.iter().filter(|(_, value)| !value.is_empty()));
        query.extend_pairs(
            self.choices().iter().filter(|(choice, value)| choice.options[0].0 != *value).map(|(choice, value)| (choice.name, value)),
        );
        query.finish()
    }

    /// What leads back to this page of the list, as a parameter behind this mark; nothing where it is the plain list.
    pub(in crate::http::dashboard) fn carried(&self, mark: &str) -> String {
        let query = self.query(self.cursor.as_deref());
        if query.is_empty() {
            return query;
        }
        [mark, "back="].into_iter().chain(form_urlencoded::byte_serialize(query.as_bytes())).collect()
    }

    /// The address of the page that begins at this cursor.
    pub(in crate::http::dashboard) fn address(&self, cursor: Option<&str>) -> String {
        let query = self.query(cursor);
        if query.is_empty() { PATH.to_owned() } else { format!("{PATH}?{query}") }
    }

    /// How a column (`name`, `created`, `used`, `expires`) is ordered now, and what comes next.
    pub(in crate::http::dashboard) fn order(&self, column: &str) -> Order {
        let (up, down) = (SORT.read(column), SORT.read(&format!("-{column}")));
        let (next, aria, mark) = match self.sort {
            now if now == up => (down, "ascending", "↑"),
            now if now == down => (up, "descending", "↓"),
            _ => (up, "none", ""),
        };
        let asked =
            Self { sort: next, cursor: None, name: self.name.clone(), owner: self.owner.clone(), policy: self.policy.clone(), ..*self };
        Order { address: asked.address(None), aria, mark }
    }

    /// As the store takes the order.
    pub(in crate::http::dashboard) fn sort(&self) -> (KeySort, bool) {
        let (column, descending) = self.sort.strip_prefix('-').map_or((self.sort, false), |column| (column, true));
        let column = match column {
            "name" => KeySort::Name,
            "expires" => KeySort::Expires,
            "used" => KeySort::LastUsed,
            _ => KeySort::Created,
        };
        (column, descending)
    }

    /// As the store takes the rest, for the owner and the policy that were found by name.
    pub(in crate::http::dashboard) fn filter(&self, owner: Option<AccountId>, policy: Option<PolicyId>, now: UnixMillis) -> KeyFilter {
        let days = |text: &str| text.parse::<i64>().ok().map(|days| days * DAY);
        KeyFilter {
            kind: [KeyKind::Account, KeyKind::Service].into_iter().find(|kind| kind.as_str() == self.kind),
            owner,
            policy,
            state: match self.state {
                UNREVOKED => Some(KeyStateFilter::NotRevoked),
                "expired" => Some(KeyStateFilter::Expired),
                "revoked" => Some(KeyStateFilter::Revoked),
                "all" => None,
                _ => Some(KeyStateFilter::Active),
            },
            name: Some(self.name.clone()).filter(|name| !name.is_empty()),
            // What is younger than that had no time to lie idle.
            created_before: days(self.unused).map(|ago| now.minus(ago)),
            // The last moment of that time counts, as it does in the numbers of the overview.
            expires_before: days(self.expires).map(|ahead| now.plus(ahead + 1)),
            unused_since: days(self.unused).map(|ago| now.minus(ago)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_address_asks_is_written_back_into_it() {
        let query = "name=%3Cb%3E%26&owner=ada&policy=0198c0de-0000-7000-8000-000000000001&cursor=abc&state=all&kind=service&expires=30&unused=7&sort=-used";
        assert_eq!(Search::parse(query).query(Some("abc")), query);
        assert_eq!(Search::parse("state=none&kind=%00&sort=owner&evil=//host").address(None), PATH);
    }

    #[test]
    fn the_head_of_a_column_turns_its_order() {
        let order = |query: &str, column: &str| {
            let order = Search::parse(query).order(column);
            (order.address, order.aria)
        };
        assert_eq!(order("", "name"), ("/dashboard/keys?sort=name".to_owned(), "none"));
        assert_eq!(order("sort=name&cursor=x", "name"), ("/dashboard/keys?sort=-name".to_owned(), "ascending"));
        assert_eq!(order("name=a", "created"), ("/dashboard/keys?name=a&sort=created".to_owned(), "descending"));
    }
}

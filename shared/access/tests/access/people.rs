//! Made-up people and the group map that gives them their roles.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;
use trustwatch_access::{
    Action, Alert, Authoriser, Decision, GroupMap, Principal, Resource, SchoolRole, TrustRole,
};
use trustwatch_model::{Audience, SchoolId, SubjectKey};

/// Reading the policies takes far longer than a decision.
pub(crate) static AUTHORISER: LazyLock<Authoriser> = LazyLock::new(|| Authoriser::new().unwrap());

/// Every role id.
pub(crate) fn roles() -> Vec<&'static str> {
    let of_schools = SchoolRole::ALL.iter().map(|role| role.as_str());
    of_schools.chain(TrustRole::ALL.iter().map(|role| role.as_str())).collect()
}

/// Claims as the gateway hands them over.
pub(crate) fn claims(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// A person with these roles, as `role` or `role school`, who is the subject [`own_subject`].
pub(crate) fn person(roles: &[String]) -> Principal {
    stranger(roles).with_subjects(BTreeSet::from([own_subject()]))
}

/// The same, before anybody looked up which subjects they are.
pub(crate) fn stranger(roles: &[String]) -> Principal {
    let mut map = String::from("groups:\n");
    for (nth, role) in roles.iter().enumerate() {
        let line = match role.split_once(' ') {
            Some((role, school)) => format!("  g-{nth}: {{role: {role}, schools: [{school}]}}\n"),
            None => format!("  g-{nth}: {{role: {role}, schools: all}}\n"),
        };
        map.push_str(&line);
    }
    let groups: Vec<String> = (0..roles.len()).map(|nth| format!("g-{nth}")).collect();
    let claims = claims(&[("sub", "ab12"), ("groups", &format!("[{}]", groups.join(" ")))]);
    let map = GroupMap::parse(&map).unwrap();
    Principal::from_claims(&claims, &map).unwrap()
}

/// A person with one role: at the school oak, or in the trust.
pub(crate) fn one(role: &str) -> Principal {
    person(&[at(role, "oak")])
}

/// The role at a school, or in the trust.
pub(crate) fn at(role: &str, school: &str) -> String {
    if SchoolRole::parse(role).is_some() { format!("{role} {school}") } else { role.to_owned() }
}

/// A school of this name.
pub(crate) fn school(id: &str) -> SchoolId {
    SchoolId::new(id).unwrap()
}

/// The subject that every person here is.
pub(crate) fn own_subject() -> SubjectKey {
    SubjectKey::of_mac(&[7; 32])
}

/// A subject that nobody here is.
pub(crate) fn other_subject() -> SubjectKey {
    SubjectKey::of_mac(&[8; 32])
}

/// An alert on somebody else, in no queue.
pub(crate) fn alert(at: &str, audience: Audience) -> Alert {
    Alert {
        school: school(at),
        audience,
        queues: BTreeSet::new(),
        subject: Some(other_subject()),
        subject_is_head: false,
        subject_is_dsl: false,
    }
}

/// Whether it is allowed.
pub(crate) fn allows(who: &Principal, action: Action, what: &Resource) -> bool {
    AUTHORISER.authorise(who, action, what) == Decision::Allow
}

//! Who a token makes somebody, and what it cannot make them.

use crate::people::claims;
use proptest::prelude::*;
use trustwatch_access::{AccessError, Grant, GroupMap, Principal, SchoolRole, TrustRole};
use trustwatch_model::SchoolId;

const MAP: &str = "
groups:
  0760b6cf-170e-4a14-91b3-4b78e0739963: {role: dsl, schools: [oak, elm]}
  dev-head-oak: {role: head, schools: [oak]}
  dev-trust_lead: {role: trust_lead, schools: all}
";

fn of(pairs: &[(&str, &str)]) -> Result<Principal, AccessError> {
    Principal::from_claims(&claims(pairs), &GroupMap::parse(MAP).unwrap())
}

/// What the person may be, as `role school`.
fn granted(pairs: &[(&str, &str)]) -> Vec<String> {
    let word = |grant: &Grant| match grant {
        Grant::School { role, school } => format!("{} {school}", role.as_str()),
        Grant::Trust { role } => role.as_str().to_owned(),
    };
    of(pairs).unwrap().grants().iter().map(word).collect()
}

#[test]
fn groups_of_the_map_become_grants_and_others_nothing() {
    let dsl = "0760b6cf-170e-4a14-91b3-4b78e0739963";
    assert_eq!(granted(&[("sub", "a"), ("groups", &format!("[{dsl}]"))]), ["dsl elm", "dsl oak"]);
    assert_eq!(granted(&[("sub", "a"), ("groups", dsl)]), ["dsl elm", "dsl oak"]);
    let all = format!("[other {dsl} dev-head-oak dev-trust_lead {dsl}]");
    assert_eq!(granted(&[("sub", "a"), ("groups", &all)]), ["dsl elm", "dsl oak", "head oak", "trust_lead"]);
}

#[test]
fn a_role_that_the_token_names_by_itself_is_not_read() {
    for claim in ["role", "roles", "wids", "scp", "trust_lead", "dev-trust_lead", "Groups", "cognito:groups"]
    {
        let refused = of(&[("sub", "a"), (claim, "[trust_lead dev-trust_lead]")]);
        assert_eq!(refused, Err(AccessError::NoGrant { groups: 0 }), "{claim}");
    }
    // Nor is the id of a role a group.
    assert_eq!(of(&[("sub", "a"), ("groups", "[trust_lead]")]), Err(AccessError::NoGrant { groups: 1 }));
}

#[test]
fn a_group_cannot_smuggle_another() {
    for groups in [
        "",
        "[",
        "]",
        "[[dev-trust_lead]]",
        "[x [y dev-trust_lead] z]",
        "[x] [dev-trust_lead]",
        "[x] dev-trust_lead",
        "dev-trust_lead]",
        "[dev-trust_lead",
        "x dev-trust_lead",
        "[x  dev-trust_lead]",
        "[ dev-trust_lead]",
        "[dev-trust_lead ]",
        "[x,dev-trust_lead]",
        "x,dev-trust_lead",
        "[x\tdev-trust_lead]",
        "[x\u{a0}y dev-trust_lead]",
        "[All staff (oak) dev-trust_lead]",
        "[\"dev-trust_lead\"]",
        "map[dev-trust_lead:x]",
        "[dev-trust_lead\u{200b}]",
        "[dev-trust_lead\0]",
    ] {
        let refused = of(&[("sub", "a"), ("groups", groups)]);
        assert!(
            matches!(refused, Err(AccessError::Malformed { claim: "groups", .. })),
            "{groups}: {refused:?}"
        );
    }
    // Ids are compared letter by letter.
    assert_eq!(of(&[("sub", "a"), ("groups", "[DEV-TRUST_LEAD]")]), Err(AccessError::NoGrant { groups: 1 }));
}

#[test]
fn too_many_groups_says_what_to_do() {
    for (claim, value) in [
        ("_claim_names", "map[groups:src1]"),
        ("_claim_names", "{\"groups\":\"src1\"}"),
        ("hasgroups", "true"),
    ] {
        let refused = of(&[("sub", "a"), (claim, value)]).unwrap_err();
        assert_eq!(refused, AccessError::TooManyGroups, "{claim}");
        assert!(refused.to_string().contains("your account is in too many groups"));
        assert!(refused.to_string().contains("groups assigned to the application"));
    }
    // Groups that are there are believed, whatever else is elsewhere.
    assert_eq!(granted(&[("sub", "a"), ("groups", "[dev-head-oak]"), ("hasgroups", "true")]), ["head oak"]);
    // Other claims that were left out, or a plain no, are not about groups.
    for (claim, value) in [("_claim_names", "map[photos:src1]"), ("hasgroups", "false"), ("groups", "[]")] {
        assert_eq!(of(&[("sub", "a"), (claim, value)]), Err(AccessError::NoGrant { groups: 0 }), "{claim}");
    }
}

#[test]
fn the_id_is_the_directorys_own_where_it_has_one() {
    let id = |pairs: &[(&str, &str)]| {
        let pairs = [pairs, &[("groups", "[dev-head-oak]")]].concat();
        of(&pairs).map(|principal| principal.id().to_string())
    };
    assert_eq!(id(&[("sub", "ab|12")]).unwrap(), "sub:ab|12");
    assert_eq!(id(&[("sub", "ab"), ("tid", "t-1"), ("oid", "o-1")]).unwrap(), "entra:t-1/o-1");
    // One without the other could be of any tenant.
    assert_eq!(id(&[("sub", "ab"), ("oid", "o-1")]).unwrap(), "sub:ab");
    assert_eq!(id(&[("sub", "ab"), ("tid", "t-1")]).unwrap(), "sub:ab");

    assert_eq!(id(&[]), Err(AccessError::Missing { claim: "sub" }));
    assert_eq!(id(&[("tid", "t-1"), ("oid", "o-1")]), Err(AccessError::Missing { claim: "sub" }));
    for sub in ["", " ", "a b", "a\nb", "a\0", "jö", "a\u{202e}b"] {
        assert!(matches!(id(&[("sub", sub)]), Err(AccessError::Malformed { claim: "sub", .. })), "{sub:?}");
    }
    for oid in ["", "o/1", "o 1", "[o]", "ö"] {
        let refused = id(&[("sub", "ab"), ("tid", "t-1"), ("oid", oid)]);
        assert!(matches!(refused, Err(AccessError::Malformed { claim: "oid", .. })), "{oid:?}");
    }
}

#[test]
fn no_claim_is_read_beyond_its_limit() {
    let groups = format!("[{}]", vec!["g"; 9000].join(" "));
    for (claim, value, bytes_max) in [
        ("sub", "a".repeat(256), 255),
        ("oid", "o".repeat(65), 64),
        ("tid", "t".repeat(65), 64),
        ("groups", groups, 16 * 1024),
        ("preferred_username", "u".repeat(321), 320),
    ] {
        let mut all = claims(&[("sub", "ab"), ("groups", "[dev-head-oak]")]);
        let bytes = value.len();
        all.insert(claim.to_owned(), value);
        let refused = Principal::from_claims(&all, &GroupMap::parse(MAP).unwrap());
        assert_eq!(refused, Err(AccessError::Oversized { claim, bytes, bytes_max }));
    }
    assert!(of(&[("sub", &"a".repeat(255)), ("groups", "[dev-head-oak]")]).is_ok());
}

#[test]
fn logins_are_kept_for_subject_keys_and_shown_nowhere() {
    let pairs = [
        ("sub", "ab"),
        ("groups", "[dev-head-oak]"),
        ("preferred_username", "j.bloggs@oak.example.sch.uk"),
        ("upn", "OAK\\j.bloggs"),
    ];
    let principal = of(&pairs).unwrap();
    let logins: Vec<&str> = principal.logins().iter().map(String::as_str).collect();
    assert_eq!(logins, ["OAK\\j.bloggs", "j.bloggs@oak.example.sch.uk"]);
    assert!(!format!("{principal:?}").contains("bloggs"));

    let refused = of(&[("sub", "ab"), ("groups", "[dev-head-oak]"), ("email", "j\u{7}@oak.example.sch.uk")]);
    assert!(matches!(refused, Err(AccessError::Malformed { claim: "email", .. })));
    assert!(!refused.unwrap_err().to_string().contains("oak.example"));
}

#[test]
fn grants_are_answered_as_role_and_school() {
    let grants = [
        Grant::School { role: SchoolRole::Dsl, school: SchoolId::new("oak").unwrap() },
        Grant::Trust { role: TrustRole::TrustLead },
    ];
    let json = serde_json::to_string(&grants).unwrap();
    assert_eq!(json, r#"[{"role":"dsl","school":"oak"},{"role":"trust_lead"}]"#);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_the_claims_hold_only_whole_ids_of_the_map_grant(groups in "[\\[\\] ,dev\\-trusl_a0\u{a0}]{0,40}|.{0,30}") {
        let granted = of(&[("sub", "a"), ("groups", &groups)]).is_ok();
        // The plain rule: one id, or a bracketed list of them with one space between.
        let inner = groups.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(&groups);
        let named = inner.split(' ').any(|id| ["dev-head-oak", "dev-trust_lead"].contains(&id));
        prop_assert!(!granted || named, "{}", groups);
    }

    #[test]
    fn a_list_of_ids_is_taken_apart_as_it_was_put_together(
        ids in prop::collection::vec("[A-Za-z0-9_-]{1,64}", 0..40),
        ours: bool,
    ) {
        let mut ids = ids;
        if ours {
            ids.push("dev-head-oak".to_owned());
        }
        let result = of(&[("sub", "a"), ("groups", &format!("[{}]", ids.join(" ")))]);
        prop_assert_eq!(result.is_ok(), ours);
    }
}

//! A manifest is read back as it was written, and one of another layout is refused.

use std::collections::BTreeMap;
use trustwatch_lake::{Manifest, ManifestError, Outcome, Pins, SCHEMA_NUMBER, Stage, keys};
use trustwatch_model::{Counts, ObjectVersion, QuarantineReason, SourceId};

fn manifest(outcome: Outcome) -> Manifest {
    let source = ObjectVersion {
        bucket: "raw".into(),
        key: "oak/web/x".into(),
        version_id: "v1".into(),
        bytes: 5,
        arrived_at: 1,
    };
    Manifest {
        schema: SCHEMA_NUMBER,
        stage: Stage::Normalise,
        source_id: SourceId::of("raw", "oak/web/x", "v1"),
        school: "oak".into(),
        feed: "web".into(),
        source,
        outcome,
        counts: Counts::default(),
        repeats: None,
        broken_off: None,
        held: None,
        parts: Vec::new(),
        rejects: Vec::new(),
        rejects_by_reason: BTreeMap::new(),
        unknown_header: None,
        pins: Pins { arrived_at: 1, feed: Err(QuarantineReason::UnknownFeed) },
        writer: "test".into(),
    }
}

#[test]
fn every_outcome_is_read_back() {
    let reasons = [
        QuarantineReason::BadKey { detail: "x".into() },
        QuarantineReason::UnknownSchool,
        QuarantineReason::Damaged { detail: "x".into(), lines_read: 3 },
        QuarantineReason::Expansion { compressed_bytes: 1, expanded_bytes: 2 },
    ];
    let outcomes =
        reasons.into_iter().map(|reason| Outcome::Quarantined { reason }).chain([Outcome::Complete]);
    for outcome in outcomes {
        let written = manifest(outcome);
        let read = Manifest::from_json(&written.to_json().unwrap()).unwrap();
        assert_eq!(read, written);
        assert_eq!(read.is_complete(), read.outcome == Outcome::Complete);
    }
}

#[test]
fn the_layout_before_is_still_read() {
    let before = Manifest { schema: SCHEMA_NUMBER - 1, ..manifest(Outcome::Complete) };
    assert_eq!(Manifest::from_json(&before.to_json().unwrap()).unwrap(), before);
}

#[test]
fn a_later_layout_is_refused() {
    let later = Manifest { schema: SCHEMA_NUMBER + 1, ..manifest(Outcome::Complete) };
    let error = Manifest::from_json(&later.to_json().unwrap()).unwrap_err();
    assert!(matches!(error, ManifestError::Schema(_)), "{error}");
    assert!(Manifest::from_json(b"{}").is_err());
}

#[test]
fn no_school_can_be_the_unroutable_one() {
    assert!(trustwatch_model::SchoolId::new(keys::UNROUTABLE).is_err());
    assert_eq!(keys::manifest(Stage::Tail, "oak", "id"), "manifests/v1/tail/oak/id.json");
}

#[test]
fn a_stage_has_a_word_for_keys_and_one_for_the_table() {
    let words = [Stage::Normalise, Stage::Tail].map(|stage| (stage.as_str(), stage.table_key()));
    assert_eq!(words, [("normalise", "NORMALISE"), ("tail", "TAIL")]);
}

//! A made-up finding.

use trustwatch_lake::{FindingRow, Shown};
use trustwatch_model::{
    Attribution, Audience, Distinct, Finding, RuleId, Severity, SourceId, SubjectKey, Threshold,
};

pub(crate) const MONDAY: i64 = 1_792_971_000_000_000;

pub(crate) fn row(line: u64) -> FindingRow {
    let finding = Finding {
        source_id: SourceId::of("raw", "oak/web/a.log", "v1"),
        line,
        event_at: MONDAY + i64::try_from(line).unwrap(),
        rule: RuleId::new("gambling").unwrap(),
        category: "gambling".into(),
        policy: 7,
        severity: Severity::MEDIUM,
        threshold: Threshold { count: 3, within_ms: 1_800_000, distinct: Distinct::Thing },
        grid_ms: 86_400_000,
        audience: Audience::Pupil,
        subject_role: None,
        attribution: Attribution::SharedLogin,
        subject: SubjectKey::of_mac(&[7; 32]),
        thing: "ab".into(),
        matched: vec!["bets.example".into(), "naïve, \"quoted\"".into()],
        factors: Vec::new(),
    };
    let shown = Shown {
        user_name: Some("year3".into()),
        url_domain: Some("bets.example".into()),
        ..Shown::default()
    };
    FindingRow { finding, shown }
}

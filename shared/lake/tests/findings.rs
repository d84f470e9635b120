//! What was written as findings is read back as it was.
#![allow(clippy::unwrap_used, reason = "tests fail as tests do")]

use bytes::Bytes;
use trustwatch_lake::{FindingRow, FindingsWriter, PartLimits, Shown, read_findings};
use trustwatch_model::{
    Attribution, Audience, Distinct, Finding, RuleId, Severity, SourceId, SubjectKey, Threshold,
};

const MONDAY: i64 = 1_792_971_000_000_000;

fn row(line: u64) -> FindingRow {
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

#[test]
fn findings_are_read_back_as_they_were_written() {
    for rows in [1, 5_000] {
        let written: Vec<FindingRow> = (1..=rows).map(row).collect();
        let day = jiff::civil::date(2026, 10, 26);
        let mut writer = FindingsWriter::new("oak", day, &PartLimits::default()).unwrap();
        for row in &written {
            writer.push(row.clone()).unwrap();
        }
        let part = writer.finish().unwrap().unwrap();
        assert_eq!((part.entry.rows, part.entry.date), (rows, day));
        assert_eq!(
            (part.entry.first_event_at, part.entry.last_event_at),
            (MONDAY + 1, MONDAY + i64::try_from(rows).unwrap())
        );
        assert!(part.entry.key.starts_with("findings/v1/school=oak/date=2026-10-26/"));
        assert_eq!(read_findings(Bytes::from(part.bytes)).unwrap(), written);
    }
}

#[test]
fn nothing_found_is_no_file() {
    let writer = FindingsWriter::new("oak", jiff::civil::date(2026, 10, 26), &PartLimits::default()).unwrap();
    assert!(writer.finish().unwrap().is_none());
}

#[test]
fn what_is_no_findings_part_is_refused() {
    assert!(read_findings(Bytes::from_static(b"PAR1 and no more")).is_err());
}

//! Judging, against a plain evaluator and in the situations that schools told of.

use super::*;
use arrow_array::{ArrayRef, TimestampMicrosecondArray};
use std::sync::Arc;

mod reference;
mod situations;
mod times;

/// One made-up event.
#[derive(Debug, Clone)]
struct Event {
    event_at: i64,
    school: &'static str,
    user_name: Option<String>,
    host: Option<String>,
    search: Option<String>,
    category: Option<String>,
    action: Option<Action>,
    attribution: Attribution,
    intent: Intent,
}

/// A page that nothing is known of but that a user of a school asked for it.
const PAGE: Event = Event {
    event_at: 1_790_000_000_000_000,
    school: "oak",
    user_name: None,
    host: None,
    search: None,
    category: None,
    action: Some(Action::Allowed),
    attribution: Attribution::User,
    intent: Intent::Page,
};

fn batch_of(events: &[Event]) -> RecordBatch {
    fn texts<'e>(events: &'e [Event], get: impl Fn(&'e Event) -> Option<&'e str>) -> ArrayRef {
        Arc::new(events.iter().map(get).collect::<StringArray>())
    }
    let times = TimestampMicrosecondArray::from_iter_values(events.iter().map(|event| event.event_at));
    let columns: [(&str, ArrayRef); 9] = [
        ("event_at", Arc::new(times.with_timezone("UTC"))),
        ("school", texts(events, |event| Some(event.school))),
        ("user_name", texts(events, |event| event.user_name.as_deref())),
        ("url_domain", texts(events, |event| event.host.as_deref())),
        ("search_terms", texts(events, |event| event.search.as_deref())),
        ("action", texts(events, |event| event.action.map(Action::as_str))),
        ("filter_category", texts(events, |event| event.category.as_deref())),
        ("attribution", texts(events, |event| Some(event.attribution.as_str()))),
        ("intent", texts(events, |event| Some(event.intent.as_str()))),
    ];
    RecordBatch::try_from_iter_with_nullable(columns.map(|(name, column)| (name, column, true))).unwrap()
}

const ROSTER: &[u8] = b"user_name,aliases,audience,year_group,form,school,leaving_date\n\
    ann,ann.oak,pupil,5,5A,oak,\n\
    ann,,staff,,,elm,\n\
    bob,,staff,,,oak,\n\
    vic,,visitor,,,oak,\n\
    lee,,pupil,6,6B,oak,2026-09-20\n";

fn roster() -> Roster {
    let (roster, mistakes) = Roster::parse(ROSTER);
    assert!(mistakes.is_empty(), "{mistakes}");
    roster
}

#[test]
fn a_batch_that_the_lake_did_not_write_is_refused_and_not_half_judged() {
    let policy = Policy::parse(crate::STARTER).unwrap();
    let judge = Judge::new(&policy).unwrap();
    let whole = batch_of(&[Event { search: Some("how to die".into()), ..PAGE }]);
    let without = |name: &str| {
        let kept: Vec<usize> =
            (0..whole.num_columns()).filter(|index| whole.schema().field(*index).name() != name).collect();
        judge.batch(&whole.project(&kept).unwrap(), "squid", &roster()).unwrap_err().to_string()
    };
    for name in ["event_at", "school", "user_name", "search_terms", "attribution", "intent", "action"] {
        assert_eq!(without(name), format!("the batch has no column `{name}` of the expected type"));
    }
    let wrong: ArrayRef = Arc::new(StringArray::from(vec!["sleep"]));
    let schema = whole.schema();
    let columns = schema.fields().iter().zip(whole.columns()).map(|(field, column)| {
        let column = if field.name() == "intent" { wrong.clone() } else { column.clone() };
        (field.name().clone(), column, true)
    });
    let other = RecordBatch::try_from_iter_with_nullable(columns.collect::<Vec<_>>()).unwrap();
    let error = judge.batch(&other, "squid", &roster()).unwrap_err();
    assert_eq!(error.to_string(), "column `intent` holds `sleep`, which is none of its words");
}

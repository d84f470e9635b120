//! Where things lie in the lake bucket. Every name is a function of its content or of the source.

use crate::{JudgedOf, Stage};
use jiff::civil::Date;
use trustwatch_model::SourceId;

/// Segment that stands for the school of an object that has none we know. No school id can be this.
pub const UNROUTABLE: &str = "_unroutable";

/// An events part: `date` is the UTC day of its events.
#[must_use]
pub fn events(school: &str, date: Date, sha256: &str) -> String {
    format!("events/v1/school={school}/date={date}/{sha256}.parquet")
}

/// A findings part: `date` is the UTC day of its events.
#[must_use]
pub fn findings(school: &str, date: Date, sha256: &str) -> String {
    format!("findings/v1/school={school}/date={date}/{sha256}.parquet")
}

/// A reject file: `arrived` is the UTC day on which the object arrived, because a reject may have no time.
#[must_use]
pub fn rejects(school: &str, arrived: Date, sha256: &str) -> String {
    format!("rejects/v1/school={school}/arrived={arrived}/{sha256}.jsonl.zst")
}

/// The manifest of a source: the commit of a stage.
#[must_use]
pub fn manifest(stage: Stage, school: &str, source_id: &str) -> String {
    format!("{}{source_id}.json", manifests(stage, Some(school)))
}

/// The manifest of a judgement. The first generation is named by what was judged alone.
#[must_use]
pub fn judged(school: &str, id: &SourceId, generation: u32) -> String {
    let prefix = all_judged(Some(school));
    if generation == 0 { format!("{prefix}{id}.json") } else { format!("{prefix}{id}.{generation}.json") }
}

/// Prefix of all manifests of judgements, of one school or of all.
#[must_use]
pub fn all_judged(school: Option<&str>) -> String {
    school.map_or_else(
        || "manifests/v1/classify/".to_owned(),
        |school| format!("manifests/v1/classify/{school}/"),
    )
}

/// What the key of a manifest says of itself: its school, and what a judgement of it is of. `None` for a key that is
/// not that of a manifest of events: what has no school has none.
#[must_use]
pub fn to_judge(key: &str) -> Option<(&str, JudgedOf)> {
    [Stage::Normalise, Stage::Tail].into_iter().find_map(|stage| {
        let rest = key.strip_prefix(&manifests(stage, None))?;
        let (school, name) = rest.split_once('/').filter(|(school, _)| *school != UNROUTABLE)?;
        let source_id = SourceId::parse(name.strip_suffix(".json")?)?;
        Some((school, JudgedOf { stage, source_id }))
    })
}

/// Prefix of all manifests of a stage, of one school or of all.
#[must_use]
pub fn manifests(stage: Stage, school: Option<&str>) -> String {
    let stage = stage.as_str();
    school
        .map_or_else(|| format!("manifests/v1/{stage}/"), |school| format!("manifests/v1/{stage}/{school}/"))
}

//! Where things lie in the lake bucket. Every name is a function of its content or of the source.

use crate::Stage;
use jiff::civil::Date;

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

/// Prefix of all manifests of a stage, of one school or of all.
#[must_use]
pub fn manifests(stage: Stage, school: Option<&str>) -> String {
    let stage = stage.as_str();
    school
        .map_or_else(|| format!("manifests/v1/{stage}/"), |school| format!("manifests/v1/{stage}/{school}/"))
}

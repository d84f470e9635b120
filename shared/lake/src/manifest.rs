//! The manifest: the one object that makes the parts of a source visible. It is put last and never replaced.

use jiff::civil::Date;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use trustwatch_model::{
    Counts, FeedSettings, HeldLine, ObjectVersion, QuarantineReason, RejectReason, SourceId,
};

/// Number of the layout of parts and manifests. Readers accept this one and the one before.
pub const SCHEMA_NUMBER: u32 = 1;

/// A stage that commits manifests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Lines to events.
    Normalise,
    /// The last line of a version that came without its newline.
    Tail,
}

impl Stage {
    /// The word in keys.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Normalise => "normalise",
            Self::Tail => "tail",
        }
    }

    /// The word in table keys.
    #[must_use]
    pub const fn table_key(self) -> &'static str {
        match self {
            Self::Normalise => "NORMALISE",
            Self::Tail => "TAIL",
        }
    }
}

/// What the first claim of a stage wrote down, so that every retry works from the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pins {
    /// Arrival of the object: microseconds since 1970 UTC.
    pub arrived_at: i64,
    /// How to read the feed, or why that is not known.
    pub feed: Result<FeedPin, QuarantineReason>,
}

/// Settings of the feed and the version of the object that they were read from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FeedPin {
    /// Format, zone, horizon.
    pub settings: FeedSettings,
    /// Version id of the school's settings.
    pub settings_version: String,
}

/// Whether the object was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Outcome {
    /// Every line has its place in the counts.
    Complete,
    /// The object was set aside as a whole; it has no parts.
    Quarantined {
        /// Why.
        reason: QuarantineReason,
    },
}

/// One events part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartRef {
    /// Key in the lake bucket.
    pub key: String,
    /// UTC day of its events.
    pub date: Date,
    /// Rows.
    pub rows: u64,
    /// Length.
    pub bytes: u64,
    /// SHA-256 of the file.
    pub sha256: String,
    /// Earliest event: microseconds since 1970 UTC.
    pub first_event_at: i64,
    /// Latest event.
    pub last_event_at: i64,
}

/// One reject file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RejectsRef {
    /// Key in the lake bucket.
    pub key: String,
    /// Lines in it.
    pub lines: u64,
    /// Length.
    pub bytes: u64,
    /// SHA-256 of the file.
    pub sha256: String,
}

/// The first of the versions of a key that break off with the same text. It delivers the line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BrokenOff {
    /// Its version id.
    pub version_id: String,
    /// Its arrival: microseconds since 1970 UTC.
    pub arrived_at: i64,
}

impl From<&ObjectVersion> for BrokenOff {
    fn from(version: &ObjectVersion) -> Self {
        Self { version_id: version.version_id.clone(), arrived_at: version.arrived_at }
    }
}

/// The commit of a stage for one source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// [`SCHEMA_NUMBER`] of the writer.
    pub schema: u32,
    /// Stage.
    pub stage: Stage,
    /// Name of the source.
    pub source_id: SourceId,
    /// First segment of the key, or `_unroutable`.
    pub school: String,
    /// Second segment of the key, or `_unroutable`.
    pub feed: String,
    /// The version that was read.
    pub source: ObjectVersion,
    /// Read or set aside.
    #[serde(flatten)]
    pub outcome: Outcome,
    /// The account of its lines. All zero when it was set aside.
    pub counts: Counts,
    /// The version whose lines were taken as repeats.
    pub repeats: Option<String>,
    /// Where the last line came without its newline: who was first to say so, this version or an older one.
    pub broken_off: Option<BrokenOff>,
    /// A last line that waits for its end.
    pub held: Option<HeldLine>,
    /// Events.
    pub parts: Vec<PartRef>,
    /// Rejects.
    pub rejects: Vec<RejectsRef>,
    /// Rejects by reason.
    pub rejects_by_reason: BTreeMap<RejectReason, u64>,
    /// Where rows stand below a header that is not known: its names and what to set, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unknown_header: Option<String>,
    /// Inputs.
    pub pins: Pins,
    /// Name and version of the writer.
    pub writer: String,
}

/// A manifest that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    /// Not a manifest.
    #[error("cannot read a manifest")]
    Json(#[from] serde_json::Error),
    /// Of another layout.
    #[error(
        "the manifest has schema {0}, this build reads {SCHEMA_NUMBER} and the one before: update trustwatch"
    )]
    Schema(u32),
}

/// A manifest of any stage: JSON with the number of its layout.
pub(crate) trait Layout: DeserializeOwned {
    /// [`SCHEMA_NUMBER`] of the writer.
    fn schema(&self) -> u32;
}

pub(crate) fn from_json<M: Layout>(bytes: &[u8]) -> Result<M, ManifestError> {
    let manifest: M = serde_json::from_slice(bytes)?;
    let schema = manifest.schema();
    if schema > SCHEMA_NUMBER || schema + 1 < SCHEMA_NUMBER {
        return Err(ManifestError::Schema(schema));
    }
    Ok(manifest)
}

impl Layout for Manifest {
    fn schema(&self) -> u32 {
        self.schema
    }
}

impl Manifest {
    /// Reads a manifest.
    ///
    /// # Errors
    /// When it is not JSON of this shape, or of a schema that this build does not read.
    pub fn from_json(bytes: &[u8]) -> Result<Self, ManifestError> {
        from_json(bytes)
    }

    /// Writes the manifest. The same manifest gives the same bytes.
    ///
    /// # Errors
    /// Never for a manifest of our own; the signature is `serde_json`'s.
    pub fn to_json(&self) -> Result<Vec<u8>, ManifestError> {
        Ok(serde_json::to_vec(self)?)
    }

    /// Whether the events of this manifest were accounted for (and may be counted as repeats by a later version).
    #[must_use]
    pub const fn is_complete(&self) -> bool {
        matches!(self.outcome, Outcome::Complete)
    }
}

//! The manifest of a judgement: what one policy found in the events of one source. It is put last, once a generation.

use crate::manifest::{Layout, from_json};
use crate::{ManifestError, PartRef, Stage};
use serde::{Deserialize, Serialize};
use trustwatch_model::SourceId;

/// The manifest that was judged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JudgedOf {
    /// Its stage.
    pub stage: Stage,
    /// Its source.
    pub source_id: SourceId,
}

impl JudgedOf {
    /// Name of what was judged. A held line that was settled later is judged for itself, beside the rest of its
    /// source, so it has a name of its own.
    #[must_use]
    pub fn id(&self) -> SourceId {
        match self.stage {
            Stage::Normalise => self.source_id.clone(),
            Stage::Tail => self.source_id.of_tail(),
        }
    }
}

/// What the first claim of a judgement wrote down, so that every retry judges by the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JudgePins {
    /// Arrival of the object: microseconds since 1970 UTC.
    pub arrived_at: i64,
    /// Version id of the timeline of policies.
    pub timeline: String,
    /// Version id of the school's roster, if it has one.
    pub roster: Option<String>,
}

/// The commit of a judgement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JudgedManifest {
    /// [`crate::SCHEMA_NUMBER`] of the writer.
    pub schema: u32,
    /// Name of what was judged, and of its findings.
    pub source_id: SourceId,
    /// 0 for the first judgement of a source.
    pub generation: u32,
    /// What was judged.
    pub of: JudgedOf,
    /// School.
    pub school: String,
    /// Feed.
    pub feed: String,
    /// Events that were looked at.
    pub events: u64,
    /// Findings that found no room: only beyond the most that one source may have, and never severe ones first.
    pub left_out: u64,
    /// Findings.
    pub parts: Vec<PartRef>,
    /// Inputs.
    pub pins: JudgePins,
    /// Name and version of the writer.
    pub writer: String,
}

impl Layout for JudgedManifest {
    fn schema(&self) -> u32 {
        self.schema
    }
}

impl JudgedManifest {
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

    /// Findings in all parts.
    #[must_use]
    pub fn findings(&self) -> u64 {
        self.parts.iter().map(|part| part.rows).sum()
    }
}

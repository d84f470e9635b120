//! One version of one raw object, and why a whole object may be set aside.

use serde::{Deserialize, Serialize};

/// A version of a raw object as S3 lists it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObjectVersion {
    /// Bucket.
    pub bucket: String,
    /// Decoded key.
    pub key: String,
    /// Version id.
    pub version_id: String,
    /// Stored (compressed) length.
    pub bytes: u64,
    /// `Last-Modified`: microseconds since 1970 UTC. This is the arrival of the object.
    pub arrived_at: i64,
}

/// Why an object was set aside as a whole. The object stays where it is; its manifest says this.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "code", rename_all = "snake_case")]
pub enum QuarantineReason {
    /// The key breaks a rule.
    BadKey {
        /// Which.
        detail: String,
    },
    /// No school of this id is registered.
    UnknownSchool,
    /// The school has no feed of this id.
    UnknownFeed,
    /// The feed names a format that this build does not know.
    UnknownFormat {
        /// The name.
        format: String,
    },
    /// The school's settings cannot be read.
    BadSettings {
        /// What, and where.
        detail: String,
    },
    /// The compressed data is damaged or ends early.
    Damaged {
        /// What the decoder said.
        detail: String,
        /// Complete lines that could be read before it.
        lines_read: u64,
    },
    /// The lines jump between so many days that the object would become too many files.
    Scattered {
        /// Files when it was stopped.
        files: u64,
    },
    /// The object expands beyond the limit.
    Expansion {
        /// Bytes in.
        compressed_bytes: u64,
        /// Bytes out when it was stopped.
        expanded_bytes: u64,
    },
}

impl QuarantineReason {
    /// The word that stands on the feed and in metrics.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::BadKey { .. } => "bad_key",
            Self::UnknownSchool => "unknown_school",
            Self::UnknownFeed => "unknown_feed",
            Self::UnknownFormat { .. } => "unknown_format",
            Self::BadSettings { .. } => "bad_settings",
            Self::Damaged { .. } => "damaged",
            Self::Scattered { .. } => "scattered",
            Self::Expansion { .. } => "expansion",
        }
    }

    /// What happened and what to do, for the person who runs the feed.
    #[must_use]
    pub fn advice(&self) -> String {
        match self {
            Self::BadKey { detail } => {
                format!("{detail}; upload to `<school>/<feed>/<name>` and send the file again")
            }
            Self::UnknownSchool => {
                "no school of this id is registered: register one of its feeds with `trustwatch feed set`, then send the file again".to_owned()
            }
            Self::UnknownFeed => {
                "the school has no feed of this id: register it with `trustwatch feed set`, then send the file again".to_owned()
            }
            Self::UnknownFormat { format } => {
                format!("the feed's format `{format}` is not known: set one that `trustwatch formats` lists, then send the file again")
            }
            Self::BadSettings { detail } => {
                format!("the school's settings cannot be read ({detail}): mend them with `trustwatch feed set` or, where that cannot read them either, put the version before back in the config bucket; then send the file again")
            }
            Self::Damaged { detail, lines_read } => {
                format!("the compressed file is damaged after {lines_read} complete line(s) ({detail}): send it again whole")
            }
            Self::Scattered { files } => {
                format!("the lines jump between so many days that they would become more than {files} files: sort the file by time and send it again")
            }
            Self::Expansion { compressed_bytes, expanded_bytes } if compressed_bytes >= expanded_bytes => {
                format!("it has more than {expanded_bytes} bytes, the most that is read of one object: split it at the end of a line and send the pieces under names of their own")
            }
            Self::Expansion { compressed_bytes, expanded_bytes } => {
                format!("{compressed_bytes} bytes expand to more than {expanded_bytes}: this is not a log; check what was uploaded")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_has_the_code_of_its_manifest_and_says_what_to_do() {
        let detail = || "what it was".to_owned();
        let check = |reason: QuarantineReason, facts: &[&str], deed: &str| {
            assert_eq!(serde_json::to_value(&reason).unwrap()["code"], reason.code());
            let advice = reason.advice();
            for words in facts.iter().chain([&deed]) {
                assert!(advice.contains(words), "`{words}` is not in: {advice}");
            }
        };
        check(QuarantineReason::BadKey { detail: detail() }, &["what it was"], "upload to");
        check(QuarantineReason::UnknownSchool, &["no school"], "register");
        check(QuarantineReason::UnknownFeed, &["no feed"], "register");
        check(QuarantineReason::UnknownFormat { format: "smoke".to_owned() }, &["`smoke`"], "set one");
        check(QuarantineReason::BadSettings { detail: detail() }, &["what it was"], "mend them");
        check(
            QuarantineReason::Damaged { detail: detail(), lines_read: 7 },
            &["what it was", "7"],
            "send it",
        );
        check(QuarantineReason::Scattered { files: 513 }, &["513"], "sort the file");
        let expansion = QuarantineReason::Expansion { compressed_bytes: 90, expanded_bytes: 18_001 };
        check(expansion, &["90", "18001"], "check what was uploaded");
        // The decoder may have a little in hand of a plain file, but never gives out more than it took in.
        for stored in [18_001, 18_100] {
            let plain = QuarantineReason::Expansion { compressed_bytes: stored, expanded_bytes: 18_001 };
            check(plain, &["18001"], "split it");
        }
    }
}

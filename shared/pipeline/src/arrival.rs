//! An object that arrived, the versions of its key around it, and the inputs that its first claim pins.

use crate::commit::Context;
use crate::settings::{SettingsError, load_school};
use crate::step::{At, Cause, StepError};
use std::collections::VecDeque;
use trustwatch_lake::{FeedPin, Pins, keys};
use trustwatch_model::{ObjectVersion, QuarantineReason, RawKey, SourceId};
use trustwatch_store::StoreError;

/// What an event says of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrival {
    /// Bucket.
    pub bucket: String,
    /// Decoded key.
    pub key: String,
    /// Version id; `null` in a bucket that keeps no versions.
    pub version_id: String,
}

impl Arrival {
    /// Name of the source.
    #[must_use]
    pub fn source_id(&self) -> SourceId {
        SourceId::of(&self.bucket, &self.key, &self.version_id)
    }
}

impl Arrival {
    /// An object of the lake, which is put once and has no versions to tell apart.
    pub(crate) fn in_lake(context: &Context, key: String) -> Self {
        let bucket = context.store.names().lake.clone();
        Self { bucket, key, version_id: "null".to_owned() }
    }
}

impl From<&ObjectVersion> for Arrival {
    fn from(version: &ObjectVersion) -> Self {
        Self {
            bucket: version.bucket.clone(),
            key: version.key.clone(),
            version_id: version.version_id.clone(),
        }
    }
}

/// A version among the versions of its key.
#[derive(Debug, Clone)]
pub(crate) struct Versions {
    /// The version itself.
    pub(crate) this: ObjectVersion,
    /// Those that came after it, the next one first. As with the older ones, uploads of no bytes are passed over: they
    /// say nothing of the file.
    pub(crate) newer: Vec<ObjectVersion>,
    /// Whether there are more that came after it than are kept.
    pub(crate) is_crowded: bool,
    /// Those that came before it.
    pub(crate) older: Older,
}

/// The versions that came before one, the nearest first, read from the listing as they are asked for.
#[derive(Debug, Clone)]
pub(crate) struct Older {
    key: String,
    known: VecDeque<ObjectVersion>,
    next: Option<String>,
    looked_at: usize,
}

impl Older {
    /// The next older version; `None` when there is none.
    ///
    /// # Errors
    /// That of the listing, or [`Cause::Crowded`] beyond [`crate::Limits::versions_max`].
    pub(crate) async fn next(&mut self, context: &Context) -> Result<Option<ObjectVersion>, Cause> {
        loop {
            if let Some(version) = self.known.pop_front() {
                self.looked_at += 1;
                let versions_max = context.limits.versions_max;
                let is_crowded = self.looked_at > versions_max;
                return if is_crowded { Err(Cause::Crowded { versions_max }) } else { Ok(Some(version)) };
            }
            let Some(next) = self.next.take() else { return Ok(None) };
            let page = context.store.raw_versions(&self.key, Some(&next)).await?;
            let past = page.entries.iter().any(|entry| entry.key != self.key);
            let of_key = page.entries.into_iter().filter(|entry| entry.key == self.key && entry.bytes > 0);
            self.known.extend(of_key);
            self.next = page.next.filter(|_| !past);
        }
    }
}

/// Finds a version among the versions of its key, by S3's order. `None` when it is gone.
///
/// S3 lists the newest version of a key first and can begin behind a version but not end at one, so the newer ones are
/// read even where only the older ones are wanted: a page of a thousand is one call. To begin at the version itself
/// would need its arrival from elsewhere; `HeadObject` tells it in whole seconds, and every worker must see the same.
pub(crate) async fn versions_around(
    context: &Context,
    arrival: &Arrival,
) -> Result<Option<Versions>, StoreError> {
    let (mut newer, mut is_crowded) = (VecDeque::new(), false);
    let mut next: Option<String> = None;
    loop {
        let page = context.store.raw_versions(&arrival.key, next.as_deref()).await?;
        // The key itself comes before longer keys.
        let past = page.entries.iter().any(|entry| entry.key != arrival.key);
        next = page.next.filter(|_| !past);
        let mut entries = page.entries.into_iter().filter(|entry| entry.key == arrival.key);
        while let Some(entry) = entries.next() {
            if entry.version_id == arrival.version_id {
                let (key, known) = (arrival.key.clone(), entries.filter(|entry| entry.bytes > 0).collect());
                let older = Older { key, known, next, looked_at: 0 };
                return Ok(Some(Versions { this: entry, newer: newer.into(), is_crowded, older }));
            }
            if entry.bytes == 0 {
                continue;
            }
            // The newest come first, and the nearest are wanted.
            newer.push_front(entry);
            is_crowded |= newer.len() > context.limits.versions_max;
            newer.truncate(context.limits.versions_max);
        }
        if next.is_none() {
            return Ok(None);
        }
    }
}

/// The pins of a source with the names that follow from its key.
#[derive(Debug, Clone)]
pub struct SourcePins {
    /// Source.
    pub source_id: SourceId,
    /// First segment of the key, or `_unroutable`.
    pub school: String,
    /// Second segment of the key, or `_unroutable`.
    pub feed: String,
    /// Inputs.
    pub pins: Pins,
}

impl SourcePins {
    /// Names follow from the key and the pins alone, so that a retry after a change of settings finds the same
    /// manifest.
    pub(crate) fn new(version: &ObjectVersion, pins: Pins) -> Self {
        let nowhere =
            matches!(pins.feed, Err(QuarantineReason::BadKey { .. } | QuarantineReason::UnknownSchool));
        let (school, feed) = match RawKey::parse(&version.key) {
            Ok(key) if !nowhere => (key.school.to_string(), key.feed.to_string()),
            _ => (keys::UNROUTABLE.to_owned(), keys::UNROUTABLE.to_owned()),
        };
        Self { source_id: Arrival::from(version).source_id(), school, feed, pins }
    }

    pub(crate) fn to_json(&self) -> Result<String, StepError> {
        serde_json::to_string(&self.pins).map_err(Cause::Pins).at("write pins", self.source_id.as_str())
    }

    /// This version with the pins that the ledger holds.
    pub(crate) fn pinned(version: &ObjectVersion, pins: &str) -> Result<Self, StepError> {
        let id = Arrival::from(version).source_id();
        let pins = serde_json::from_str(pins).map_err(Cause::Pins).at("read pins", id.as_str())?;
        Ok(Self::new(version, pins))
    }
}

/// The inputs of a version as they are now. The first claim decides whether these or earlier ones count.
pub(crate) async fn pins_now(context: &Context, version: &ObjectVersion) -> Result<SourcePins, StepError> {
    let feed = match RawKey::parse(&version.key) {
        Ok(key) => {
            feed_now(context, &key).await.at("read settings", Arrival::from(version).source_id().as_str())?
        }
        Err(error) => Err(QuarantineReason::BadKey { detail: error.to_string() }),
    };
    Ok(SourcePins::new(version, Pins { arrived_at: version.arrived_at, feed }))
}

async fn feed_now(context: &Context, key: &RawKey) -> Result<Result<FeedPin, QuarantineReason>, StoreError> {
    let loaded = match load_school(&context.store, &key.school).await {
        Ok(Some(loaded)) => loaded,
        Ok(None) => return Ok(Err(QuarantineReason::UnknownSchool)),
        Err(SettingsError::Store(error)) => return Err(error),
        Err(error) => return Ok(Err(QuarantineReason::BadSettings { detail: error.to_string() })),
    };
    let Some(settings) = loaded.settings.feeds.get(&key.feed).cloned() else {
        return Ok(Err(QuarantineReason::UnknownFeed));
    };
    Ok(usable(&settings).map(|()| FeedPin { settings, settings_version: loaded.version_id }))
}

fn usable(settings: &trustwatch_model::FeedSettings) -> Result<(), QuarantineReason> {
    let Some(format) = trustwatch_formats::find(&settings.format) else {
        return Err(QuarantineReason::UnknownFormat { format: settings.format.clone() });
    };
    trustwatch_formats::check(format, &settings.reading)
        .map_err(|error| QuarantineReason::BadSettings { detail: error.to_string() })?;
    jiff::tz::TimeZone::get(&settings.zone).map(|_| ()).map_err(|error| QuarantineReason::BadSettings {
        detail: format!("zone `{}`: {error}", settings.zone),
    })
}

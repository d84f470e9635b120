//! The settings of a school in the config bucket: `schools/<school>.yaml`.

use crate::step::Cause;
use bytes::Bytes;
use trustwatch_model::{FeedId, FeedSettings, SchoolId, SchoolSettings};
use trustwatch_store::{PutOutcome, Store, StoreError};

/// Why settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Not YAML of this shape.
    #[error("`{key}`: {detail}")]
    Malformed {
        /// Key in the config bucket.
        key: String,
        /// What, with line and column.
        detail: String,
    },
    /// Somebody else saved at the same time, again and again.
    #[error("`{key}` changed while it was being saved: try again")]
    Contended {
        /// Key in the config bucket.
        key: String,
    },
}

/// Where the settings of a school lie in the config bucket.
#[must_use]
pub fn settings_key(school: &SchoolId) -> String {
    format!("schools/{school}.yaml")
}

/// Settings as they were read, with the version and entity tag they were read at.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The settings.
    pub settings: SchoolSettings,
    /// Version id of the object.
    pub version_id: String,
    etag: String,
}

/// Reads the settings of a school. `None` when no such school is registered.
///
/// # Errors
/// [`SettingsError`] of the store, or of YAML that is not of this shape.
pub async fn load_school(store: &Store, school: &SchoolId) -> Result<Option<Loaded>, SettingsError> {
    let key = settings_key(school);
    let Some(object) = store.read(&store.names().config, &key).await? else { return Ok(None) };
    let text = String::from_utf8_lossy(&object.bytes);
    let settings = serde_saphyr::from_str(&text)
        .map_err(|error| SettingsError::Malformed { key, detail: error.to_string() })?;
    let version_id = object.version_id.unwrap_or_else(|| object.etag.clone());
    Ok(Some(Loaded { settings, version_id, etag: object.etag }))
}

const SAVES_MAX: u32 = 5;

/// Registers a feed, or changes how it is read, and returns how it was read before. Other feeds of the school stay as
/// they are.
///
/// # Errors
/// [`SettingsError`]; settings that cannot be read are never overwritten.
pub async fn save_feed(
    store: &Store,
    school: &SchoolId,
    feed: &FeedId,
    settings: FeedSettings,
) -> Result<Option<FeedSettings>, SettingsError> {
    let key = settings_key(school);
    for _ in 0..SAVES_MAX {
        let loaded = load_school(store, school).await?;
        let etag = loaded.as_ref().map(|loaded| loaded.etag.clone());
        let mut school_settings = loaded.map(|loaded| loaded.settings).unwrap_or_default();
        let before = school_settings.feeds.insert(feed.clone(), settings.clone());
        let yaml = serde_saphyr::to_string(&school_settings)
            .map_err(|error| SettingsError::Malformed { key: key.clone(), detail: error.to_string() })?;
        let put = store.replace(&store.names().config, &key, Bytes::from(yaml), etag.as_deref()).await?;
        if put == PutOutcome::Created {
            return Ok(before);
        }
    }
    Err(SettingsError::Contended { key })
}

impl From<SettingsError> for Cause {
    fn from(error: SettingsError) -> Self {
        match error {
            SettingsError::Store(error) => Self::Store(error),
            other => Self::Stored(other.to_string()),
        }
    }
}

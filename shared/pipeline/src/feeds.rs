//! How feeds are: what they have delivered, and what was set aside last, with the file it was.

use crate::commit::Context;
use crate::settings::{SettingsError, load_school};
use crate::step::{At, StepError};
use futures::TryStreamExt as _;
use trustwatch_lake::{Manifest, Stage, keys};
use trustwatch_model::SchoolId;
use trustwatch_store::FeedItem;

/// A feed as people see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedHealth {
    /// Counters, latest file, latest problem.
    pub item: FeedItem,
    /// Key of the object that was set aside last.
    pub last_quarantine_key: Option<String>,
}

/// The feeds of a school, also those that are registered and have delivered nothing yet: silence shows as such.
///
/// # Errors
/// [`StepError`] when something cannot be read.
pub async fn feed_health(context: &Context, school: &SchoolId) -> Result<Vec<FeedHealth>, StepError> {
    let mut feeds = health(context, school.as_str()).await?;
    let settings = match load_school(&context.store, school).await {
        Ok(settings) => settings,
        Err(SettingsError::Store(error)) => return Err(StepError::new("read settings", "-", error)),
        // Settings that cannot be used set files aside, which the feeds tell of.
        Err(SettingsError::Malformed { .. } | SettingsError::Contended { .. }) => None,
    };
    let registered = settings.into_iter().flat_map(|loaded| loaded.settings.feeds.into_keys());
    for feed in registered {
        if !feeds.iter().any(|known| known.item.feed == feed.as_str()) {
            let item = FeedItem { school: school.to_string(), feed: feed.to_string(), ..FeedItem::default() };
            feeds.push(FeedHealth { item, last_quarantine_key: None });
        }
    }
    feeds.sort_by(|one, other| one.item.feed.cmp(&other.item.feed));
    Ok(feeds)
}

/// The feed that stands for objects without a school that we know, if there were any.
///
/// # Errors
/// [`StepError`] when something cannot be read.
pub async fn unroutable_health(context: &Context) -> Result<Vec<FeedHealth>, StepError> {
    health(context, keys::UNROUTABLE).await
}

async fn health(context: &Context, school: &str) -> Result<Vec<FeedHealth>, StepError> {
    let mut found = Vec::new();
    for item in context.store.feeds(school).await.at("read feeds", "-")? {
        let last_quarantine_key = match &item.last_quarantine_source {
            Some(id) => key_of(context, school, id).await?,
            None => None,
        };
        found.push(FeedHealth { item, last_quarantine_key });
    }
    Ok(found)
}

/// The schools that have settings, by id.
///
/// # Errors
/// [`StepError`] when the config bucket cannot be read.
pub async fn registered_schools(context: &Context) -> Result<Vec<SchoolId>, StepError> {
    const PREFIX: &str = "schools/";
    let mut schools = Vec::new();
    let mut settings = context.store.all_keys(&context.store.names().config, PREFIX);
    while let Some((key, _)) = settings.try_next().await.at("list schools", "-")? {
        let name = key.strip_prefix(PREFIX).and_then(|name| name.strip_suffix(".yaml"));
        schools.extend(name.and_then(|name| SchoolId::new(name).ok()));
    }
    Ok(schools)
}

async fn key_of(context: &Context, school: &str, source_id: &str) -> Result<Option<String>, StepError> {
    let key = keys::manifest(Stage::Normalise, school, source_id);
    let object = context.store.read(&context.store.names().lake, &key).await;
    let Some(object) = object.at("read manifest", source_id)? else { return Ok(None) };
    let manifest = Manifest::from_json(&object.bytes).at("read manifest", source_id)?;
    Ok(Some(manifest.source.key))
}

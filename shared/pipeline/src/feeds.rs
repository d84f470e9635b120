//! How feeds are: what they have delivered, and what was set aside, with the files it was.

use crate::arrival::{Arrival, versions_around};
use crate::commit::Context;
use crate::settings::{SettingsError, load_school};
use crate::step::{At, StepError};
use futures::TryStreamExt as _;
use trustwatch_lake::{Stage, keys};
use trustwatch_model::{ObjectVersion, SchoolId};
use trustwatch_store::{FeedItem, Shown};

/// A feed as people see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedHealth {
    /// Counters and latest file.
    pub item: FeedItem,
    /// What was set aside last, the latest first. `quarantined` of the counters says how much it was in all.
    pub set_aside: Vec<SetAsideFile>,
}

/// A version that was set aside as a whole. It is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetAsideFile {
    /// When it arrived: microseconds since 1970 UTC.
    pub at: i64,
    /// What is wrong with it and what to do.
    pub reason: String,
    /// Which it is; `None` when it is gone.
    pub version: Option<ObjectVersion>,
}

/// The feeds of a school, also those that are registered and have delivered nothing yet: silence shows as such. Of
/// what was set aside `set_aside_max` files are named.
///
/// # Errors
/// [`StepError`] when something cannot be read.
pub async fn feed_health(
    context: &Context,
    school: &SchoolId,
    set_aside_max: u16,
) -> Result<Vec<FeedHealth>, StepError> {
    let mut feeds = health(context, school.as_str(), set_aside_max).await?;
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
            feeds.push(FeedHealth { item, set_aside: Vec::new() });
        }
    }
    feeds.sort_by(|one, other| one.item.feed.cmp(&other.item.feed));
    Ok(feeds)
}

/// The feed that stands for objects without a school that we know, if there were any.
///
/// # Errors
/// [`StepError`] when something cannot be read.
pub async fn unroutable_health(context: &Context, set_aside_max: u16) -> Result<Vec<FeedHealth>, StepError> {
    health(context, keys::UNROUTABLE, set_aside_max).await
}

/// Whether a later version of the same key was read whole, so that nothing is left to do.
///
/// # Errors
/// [`StepError`] when something cannot be read.
pub async fn read_since(context: &Context, version: &ObjectVersion) -> Result<bool, StepError> {
    let arrival = Arrival::from(version);
    let id = arrival.source_id();
    let versions = versions_around(context, &arrival).await.at("list versions", id.as_str())?;
    for newer in versions.into_iter().flat_map(|versions| versions.newer) {
        let manifest = context.find_manifest(Stage::Normalise, &newer).await?;
        if manifest.is_some_and(|manifest| manifest.is_complete()) {
            return Ok(true);
        }
    }
    Ok(false)
}

async fn health(context: &Context, school: &str, set_aside_max: u16) -> Result<Vec<FeedHealth>, StepError> {
    let mut found = Vec::new();
    for item in context.store.feeds(school).await.at("read feeds", "-")? {
        let mut set_aside = Vec::new();
        // Of most feeds nothing ever was.
        let shown = if item.counts.contains_key("quarantined") {
            context.store.set_aside(school, &item.feed, set_aside_max).await.at("read feeds", "-")?
        } else {
            Vec::new()
        };
        for Shown { at, source_id, detail } in shown {
            let manifest = context.manifest_at(Stage::Normalise, school, &source_id).await?;
            let version = manifest.map(|manifest| manifest.source);
            set_aside.push(SetAsideFile { at, reason: detail, version });
        }
        found.push(FeedHealth { item, set_aside });
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

//! How feeds are: what they have delivered, and what was set aside last, with the file it was.

use crate::commit::Context;
use crate::step::{At, StepError};
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

/// The feeds of a school, or of all registered schools and then the one that stands for objects without a school
/// that we know.
///
/// # Errors
/// [`StepError`] when something cannot be read.
pub async fn feed_health(context: &Context, school: Option<&SchoolId>) -> Result<Vec<FeedHealth>, StepError> {
    let schools = match school {
        Some(school) => vec![school.to_string()],
        None => {
            let mut schools = registered(context).await?;
            schools.push(keys::UNROUTABLE.to_owned());
            schools
        }
    };
    let mut found = Vec::new();
    for school in schools {
        for item in context.store.feeds(&school).await.at("read feeds", "-")? {
            let last_quarantine_key = match &item.last_quarantine_source {
                Some(id) => key_of(context, &school, id).await?,
                None => None,
            };
            found.push(FeedHealth { item, last_quarantine_key });
        }
    }
    Ok(found)
}

async fn registered(context: &Context) -> Result<Vec<String>, StepError> {
    const PREFIX: &str = "schools/";
    let (mut schools, mut next) = (Vec::new(), None);
    loop {
        let config = &context.store.names().config;
        let page = context.store.keys(config, PREFIX, next.as_deref()).await.at("list schools", "-")?;
        schools.extend(page.entries.iter().filter_map(|(key, _)| {
            key.strip_prefix(PREFIX).and_then(|name| name.strip_suffix(".yaml")).map(str::to_owned)
        }));
        next = page.next;
        if next.is_none() {
            return Ok(schools);
        }
    }
}

async fn key_of(context: &Context, school: &str, source_id: &str) -> Result<Option<String>, StepError> {
    let key = keys::manifest(Stage::Normalise, school, source_id);
    let object = context.store.read(&context.store.names().lake, &key).await;
    let Some(object) = object.at("read manifest", source_id)? else { return Ok(None) };
    let manifest = Manifest::from_json(&object.bytes).at("read manifest", source_id)?;
    Ok(Some(manifest.source.key))
}

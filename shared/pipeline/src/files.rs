//! The files of the lake that count: those that a committed manifest names.

use crate::commit::Context;
use crate::step::{At, StepError};
use futures::TryStreamExt as _;
use jiff::civil::Date;
use trustwatch_lake::{Manifest, Stage, keys};
use trustwatch_model::SchoolId;

/// The event files of a school, or of all, between two UTC days, as `s3://` URLs in order of their keys.
///
/// # Errors
/// [`StepError`] when a manifest cannot be listed or read.
pub async fn lake_files(
    context: &Context,
    school: Option<&SchoolId>,
    from: Option<Date>,
    to: Option<Date>,
) -> Result<Vec<String>, StepError> {
    let lake = &context.store.names().lake;
    let mut urls = Vec::new();
    for stage in [Stage::Normalise, Stage::Tail] {
        let prefix = keys::manifests(stage, school.map(SchoolId::as_str));
        let mut manifests = context.store.all_keys(lake, &prefix);
        while let Some((key, _)) = manifests.try_next().await.at("list manifests", "-")? {
            let Some(object) = context.store.read(lake, &key).await.at("read manifest", "-")? else {
                continue;
            };
            let manifest = Manifest::from_json(&object.bytes).at("read manifest", "-")?;
            let wanted = manifest.parts.iter().filter(|part| {
                from.is_none_or(|from| from <= part.date) && to.is_none_or(|to| part.date <= to)
            });
            urls.extend(wanted.map(|part| format!("s3://{lake}/{}", part.key)));
        }
    }
    urls.sort_unstable();
    // Two sources of one school may hold the same rows of one day, byte for byte, only if they are one source.
    urls.dedup();
    Ok(urls)
}

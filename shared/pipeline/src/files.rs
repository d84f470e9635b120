//! The files of the lake that count: those that a committed manifest names.

use crate::commit::Context;
use crate::step::{At, StepError};
use futures::TryStreamExt as _;
use jiff::civil::Date;
use trustwatch_lake::{Stage, keys};
use trustwatch_model::SchoolId;

/// Files of the lake, and what kept others from being found.
#[derive(Debug, Default)]
pub struct LakeFiles {
    /// `s3://` URLs in order of their keys.
    pub urls: Vec<String>,
    /// Manifests that cannot be read: the files that they name are missing above.
    pub unreadable: Vec<StepError>,
    /// Whether anything of the school, or of any, was ever read.
    pub any_manifest: bool,
}

/// The event files of a school, or of all, between two UTC days.
///
/// # Errors
/// [`StepError`] when manifests cannot be listed.
pub async fn lake_files(
    context: &Context,
    school: Option<&SchoolId>,
    from: Option<Date>,
    to: Option<Date>,
) -> Result<LakeFiles, StepError> {
    let lake = &context.store.names().lake;
    let mut found = LakeFiles::default();
    for stage in [Stage::Normalise, Stage::Tail] {
        let prefix = keys::manifests(stage, school.map(SchoolId::as_str));
        let mut manifests = context.store.all_keys(lake, &prefix);
        while let Some((key, _)) = manifests.try_next().await.at("list manifests", "-")? {
            found.any_manifest = true;
            let manifest = match context.read_manifest(&key, &key).await {
                Ok(Some(manifest)) => manifest,
                Ok(None) => continue,
                Err(error) => {
                    found.unreadable.push(error);
                    continue;
                }
            };
            let wanted = manifest.parts.iter().filter(|part| {
                from.is_none_or(|from| from <= part.date) && to.is_none_or(|to| part.date <= to)
            });
            found.urls.extend(wanted.map(|part| format!("s3://{lake}/{}", part.key)));
        }
    }
    found.urls.sort_unstable();
    // Two sources of one school may hold the same rows of one day, byte for byte, only if they are one source.
    found.urls.dedup();
    Ok(found)
}

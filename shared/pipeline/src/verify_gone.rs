//! Versions that were worked on and that are no longer there: whoever deletes a raw object takes the proof of its lines
//! away, and nothing else. What they became is proved by itself, and versions that repeat them are taken at their word.

use crate::arrival::Arrival;
use crate::commit::Context;
use crate::step::{At, StepError};
use crate::verify_judged::judged;
use crate::verify_source::Check;
use crate::verify_stray::Proved;
use futures::TryStreamExt as _;
use std::collections::{BTreeMap, HashSet};
use trustwatch_lake::{Manifest, Stage, keys};
use trustwatch_model::SourceId;

/// The manifests of versions that are gone, by the key of the raw object.
#[derive(Debug, Default)]
pub(crate) struct Gone(BTreeMap<String, Vec<Manifest>>);

impl Gone {
    /// Those of one key.
    pub(crate) fn of(&self, key: &str) -> &[Manifest] {
        self.0.get(key).map_or(&[], Vec::as_slice)
    }

    /// Each with what is wrong with what it became: its files, those of its tail, and what was judged of them.
    pub(crate) async fn checked(
        &self,
        context: &Context,
        proved: &mut Proved,
    ) -> Result<Vec<(&Manifest, Vec<String>)>, StepError> {
        let mut checked = Vec::new();
        for manifest in self.0.values().flatten() {
            let mut check = Check::new(context, manifest.source_id.clone());
            check.files_alone(manifest).await?;
            let tail = context.find_manifest(Stage::Tail, &manifest.source).await?;
            if let Some(tail) = &tail {
                check.tail_alone(manifest, tail).await?;
            }
            for manifest in [Some(manifest), tail.as_ref()].into_iter().flatten() {
                let judged = judged(context, manifest).await?;
                proved.add_all(&judged);
                check.problems.extend(judged.problems);
            }
            checked.push((manifest, check.problems));
        }
        Ok(checked)
    }
}

/// Looks for manifests of normalise without a raw object.
pub(crate) async fn gone(context: &Context) -> Result<Gone, StepError> {
    let there = there(context).await?;
    let lake = &context.store.names().lake;
    let mut gone = Gone::default();
    let prefix = keys::manifests(Stage::Normalise, None);
    let mut manifests = context.store.all_keys(lake, &prefix);
    while let Some((key, _)) = manifests.try_next().await.at("list manifests", "-")? {
        // What came without a school was never read.
        if keys::to_judge(&key).is_none_or(|(_, of)| there.contains(&of.source_id)) {
            continue;
        }
        let object = context.store.read(lake, &key).await.at("read manifest", "-")?;
        // One that cannot be read, or was set aside, became nothing that could be proved.
        let Some(manifest) =
            object.and_then(|object| Manifest::from_json(&object.bytes).ok()).filter(Manifest::is_complete)
        else {
            continue;
        };
        // It may have come since the listing.
        let id = manifest.source_id.as_str();
        if context.store.open_raw(&manifest.source).await.at("open object", id)?.is_none() {
            gone.0.entry(manifest.source.key.clone()).or_default().push(manifest);
        }
    }
    Ok(gone)
}

/// The names of all sources that are there.
async fn there(context: &Context) -> Result<HashSet<SourceId>, StepError> {
    let versions = context.store.all_raw_versions("");
    let ids = versions.map_ok(|version| Arrival::from(&version).source_id());
    ids.try_collect().await.at("list raw", "-")
}

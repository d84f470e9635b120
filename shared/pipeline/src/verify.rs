//! The proof that nothing is lost or doubled: every raw object is read again, from its bytes, against its
//! manifest, its parts, its rejects and the day index.

use crate::arrival::{Arrival, SourcePins};
use crate::commit::Context;
use crate::lines::fault_of;
use crate::step::{At, Cause, StepError};
use crate::tail::final_ms;
use crate::verify_chain::{Told, chain_problems};
use crate::verify_gone::{Gone, gone};
use crate::verify_judged::judged;
use crate::verify_source::Check;
use crate::verify_stray::{Proved, strays, unmet_problems};
use futures::TryStreamExt as _;
use serde::Serialize;
use trustwatch_lake::{FeedPin, Manifest, Outcome, Stage};
use trustwatch_model::{Counts, ObjectVersion, QuarantineReason, RawKey, SourceId};

/// Something that does not balance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Source; `-` where there is none.
    pub source_id: String,
    /// Key of the raw object; `-` where there is none.
    pub key: String,
    /// What is wrong, with both figures.
    pub problem: String,
}

impl Finding {
    fn of(source_id: &SourceId, version: &ObjectVersion, problem: String) -> Self {
        Self { source_id: source_id.to_string(), key: version.key.clone(), problem }
    }
}

/// A version that was set aside as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SetAside {
    /// Key of the raw object.
    pub key: String,
    /// Why, and what to do.
    pub reason: String,
}

/// What `verify` counted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Raw versions.
    pub objects: u64,
    /// Versions that were set aside as a whole.
    pub quarantined: u64,
    /// Each of them, with what to do.
    pub set_aside: Vec<SetAside>,
    /// Versions that have not been normalised, or not judged yet.
    pub pending: u64,
    /// Versions that were worked on and that are no longer there. What they became is proved by itself.
    pub gone: u64,
    /// Versions of which this build would read some lines otherwise than the one that read them.
    pub read_otherwise: u64,
    /// The account of all lines, counted from parts and rejects.
    pub counts: Counts,
    /// Events that rules found.
    pub found: u64,
    /// What does not balance.
    pub findings: Vec<Finding>,
}

impl Report {
    /// Whether every line of everything that was worked on has its place, and nothing waits for too long.
    #[must_use]
    pub const fn balances(&self) -> bool {
        self.findings.is_empty() && self.counts.balances()
    }
}

/// Counts everything again.
///
/// Memory: the line numbers of one object, the names of all, and eight bytes for each alert and for each addition to one.
///
/// # Errors
/// [`StepError`] when something cannot be read at all; what can be read and is wrong is a [`Finding`].
pub async fn verify(context: &Context) -> Result<Report, StepError> {
    let mut report = Report::default();
    let mut proved = Proved::default();
    let gone = gone(context).await?;
    for (manifest, problems) in gone.checked(context, &mut proved).await? {
        report.gone += 1;
        report.counts += manifest.counts;
        let finding = |problem| Finding::of(&manifest.source_id, &manifest.source, problem);
        report.findings.extend(problems.into_iter().map(finding));
    }
    let mut versions = context.store.all_raw_versions("");
    while let Some(version) = versions.try_next().await.at("list raw", "-")? {
        report.objects += 1;
        verify_version(context, &version, &gone, &mut proved, &mut report).await?;
    }
    for (alert, source_id) in strays(context, &proved).await? {
        let problem = format!("what it adds to alert {alert} follows from nothing that was judged");
        report.findings.push(Finding { source_id: source_id.to_string(), key: "-".to_owned(), problem });
    }
    for problem in unmet_problems(context, &proved).await? {
        report.findings.push(Finding { source_id: "-".to_owned(), key: "-".to_owned(), problem });
    }
    Ok(report)
}

async fn verify_version(
    context: &Context,
    version: &ObjectVersion,
    gone: &Gone,
    proved: &mut Proved,
    report: &mut Report,
) -> Result<(), StepError> {
    let source_id = Arrival::from(version).source_id();
    let finding = |problem| Finding::of(&source_id, version, problem);
    let found = match finished(context, Stage::Normalise, version, &source_id).await? {
        Ok(manifest) => {
            finished(context, Stage::Tail, version, &source_id).await?.map(|tail| (manifest, tail))
        }
        Err(problem) => Err(problem),
    };
    let (manifest, tail) = match found {
        Ok((Some(manifest), tail)) => (manifest, tail),
        Ok((None, _)) => {
            report.pending += 1;
            if context.now_ms() > version.arrived_at / 1_000 + WORKED_ON_BY_MS {
                let problem = "it came more than an hour ago and is not worked on: see whether `trustwatch up` runs, \
                               and what waits in the queues with `trustwatch feed show`";
                report.findings.push(finding(problem.to_owned()));
            }
            return Ok(());
        }
        Err(problem) => {
            report.findings.push(finding(problem));
            return Ok(());
        }
    };
    if manifest.held.is_some() && tail.is_none() && context.now_ms() > final_ms(version) + WORKED_ON_BY_MS {
        report.findings.push(finding("its last line is held for more than 26 hours".to_owned()));
    }
    if let Outcome::Quarantined { reason } = &manifest.outcome {
        report.quarantined += 1;
        let told = format!("{}: {}", reason.code(), reason.advice());
        report.set_aside.push(SetAside { key: version.key.clone(), reason: told });
        if let Some(problem) = wrongly_set_aside(context, version, &manifest, reason).await? {
            report.findings.push(finding(problem));
        }
        return Ok(());
    }
    let mut check = Check::new(context, source_id.clone());
    let is_last_ended = check.source(version, &manifest, tail.as_ref()).await?;
    report.read_otherwise += u64::from(check.is_read_otherwise);
    let gone = gone.of(&version.key);
    let told = Told { version, manifest: &manifest, tail: tail.as_ref(), is_last_ended, gone };
    check.problems.extend(chain_problems(context, &told).await?);
    let mut is_pending = false;
    for manifest in [Some(&manifest), tail.as_ref()].into_iter().flatten() {
        let judged = judged(context, manifest).await?;
        proved.add_all(&judged);
        check.problems.extend(judged.problems);
        report.found += judged.findings;
        is_pending |= judged.is_pending;
        let since_ms = match manifest.stage {
            Stage::Normalise => version.arrived_at / 1_000,
            Stage::Tail => final_ms(version),
        };
        if judged.is_pending && context.now_ms() > since_ms + WORKED_ON_BY_MS {
            check.problems.push("its events wait to be judged for more than an hour".to_owned());
        }
    }
    report.pending += u64::from(is_pending);
    report.findings.extend(check.problems.into_iter().map(finding));
    report.counts += manifest.counts;
    if let Some(tail) = tail {
        report.counts += Counts { lines: 0, ..tail.counts };
        report.counts.held -= manifest.counts.held.min(report.counts.held);
    }
    Ok(())
}

/// What is wrong with setting a version aside: it has events all the same, or its bytes can be read.
async fn wrongly_set_aside(
    context: &Context,
    version: &ObjectVersion,
    manifest: &Manifest,
    reason: &QuarantineReason,
) -> Result<Option<String>, StepError> {
    if !manifest.parts.is_empty() || manifest.counts != Counts::default() {
        return Ok(Some("it was set aside as a whole and has lines all the same".to_owned()));
    }
    if let Some(problem) = wrongly_routed(version, &manifest.pins.feed, reason) {
        return Ok(Some(problem));
    }
    // A reason that is not of the bytes goes with settings that could not be used.
    let Ok(feed) = &manifest.pins.feed else { return Ok(None) };
    let pins = SourcePins::new(version, manifest.pins.clone());
    let fault = fault_of(context, &pins, feed, version).await?;
    Ok(fault.is_none().then(|| format!("it was set aside ({}) and can be read", reason.code())))
}

/// What is wrong with setting a version aside before it was read: its key is a good one, or the settings that the
/// first claim wrote down say otherwise.
fn wrongly_routed(
    version: &ObjectVersion,
    pinned: &Result<FeedPin, QuarantineReason>,
    reason: &QuarantineReason,
) -> Option<String> {
    let is_bad_key = matches!(reason, QuarantineReason::BadKey { .. });
    if is_bad_key == RawKey::parse(&version.key).is_ok() {
        return Some(format!("it was set aside ({}), which its key does not bear out", reason.code()));
    }
    let is_pinned = match pinned {
        Ok(_) => is_of_bytes(reason),
        Err(pinned) => pinned == reason,
    };
    (!is_pinned).then(|| format!("it was set aside ({}), which its settings do not bear out", reason.code()))
}

/// Whether a reason is one of the object's bytes, and not of its key or of settings.
const fn is_of_bytes(reason: &QuarantineReason) -> bool {
    use QuarantineReason::{Damaged, Expansion, Scattered};
    matches!(reason, Damaged { .. } | Expansion { .. } | Scattered { .. })
}

/// What nobody has worked on so long after its time is no longer on its way.
const WORKED_ON_BY_MS: i64 = 3_600_000;

/// The manifest of a stage, once its worker has written down what follows from it: until then it is on its way, and
/// the due index brings it back. What cannot be read as a manifest is a finding, told by the inner error.
pub(crate) async fn finished(
    context: &Context,
    stage: Stage,
    version: &ObjectVersion,
    source_id: &SourceId,
) -> Result<Result<Option<Manifest>, String>, StepError> {
    let row = context.store.ledger(source_id, stage.table_key()).await;
    if row.at("read ledger", source_id.as_str())?.is_some_and(|row| row.state == "claimed") {
        return Ok(Ok(None));
    }
    match context.find_manifest(stage, version).await {
        Err(StepError { cause: Cause::Manifest(error), .. }) => {
            Ok(Err(format!("its manifest cannot be read: {error}")))
        }
        found => found.map(Ok),
    }
}

//! What routes answer. Absent values are `null`.

use jiff::Timestamp;
use serde::Serialize;
use std::collections::BTreeMap;
use trustwatch_access::{Grant, Principal};
use trustwatch_casework::{Alert, Closing, Episode, Signed};
use trustwatch_pipeline::{AlertPage, AlertRow, AlertView, FeedHealth, RuleText, Sight};
use utoipa::ToSchema;

fn time(at_ms: i64) -> String {
    // Beyond the years that have four digits there is no time to tell.
    Timestamp::from_millisecond(at_ms).unwrap_or_default().to_string()
}

fn micros(at: i64) -> String {
    Timestamp::from_microsecond(at).unwrap_or_default().to_string()
}

/// Whether the API can answer.
#[derive(Serialize, ToSchema)]
pub(crate) struct Health {
    /// `ok`.
    pub(crate) status: &'static str,
    /// Version of this build.
    pub(crate) version: &'static str,
}

/// Who you are here.
#[derive(Serialize, ToSchema)]
pub(crate) struct Me {
    /// Your opaque id, by which the audit trail names you.
    id: String,
    /// What you were granted.
    grants: Vec<Granted>,
}

/// A role, at one school or in the whole trust.
#[derive(Serialize, ToSchema)]
pub(crate) struct Granted {
    /// Role.
    #[schema(example = "dsl")]
    role: &'static str,
    /// School; `null` for a role of the trust.
    #[schema(example = "oak")]
    school: Option<String>,
}

impl From<&Principal> for Me {
    fn from(principal: &Principal) -> Self {
        let granted = |grant: &Grant| match grant {
            Grant::School { role, school } => {
                Granted { role: role.as_str(), school: Some(school.to_string()) }
            }
            Grant::Trust { role } => Granted { role: role.as_str(), school: None },
        };
        Self { id: principal.id().to_string(), grants: principal.grants().iter().map(granted).collect() }
    }
}

/// Schools.
#[derive(Serialize, ToSchema)]
pub(crate) struct Schools {
    /// Those that you may see, by id.
    pub(crate) schools: Vec<School>,
}

/// A school.
#[derive(Serialize, ToSchema)]
pub(crate) struct School {
    /// Id.
    #[schema(example = "oak")]
    pub(crate) id: String,
}

/// Feeds.
#[derive(Serialize, ToSchema)]
pub(crate) struct Feeds {
    /// Feeds of the schools that you may see.
    pub(crate) feeds: Vec<Feed>,
    /// What arrived for no school that is registered; `null` where you may not see it.
    pub(crate) unroutable: Option<Vec<Feed>>,
}

/// A feed: what it delivered, and what was set aside.
#[derive(Serialize, ToSchema)]
pub(crate) struct Feed {
    /// School.
    school: String,
    /// Feed.
    feed: String,
    /// Counters by name: `objects`, `lines`, `events`, `rejects`, `rejects_<reason>`, `skipped_<rule>`, `quarantined`.
    counts: BTreeMap<String, u64>,
    /// When the latest file arrived. `null`: never, which is not the same as a quiet school.
    #[schema(format = DateTime)]
    last_object_at: Option<String>,
    /// What became of it: `complete`, `quarantined`, or what to set for a header that is not known.
    last_object: Option<String>,
    /// The files that were set aside last, the latest first, at most 20. The counter `quarantined` says how many they
    /// are in all.
    set_aside: Vec<SetAside>,
}

/// A file that was set aside as a whole. It is kept.
#[derive(Serialize, ToSchema)]
pub(crate) struct SetAside {
    /// When it arrived.
    #[schema(format = DateTime)]
    at: String,
    /// What is wrong with it and what to do.
    reason: String,
    /// Its key in the raw bucket.
    key: Option<String>,
}

impl From<FeedHealth> for Feed {
    fn from(health: FeedHealth) -> Self {
        let FeedHealth { item, set_aside } = health;
        let set_aside = set_aside.into_iter().map(|file| SetAside {
            at: micros(file.at),
            reason: file.reason,
            key: file.version.map(|version| version.key),
        });
        Self {
            school: item.school,
            feed: item.feed,
            counts: item.counts,
            last_object_at: item.last_object_at.map(micros),
            last_object: item.last_object,
            set_aside: set_aside.collect(),
        }
    }
}

/// A page of alerts: the most severe first, of these the oldest first.
#[derive(Serialize, ToSchema)]
pub(crate) struct Alerts {
    /// Alerts. A page that is not the last may have fewer than were asked for.
    alerts: Vec<Listed>,
    /// `cursor` of the next page, good for a day; `null` on the last.
    next: Option<String>,
}

/// An alert in a list.
#[derive(Serialize, ToSchema)]
pub(crate) struct Listed {
    /// Id.
    id: String,
    #[serde(flatten)]
    summary: Summary,
}

/// What is told of an alert at first sight.
#[derive(Serialize, ToSchema)]
pub(crate) struct Summary {
    /// School.
    school: String,
    /// Id of the rule.
    rule: String,
    /// Category.
    #[schema(example = "self_harm")]
    category: String,
    /// 5 critical, 4 high, 3 medium, 2 low.
    #[schema(minimum = 1, maximum = 5)]
    severity: u8,
    /// `pupil`, `staff`, `visitor` or `unknown`.
    audience: &'static str,
    /// Whom the events can be laid to.
    subject: Subject,
    /// `open`, `acknowledged` or `closed`.
    status: &'static str,
    /// What came after it was closed, and was not severe enough to open it again.
    since_closing: Option<Since>,
    /// Judging again has taken away what it was opened for; a person still closes it.
    withdrawn: bool,
    /// Number of the episode: above 1 when the alert was closed and came again.
    episode: u32,
    /// When the episode was opened.
    #[schema(format = DateTime)]
    opened_at: String,
    /// Distinct events; one visit of many requests is one.
    events: u64,
    /// The last of them.
    #[schema(format = DateTime)]
    last_event_at: String,
}

/// Whom events can be laid to. Only `user` is a person: a shared login, a device and an address are not.
#[derive(Serialize, ToSchema)]
pub(crate) struct Subject {
    /// `user`, `shared_login`, `device` or `address`.
    attribution: &'static str,
    /// Login, name of the device, or address.
    name: Option<String>,
}

impl From<&AlertRow> for Summary {
    fn from(row: &AlertRow) -> Self {
        let about = &row.about;
        let name = about.user_name.as_ref().or(about.device_name.as_ref()).or(about.source_ip.as_ref());
        Self {
            school: about.cell.school.to_string(),
            rule: about.cell.rule.as_str().to_owned(),
            category: row.category.clone(),
            severity: row.severity.level(),
            audience: row.audience.as_str(),
            subject: Subject { attribution: about.attribution.as_str(), name: name.cloned() },
            status: row.status.as_str(),
            since_closing: row
                .since_closing
                .map(|since| Since { changes: since.changes, events: since.events }),
            withdrawn: row.is_withdrawn,
            episode: row.episode,
            opened_at: time(row.opened_ms),
            events: row.events,
            last_event_at: time(row.last_ms),
        }
    }
}

impl From<AlertPage> for Alerts {
    fn from(page: AlertPage) -> Self {
        let alerts = page.alerts.iter();
        let listed = alerts.map(|(id, row)| Listed { id: id.to_string(), summary: row.into() });
        Self { alerts: listed.collect(), next: page.next }
    }
}

/// Where an alert stands: also the answer to a step.
#[derive(Serialize, ToSchema)]
pub(crate) struct Standing {
    /// Id.
    id: String,
    #[serde(flatten)]
    summary: Summary,
    /// The latest episodes, in order; the last is the one that counts.
    episodes: Vec<EpisodeTold>,
}

/// Evidence that the reviewer who closed the alert has not seen.
#[derive(Serialize, ToSchema)]
pub(crate) struct Since {
    /// Changes of the evidence.
    changes: u64,
    /// By how many the distinct events have grown.
    events: u64,
}

/// One stretch of work on an alert.
#[derive(Serialize, ToSchema)]
pub(crate) struct EpisodeTold {
    /// From 1.
    number: u32,
    /// When it was opened.
    #[schema(format = DateTime)]
    opened_at: String,
    /// The highest severity that it has had.
    severity: u8,
    /// Since when judging again has taken away what it was opened for.
    #[schema(format = DateTime)]
    withdrawn_at: Option<String>,
    /// Who took it last.
    acknowledged: Option<Sign>,
    /// How it was closed last.
    closed: Option<Closed>,
    /// Who opened it again last.
    reopened: Option<Sign>,
}

/// Who and when.
#[derive(Serialize, ToSchema)]
pub(crate) struct Sign {
    /// Opaque id.
    by: String,
    /// When.
    #[schema(format = DateTime)]
    at: String,
}

/// How an episode was closed.
#[derive(Serialize, ToSchema)]
pub(crate) struct Closed {
    /// Opaque id of who did.
    by: String,
    /// When.
    #[schema(format = DateTime)]
    at: String,
    /// `false_positive`, `no_further_action`, `confirmed` or `handed_over`.
    outcome: &'static str,
}

impl From<&Signed> for Sign {
    fn from(signed: &Signed) -> Self {
        Self { by: signed.by.clone(), at: time(signed.at) }
    }
}

impl From<&Closing> for Closed {
    fn from(closing: &Closing) -> Self {
        let Closing { signed, outcome, .. } = closing;
        Self { by: signed.by.clone(), at: time(signed.at), outcome: outcome.as_str() }
    }
}

impl From<&Episode> for EpisodeTold {
    fn from(episode: &Episode) -> Self {
        let review = &episode.review;
        Self {
            number: episode.number,
            opened_at: time(episode.opened_ms),
            severity: episode.peak.level(),
            withdrawn_at: episode.withdrawn.map(|withdrawal| time(withdrawal.at())),
            acknowledged: review.acknowledged.as_ref().map(Sign::from),
            closed: review.closing.as_ref().map(Closed::from),
            reopened: review.reopened.as_ref().map(Sign::from),
        }
    }
}

impl Standing {
    pub(crate) fn of(id: &trustwatch_model::AlertId, row: &AlertRow, alert: &Alert) -> Self {
        Self {
            id: id.to_string(),
            summary: row.into(),
            episodes: alert.episodes.iter().map(EpisodeTold::from).collect(),
        }
    }
}

/// An alert with its evidence.
#[derive(Serialize, ToSchema)]
pub(crate) struct Detail {
    #[serde(flatten)]
    standing: Standing,
    /// What the policy says of the rule.
    rule_text: Option<Rule>,
    /// Addresses and searches are hidden from everybody, because of the category.
    masked: bool,
    /// Some evidence found no room: the alert may be graver than this says.
    approximate: bool,
    /// How much of it.
    left_out: u64,
    /// The most severe events, of these the latest: at most 64.
    evidence: Vec<Event>,
}

/// What the policy says of a rule, in the latest version that judged the alert.
#[derive(Serialize, ToSchema)]
pub(crate) struct Rule {
    /// Version of the policy.
    policy: u32,
    /// Title.
    title: String,
    /// What to do.
    advice: String,
    /// The clauses that it enforces.
    cites: Vec<Cite>,
}

/// A clause.
#[derive(Serialize, ToSchema)]
pub(crate) struct Cite {
    /// Title of the document.
    document: String,
    /// Id of the clause.
    clause: String,
    /// What it says.
    says: String,
}

/// An event behind an alert, as the filter logged it.
#[derive(Serialize, ToSchema)]
pub(crate) struct Event {
    /// When.
    #[schema(format = DateTime)]
    at: String,
    /// Severity.
    severity: u8,
    /// Words, list entries or category words that matched.
    matched: Vec<String>,
    /// What changed the severity.
    factors: Vec<String>,
    /// Version of the policy that judged.
    policy: u32,
    /// What was searched for.
    search_terms: Option<String>,
    /// Host.
    domain: Option<String>,
    /// Path.
    path: Option<String>,
    /// What the filter did: `allowed`, `blocked`, `warned` or `challenged`.
    action: Option<String>,
    /// The filter's own category.
    filter_category: Option<String>,
    /// Login, as the filter logged it.
    user_name: Option<String>,
    /// Name of the machine.
    device_name: Option<String>,
    /// Address of the machine.
    source_ip: Option<String>,
    /// Year group, by the roster.
    year_group: Option<String>,
    /// Form, by the roster.
    form: Option<String>,
    /// Whether what was logged is still kept; else only the time and the words that matched are known.
    available: bool,
    /// File that the event stands in, by its id.
    source_id: String,
    /// Line in the file.
    line: u64,
}

impl From<Sight> for Event {
    fn from(sight: Sight) -> Self {
        let Sight { evidence, shown } = sight;
        let available = shown.is_some();
        let shown = shown.unwrap_or_default();
        Self {
            at: micros(evidence.at),
            severity: evidence.severity.level(),
            matched: evidence.matched,
            factors: evidence.factors,
            policy: evidence.policy,
            search_terms: shown.search_terms,
            domain: shown.url_domain,
            path: shown.url_path,
            action: shown.action,
            filter_category: shown.filter_category,
            user_name: shown.user_name,
            device_name: shown.device_name,
            source_ip: shown.source_ip,
            year_group: shown.year_group,
            form: shown.form,
            available,
            source_id: evidence.source.to_string(),
            line: evidence.line,
        }
    }
}

impl From<RuleText> for Rule {
    fn from(text: RuleText) -> Self {
        let cites = text.cites.into_iter();
        let cites = cites.map(|(document, clause, says)| Cite { document, clause, says }).collect();
        Self { policy: text.policy, title: text.title, advice: text.advice, cites }
    }
}

impl From<AlertView> for Detail {
    fn from(view: AlertView) -> Self {
        let standing = Standing::of(&view.id, &view.row, &view.alert);
        let state = &view.alert.state;
        Self {
            standing,
            rule_text: view.rule.map(Rule::from),
            masked: view.is_masked,
            approximate: state.approximate,
            left_out: state.firing.as_ref().map_or(0, |firing| firing.left_out),
            evidence: view.sights.into_iter().map(Event::from).collect(),
        }
    }
}

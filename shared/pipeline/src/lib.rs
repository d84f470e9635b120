//! The use-cases: decide, write, commit. Each is a screen over the pure crates and the store.
//!
//! Effects happen once whatever is delivered twice, late, out of order or at the same time, because every name
//! is a function of the input, parts are invisible until their manifest is put, and a manifest is put once.

mod account;
mod alert;
mod alert_list;
mod arrival;
mod bridge;
mod chain;
mod classify;
mod commit;
mod due;
mod feeds;
mod files;
mod grow;
mod in_force;
mod judge;
mod judge_again;
mod lane;
mod lines;
mod normalise;
mod notification;
mod queue;
mod reconcile;
mod reread;
mod review;
mod settings;
mod sign_in;
mod step;
mod tail;
mod verify;
mod verify_cell;
mod verify_chain;
mod verify_gone;
mod verify_judged;
mod verify_source;
mod verify_stray;

pub use account::{AccountError, Rules, Sink, account};
pub use alert::{About, AlertRow};
pub use alert_list::alerts;
pub use arrival::{Arrival, SourcePins};
pub use classify::{Judged, classify, is_to_judge, judge};
pub use commit::{Clock, Committed, Context, Limits};
pub use due::{queue_due, queue_unfinished};
pub use feeds::{FeedHealth, SetAsideFile, feed_health, read_since, registered_schools, unroutable_health};
pub use files::{LakeFiles, lake_files};
pub use grow::{Shared, SharedError, shared_lines};
pub use in_force::{EFFECTIVE_AFTER_MS, InForce, PublishError, publish, put_roster, roster_key};
pub use judge_again::judge_again;
pub use lane::{Lane, LaneLimits, Waiting, choose_lane};
pub use normalise::{Done, normalise};
pub use notification::{NotificationError, Notified, read_notification, write_notification};
pub use queue::{lane_of, send_to_backfill};
pub use reconcile::{Reconciled, reconcile, reconcile_judgements};
pub use review::{
    AlertFilter, AlertPage, AlertView, LIMIT_MAX, Request, RequestError, RuleText, Sight, change_alert,
    list_alerts, read_alert, visible_schools,
};
pub use settings::{SettingsError, load_school, save_feed, settings_key};
pub use sign_in::{GROUP_MAP_KEY, PutGroupMapError, SignInError, SignedIn, put_group_map, sign_in};
pub use step::{Cause, Disposition, StepError};
pub use tail::TAIL_AFTER_MS;
pub use trustwatch_lake::PartLimits;
pub use verify::{Finding, Report, SetAside, verify};

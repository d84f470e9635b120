//! A durable queue with the verbs of SQS, and the dispatcher that delivers its messages to handlers.
//!
//! [`QueueStore`] keeps messages in a SQLite file; [`router`] answers the real SDK over HTTP; [`Dispatcher`] calls
//! handlers with the same events that AWS sends, from queues, from the S3 server's outbox and by time.
//!
//! What is promised: a message whose send was answered is delivered at least once, until a handler says that it is
//! done, or it has had all its chances and lies in the dead letters. Nothing is removed in any other way. Order is
//! not promised, and a message may be delivered twice.

mod batch;
mod clock;
mod delivery;
mod dispatcher;
mod error;
mod handler;
mod message;
mod pump;
mod s3_event;
mod s3_source;
mod schedule;
mod spec;
mod sqs;
mod status;
mod store;
mod subject;
mod table;
mod when;

pub use crate::durability::Durability;
pub use batch::{ACCOUNT, REGION, queue_arn};
pub use clock::{Clock, ManualClock, SystemClock};
pub use delivery::Mapping;
pub use dispatcher::{Dispatcher, DispatcherBuilder, DispatcherError};
pub use error::QueueError;
pub use handler::{Handler, HandlerError};
pub(crate) use message::new_id;
pub use message::{Attribute, Depth, NewMessage, Received, Sent};
pub use pump::{EventSource, Route, SourceError};
pub use s3_event::{ObjectEvent, encode_key, s3_notification};
pub use schedule::Schedule;
pub use spec::{BATCH_MAX, BODY_BYTES_MAX, DELAY_MS_MAX, QueueSpec, VISIBILITY_MS_MAX};
pub use sqs::{Credentials, router};
pub use status::{QueueStatus, Status, Work};
pub use store::QueueStore;
pub use when::{When, WhenError};

//! What every function has in common: settings from the environment, telemetry, the answer to a batch.

mod batch;
mod settings;
mod telemetry;

pub use batch::{BatchAnswer, BatchError, EnvelopeError, arrivals_of, deliveries_of, note};
pub use settings::{RuntimeSettings, SettingsMistakes, read_names};
pub use telemetry::start_telemetry;

/// Name and version of this build, as manifests carry it.
pub const WRITER: &str = concat!("trustwatch ", env!("CARGO_PKG_VERSION"));

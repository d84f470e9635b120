//! Logs as JSON lines on standard output, where CloudWatch takes them up.

use tracing_subscriber::EnvFilter;

/// Starts logging. `LOG_LEVEL` narrows or widens it; the default is `info`.
pub fn start_telemetry() {
    let filter = EnvFilter::try_from_env("LOG_LEVEL").unwrap_or_else(|_| EnvFilter::new("info"));
    let started = tracing_subscriber::fmt().json().with_env_filter(filter).with_target(false).try_init();
    if started.is_err() {
        tracing::debug!("telemetry was started before");
    }
}

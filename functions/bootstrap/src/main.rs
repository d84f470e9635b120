//! The one binary of all functions: it picks its handler by `_HANDLER`, as AWS sets it.

#![recursion_limit = "256"]

use lambda_runtime::{LambdaEvent, service_fn};
use std::sync::Arc;
use trustwatch_pipeline::{Context, Limits};
use trustwatch_runtime::{RuntimeSettings, WRITER, start_telemetry};
use trustwatch_store::{Connection, Store};

#[tokio::main]
async fn main() -> Result<(), lambda_runtime::Error> {
    start_telemetry();
    let handler = std::env::var("_HANDLER").unwrap_or_default();
    match handler.as_str() {
        "normalise" => {
            let (context, settings) = context().await?;
            let function = trustwatch_normalise::Function { context, backfill: settings.backfill };
            let function = &function;
            lambda_runtime::run(service_fn(move |event: LambdaEvent<_>| async move {
                Ok::<_, lambda_runtime::Error>(trustwatch_normalise::handle(event.payload, function).await)
            }))
            .await
        }
        "classify" => {
            let (context, _) = context().await?;
            let context = &context;
            lambda_runtime::run(service_fn(move |event: LambdaEvent<_>| async move {
                Ok::<_, lambda_runtime::Error>(trustwatch_classify::handle(event.payload, context).await)
            }))
            .await
        }
        "compact" => {
            let (context, _) = context().await?;
            let context = &context;
            lambda_runtime::run(service_fn(move |event: LambdaEvent<_>| async move {
                trustwatch_compact::handle(event.payload, context).await.map_err(lambda_runtime::Error::from)
            }))
            .await
        }
        "api" => {
            let (context, _) = context().await?;
            lambda_http::run(trustwatch_api::router(trustwatch_api::Api::new(context)?)).await
        }
        other => Err(format!("`_HANDLER` is `{other}`: expected normalise, classify, compact or api").into()),
    }
}

async fn context() -> Result<(Context, RuntimeSettings), lambda_runtime::Error> {
    let settings = RuntimeSettings::read(|name| std::env::var(name).ok())?;
    let store = Store::connect(Connection::default(), settings.names.clone()).await;
    let limits = Limits { lease_ms: settings.lease_ms, ..Limits::default() };
    let clock = Arc::new(jiff::Timestamp::now);
    Ok((Context::new(store, clock, limits, WRITER), settings))
}

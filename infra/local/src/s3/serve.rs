//! HTTP on a loopback socket.

use super::{S3Store, api::Api};
use hyper_util::{rt::TokioIo, rt::TokioTimer};
use s3s::{
    auth::SimpleAuth,
    service::{S3Service, S3ServiceBuilder},
};
use std::{io, sync::Arc, time::Duration};
use tokio::{net::TcpListener, task::JoinSet};
pub use trustwatch_store::Credentials;

/// After a failed accept (too many open files, usually) the next try comes this much later.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// The S3 protocol over the store, without a socket. Requests are path-style and signed.
#[must_use]
pub fn service(store: Arc<S3Store>, credentials: Credentials) -> S3Service {
    let Credentials { access_key, secret_key } = credentials;
    let mut builder = S3ServiceBuilder::new(Api::new(store));
    builder.set_auth(SimpleAuth::from_single(access_key, secret_key));
    builder.build()
}

/// Serves the store until the future is dropped, which also ends its connections.
///
/// # Errors
///
/// When `listener` is not on a loopback address: one pair of keys in a file is no protection on a network.
pub async fn serve(listener: TcpListener, store: Arc<S3Store>, credentials: Credentials) -> io::Result<()> {
    if !listener.local_addr()?.ip().is_loopback() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "the embedded S3 serves loopback only"));
    }
    let service = service(store, credentials);
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            Some(_) = connections.join_next() => continue,
        };
        let stream = match accepted {
            Ok((stream, _)) => stream,
            Err(error) => {
                tracing::warn!(%error, "a connection to the object store was not accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        // Answers are small; waiting to fill a packet would cost 40 ms each.
        let _ = stream.set_nodelay(true);
        let service = service.clone();
        connections.spawn(async move {
            let mut builder = hyper::server::conn::http1::Builder::new();
            builder.timer(TokioTimer::new());
            if let Err(error) = builder.serve_connection(TokioIo::new(stream), service).await {
                tracing::debug!(%error, "a connection to the object store ended early");
            }
        });
    }
}

//! HTTP on a loopback socket.

use super::{S3Store, api::Api};
use hyper_util::{rt::TokioIo, rt::TokioTimer};
use s3s::{
    S3Error, S3ErrorCode, S3Result,
    auth::{S3Auth, SecretKey},
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
    let mut builder = S3ServiceBuilder::new(Api::new(store));
    builder.set_auth(OneKey(credentials));
    builder.build()
}

/// The one key that this server knows. `s3s` brings the like, and answers an unknown key in words about an account
/// that is not signed up, which nobody here has.
struct OneKey(Credentials);

#[async_trait::async_trait]
impl S3Auth for OneKey {
    async fn get_secret_key(&self, access_key: &str) -> S3Result<SecretKey> {
        if access_key == self.0.access_key {
            return Ok(SecretKey::from(self.0.secret_key.clone()));
        }
        let message =
            "this S3 does not know the access key: take the one in `credentials` of its data directory";
        Err(S3Error::with_message(S3ErrorCode::InvalidAccessKeyId, message))
    }
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

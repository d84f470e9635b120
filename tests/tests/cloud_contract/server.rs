//! The S3 under test: the embedded one, or any other that the environment names.

use aws_credential_types::Credentials as ClientCredentials;
use aws_sdk_s3::{
    Client,
    config::{BehaviorVersion, Region, retry::RetryConfig},
    error::{ProvideErrorMetadata, SdkError},
    primitives::ByteStream,
    types::{BucketVersioningStatus, VersioningConfiguration},
};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use std::{env, fmt::Debug, path::Path, sync::Arc, time::Duration};
use tempfile::TempDir;
use tokio::{net::TcpListener, task::JoinHandle};
use trustwatch_local::s3::{Credentials, Durability, Options, S3Store, serve};

pub(crate) const ACCESS_KEY: &str = "contract-access";
pub(crate) const SECRET_KEY: &str = "contract-secret";

/// A client of the S3 under test.
pub(crate) struct Cloud {
    pub(crate) client: Client,
    pub(crate) endpoint: String,
    /// The embedded server, which lives as long as the test; none when the environment names another.
    embedded: Option<(Embedded, TempDir)>,
}

/// An embedded server on an ephemeral port.
pub(crate) struct Embedded {
    pub(crate) client: Client,
    pub(crate) endpoint: String,
    pub(crate) store: Arc<S3Store>,
    task: JoinHandle<()>,
}

impl Drop for Embedded {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Embedded {
    /// Opens the store in `directory` and serves it.
    pub(crate) async fn start(directory: &Path, options: impl Into<Options>) -> Self {
        let (directory, options) = (directory.to_owned(), options.into());
        // Opening may wait for the lock of a server whose connections end on this very thread.
        let open = tokio::task::spawn_blocking(move || S3Store::open_with(&directory, options));
        let store = Arc::new(open.await.unwrap().unwrap());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let credentials =
            Credentials { access_key: ACCESS_KEY.to_owned(), secret_key: SECRET_KEY.to_owned() };
        let served = Arc::clone(&store);
        let task = tokio::spawn(async move { serve(listener, served, credentials).await.unwrap() });
        Self { client: client(&endpoint, ACCESS_KEY, SECRET_KEY), endpoint, store, task }
    }
}

/// A client that does not retry, so that each answer is seen.
pub(crate) fn client(endpoint: &str, access_key: &str, secret_key: &str) -> Client {
    let region = env::var("TRUSTWATCH_S3_REGION").unwrap_or_else(|_| "us-east-1".to_owned());
    let config = aws_sdk_s3::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .credentials_provider(ClientCredentials::new(access_key, secret_key, None, None, "contract"))
        .region(Region::new(region))
        .endpoint_url(endpoint)
        .force_path_style(true)
        .retry_config(RetryConfig::disabled())
        .build();
    Client::from_conf(config)
}

impl Cloud {
    /// The S3 of `TRUSTWATCH_S3_ENDPOINT`, or a new embedded one.
    pub(crate) async fn start() -> Self {
        if let Ok(endpoint) = env::var("TRUSTWATCH_S3_ENDPOINT") {
            let key = env::var("TRUSTWATCH_S3_ACCESS_KEY").expect("TRUSTWATCH_S3_ACCESS_KEY");
            let secret = env::var("TRUSTWATCH_S3_SECRET_KEY").expect("TRUSTWATCH_S3_SECRET_KEY");
            return Self { client: client(&endpoint, &key, &secret), endpoint, embedded: None };
        }
        let directory = tempfile::tempdir().unwrap();
        let embedded = Embedded::start(directory.path(), Durability::ProcessExit).await;
        Self {
            client: embedded.client.clone(),
            endpoint: embedded.endpoint.clone(),
            embedded: Some((embedded, directory)),
        }
    }

    /// How many body files the embedded store has; `None` elsewhere.
    pub(crate) fn blob_files(&self) -> Option<usize> {
        self.embedded.as_ref().map(|(_, directory)| blob_files(directory.path()))
    }

    pub(crate) async fn bucket(&self) -> String {
        let name = format!("trustwatch-contract-{:016x}", rand::random::<u64>());
        self.client.create_bucket().bucket(&name).send().await.unwrap();
        name
    }

    pub(crate) async fn versioned_bucket(&self) -> String {
        let name = self.bucket().await;
        set_versioning(&self.client, &name, BucketVersioningStatus::Enabled).await;
        name
    }
}

pub(crate) async fn set_versioning(client: &Client, bucket: &str, status: BucketVersioningStatus) {
    let configuration = VersioningConfiguration::builder().status(status).build();
    let request = client.put_bucket_versioning().bucket(bucket).versioning_configuration(configuration);
    request.send().await.unwrap();
}

/// Puts an object and returns its version id, or an empty text where there is none.
pub(crate) async fn put(client: &Client, bucket: &str, key: &str, body: &[u8]) -> String {
    let body = ByteStream::from(body.to_vec());
    let put = client.put_object().bucket(bucket).key(key).body(body).send().await.unwrap();
    put.version_id.unwrap_or_default()
}

/// Gets an object's body.
pub(crate) async fn get(client: &Client, bucket: &str, key: &str) -> Vec<u8> {
    let got = client.get_object().bucket(bucket).key(key).send().await.unwrap();
    got.body.collect().await.unwrap().to_vec()
}

/// The HTTP status and the S3 code of a refusal.
pub(crate) fn refusal<T: Debug, E: ProvideErrorMetadata + Debug>(
    outcome: Result<T, SdkError<E, HttpResponse>>,
) -> (u16, String) {
    let error = outcome.expect_err("the request should have been refused");
    let status = error.raw_response().map_or(0, |response| response.status().as_u16());
    (status, error.code().unwrap_or_default().to_owned())
}

pub(crate) fn refused(status: u16, code: &str) -> (u16, String) {
    (status, code.to_owned())
}

/// The files below `blobs/`, unfinished ones too.
pub(crate) fn blob_files(directory: &Path) -> usize {
    let shards = std::fs::read_dir(directory.join("blobs")).unwrap();
    shards.map(|shard| std::fs::read_dir(shard.unwrap().path()).unwrap().count()).sum()
}

/// Waits for what the writer does after its answer, such as removing obsolete bodies.
pub(crate) async fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    for _ in 0..200 {
        if holds() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{what} did not come to hold");
}

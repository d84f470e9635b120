//! One set of clients for all services. The endpoint is the only difference between AWS and one machine.

use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use aws_smithy_http_client::{Builder, tls};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use std::time::Duration;

/// Names of what a deployment consists of.
#[derive(Debug, Clone)]
pub struct Names {
    /// Bucket that schools put their logs into.
    pub raw: String,
    /// Bucket of parts and manifests.
    pub lake: String,
    /// Bucket of settings.
    pub config: String,
    /// The one table.
    pub table: String,
    /// URL of the queue of objects to normalise.
    pub normalise_queue: String,
    /// URL of the queue of old and large objects.
    pub backfill_queue: String,
    /// URL of the queue of manifests to judge.
    pub classify_queue: String,
    /// Id, alias or ARN of the key that seals other keys.
    pub kms_key: String,
}

/// An access key.
#[derive(Clone)]
pub struct Credentials {
    /// Key id.
    pub access_key: String,
    /// Secret.
    pub secret_key: String,
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Credentials").field("access_key", &self.access_key).finish_non_exhaustive()
    }
}

/// Where the services are. What is absent comes from the environment as in every AWS tool (`AWS_REGION`,
/// `AWS_ENDPOINT_URL`, the usual chain of credentials), and is AWS's own where that says nothing.
#[derive(Debug, Clone, Default)]
pub struct Connection {
    /// URL of S3.
    pub s3: Option<String>,
    /// URL of DynamoDB.
    pub dynamodb: Option<String>,
    /// URL of SQS.
    pub sqs: Option<String>,
    /// URL of KMS.
    pub kms: Option<String>,
    /// Access key; absent takes the role of the function.
    pub credentials: Option<Credentials>,
    /// Another HTTP client: the one seam at which tests put faults.
    pub http_client: Option<SharedHttpClient>,
    /// Attempts of a call, retries included.
    pub attempts_max: Option<u32>,
}

const REGION: &str = "eu-west-2";
const ATTEMPTS_MAX: u32 = 4;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// Until the first byte of an answer; a body may take as long as it needs.
const READ_TIMEOUT: Duration = Duration::from_secs(20);

/// The clients of one deployment.
#[derive(Debug, Clone)]
pub struct Store {
    pub(crate) s3: aws_sdk_s3::Client,
    pub(crate) dynamodb: aws_sdk_dynamodb::Client,
    pub(crate) sqs: aws_sdk_sqs::Client,
    pub(crate) kms: aws_sdk_kms::Client,
    pub(crate) names: Names,
}

impl Store {
    /// Connects. Nothing is called yet.
    pub async fn connect(connection: Connection, names: Names) -> Self {
        let http_client = connection.http_client.unwrap_or_else(|| {
            Builder::new()
                .tls_provider(tls::Provider::Rustls(tls::rustls_provider::CryptoMode::Ring))
                .build_https()
        });
        let mut loader = aws_config::defaults(aws_config::BehaviorVersion::latest())
            .http_client(http_client)
            .retry_config(
                RetryConfig::standard().with_max_attempts(connection.attempts_max.unwrap_or(ATTEMPTS_MAX)),
            )
            .timeout_config(
                TimeoutConfig::builder().connect_timeout(CONNECT_TIMEOUT).read_timeout(READ_TIMEOUT).build(),
            );
        if let Some(credentials) = connection.credentials {
            loader = loader.region(aws_config::Region::new(REGION)).credentials_provider(
                aws_credential_types::Credentials::new(
                    credentials.access_key,
                    credentials.secret_key,
                    None,
                    None,
                    "trustwatch",
                ),
            );
        }
        let shared = loader.load().await;
        let mut s3 = aws_sdk_s3::config::Builder::from(&shared);
        if let Some(url) = connection.s3 {
            // A bucket name in front of a loopback address resolves nowhere.
            s3.set_force_path_style(Some(true)).set_endpoint_url(Some(url));
        }
        let mut dynamodb = aws_sdk_dynamodb::config::Builder::from(&shared);
        if let Some(url) = connection.dynamodb {
            dynamodb.set_endpoint_url(Some(url));
        }
        let mut sqs = aws_sdk_sqs::config::Builder::from(&shared);
        if let Some(url) = connection.sqs {
            sqs.set_endpoint_url(Some(url));
        }
        let mut kms = aws_sdk_kms::config::Builder::from(&shared);
        if let Some(url) = connection.kms {
            kms.set_endpoint_url(Some(url));
        }
        Self {
            s3: aws_sdk_s3::Client::from_conf(s3.build()),
            dynamodb: aws_sdk_dynamodb::Client::from_conf(dynamodb.build()),
            sqs: aws_sdk_sqs::Client::from_conf(sqs.build()),
            kms: aws_sdk_kms::Client::from_conf(kms.build()),
            names,
        }
    }

    /// The names of this deployment.
    #[must_use]
    pub const fn names(&self) -> &Names {
        &self.names
    }
}

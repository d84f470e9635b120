//! KMS through the real SDK: what is sealed under a context opens under that context, here, and nowhere else.

use aws_sdk_kms::Client;
use aws_sdk_kms::config::{BehaviorVersion, Credentials as SdkCredentials, Region};
use aws_sdk_kms::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_kms::operation::decrypt::builders::DecryptFluentBuilder;
use aws_sdk_kms::primitives::Blob;
use aws_sdk_kms::types::DataKeySpec;
use std::path::Path;
use tempfile::TempDir;
use trustwatch_local::kms::{ALIAS, MasterKey, router};
use trustwatch_store::Credentials;

const KEY: &str = "AKIDLOCAL";
const SECRET: &str = "secret";

/// Serves the key of a data directory and connects to it, with this secret or with none.
async fn connect(data: &Path, secret: Option<&str>) -> Client {
    let credentials = Credentials { access_key: KEY.to_owned(), secret_key: SECRET.to_owned() };
    let app = router(MasterKey::open(data).unwrap(), credentials);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    let config = aws_sdk_kms::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-west-2"))
        .endpoint_url(endpoint)
        .http_client(aws_smithy_http_client::Builder::new().build_http());
    let config = match secret {
        Some(secret) => config.credentials_provider(SdkCredentials::new(KEY, secret, None, None, "test")),
        None => config.allow_no_auth(),
    };
    Client::from_conf(config.build())
}

/// A data directory with a data key that was made there, under the context `school=oak, year=2026`.
struct Bench {
    data: TempDir,
    client: Client,
    plain: Vec<u8>,
    sealed: Vec<u8>,
}

impl Bench {
    async fn new() -> Self {
        let data = TempDir::new().unwrap();
        let client = connect(data.path(), Some(SECRET)).await;
        let (plain, sealed) = data_key(&client).await;
        Self { data, client, plain, sealed }
    }

    fn decrypt(&self) -> DecryptFluentBuilder {
        under(decrypt(&self.client, &self.sealed))
    }
}

async fn data_key(client: &Client) -> (Vec<u8>, Vec<u8>) {
    let request = client.generate_data_key().key_id(ALIAS).key_spec(DataKeySpec::Aes256);
    let made =
        request.encryption_context("year", "2026").encryption_context("school", "oak").send().await.unwrap();
    (made.plaintext.unwrap().into_inner(), made.ciphertext_blob.unwrap().into_inner())
}

fn decrypt(client: &Client, sealed: &[u8]) -> DecryptFluentBuilder {
    client.decrypt().ciphertext_blob(Blob::new(sealed))
}

fn under(request: DecryptFluentBuilder) -> DecryptFluentBuilder {
    request.encryption_context("school", "oak").encryption_context("year", "2026")
}

fn code<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> String {
    error.code().unwrap_or("none").to_owned()
}

#[track_caller]
fn refused<T: std::fmt::Debug, E: ProvideErrorMetadata + std::fmt::Debug, R: std::fmt::Debug>(
    answer: Result<T, SdkError<E, R>>,
    expected: &str,
) {
    assert_eq!(code(&answer.unwrap_err()), expected);
}

#[tokio::test]
async fn a_data_key_opens_under_its_context() {
    let bench = Bench::new().await;
    assert_eq!(bench.plain.len(), 32);
    let opened = bench.decrypt().send().await.unwrap();
    assert_eq!(opened.plaintext.unwrap().into_inner(), bench.plain);
    let arn = opened.key_id.unwrap();
    assert!(arn.starts_with("arn:aws:kms:eu-west-2:000000000000:key/"), "{arn}");
    let id = arn.rsplit('/').next().unwrap().to_owned();
    for name in [ALIAS.to_owned(), arn.clone(), id] {
        bench.decrypt().key_id(&name).send().await.unwrap();
        let request = bench.client.generate_data_key().key_id(&name).number_of_bytes(32);
        request.send().await.unwrap();
    }
    // No key is made twice, and the plain key does not stand in the sealed one.
    let (plain, sealed) = data_key(&bench.client).await;
    assert!(plain != bench.plain && sealed != bench.sealed);
    assert!(!sealed.windows(plain.len()).any(|window| window == plain));
}

#[tokio::test]
async fn another_context_is_refused() {
    let bench = Bench::new().await;
    let request = || decrypt(&bench.client, &bench.sealed);
    for wrong in [
        request(),
        request().encryption_context("school", "oak"),
        request().encryption_context("school", "elm").encryption_context("year", "2026"),
        request().encryption_context("school", "2026").encryption_context("year", "oak"),
        under(request()).encryption_context("more", ""),
    ] {
        refused(wrong.send().await, "InvalidCiphertextException");
    }
}

#[tokio::test]
async fn a_ciphertext_that_was_altered_is_refused_wherever_it_was() {
    let bench = Bench::new().await;
    for at in 0..bench.sealed.len() {
        let mut altered = bench.sealed.clone();
        altered[at] ^= 1;
        refused(under(decrypt(&bench.client, &altered)).send().await, "InvalidCiphertextException");
    }
    for length in [1, 12, 13, 28, bench.sealed.len() - 1] {
        let cut = &bench.sealed[..length];
        refused(under(decrypt(&bench.client, cut)).send().await, "InvalidCiphertextException");
    }
    refused(under(decrypt(&bench.client, &[])).send().await, "ValidationException");
    refused(under(decrypt(&bench.client, &[1; 6145])).send().await, "ValidationException");
}

#[tokio::test]
async fn the_key_of_another_directory_opens_nothing() {
    let (bench, other) = (Bench::new().await, Bench::new().await);
    refused(under(decrypt(&other.client, &bench.sealed)).send().await, "InvalidCiphertextException");
    let its_arn = other.decrypt().send().await.unwrap().key_id.unwrap();
    refused(bench.decrypt().key_id(its_arn).send().await, "IncorrectKeyException");
}

#[tokio::test]
async fn everything_opens_after_a_restart() {
    let bench = Bench::new().await;
    let again = connect(bench.data.path(), Some(SECRET)).await;
    let opened = under(decrypt(&again, &bench.sealed)).send().await.unwrap();
    assert_eq!(opened.plaintext.unwrap().into_inner(), bench.plain);
}

#[tokio::test]
async fn the_key_is_its_owners_alone_and_a_damaged_one_is_named() {
    use std::os::unix::fs::PermissionsExt;
    let bench = Bench::new().await;
    let file = bench.data.path().join("kms.json");
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    for damaged in ["", "{}", r#"{"id":"a","key":"00"}"#] {
        std::fs::write(&file, damaged).unwrap();
        let error = MasterKey::open(bench.data.path()).err().unwrap().to_string();
        assert!(error.contains("kms.json` holds no key"), "{error}");
    }
}

#[tokio::test]
async fn who_does_not_hold_the_access_key_is_refused() {
    let bench = Bench::new().await;
    let stranger = connect(bench.data.path(), Some("guess")).await;
    refused(under(decrypt(&stranger, &bench.sealed)).send().await, "SignatureDoesNotMatch");
    refused(
        stranger.generate_data_key().key_id(ALIAS).key_spec(DataKeySpec::Aes256).send().await,
        "SignatureDoesNotMatch",
    );
    let anonymous = connect(bench.data.path(), None).await;
    refused(under(decrypt(&anonymous, &bench.sealed)).send().await, "MissingAuthenticationToken");
}

#[tokio::test]
async fn what_kms_would_not_take_is_refused_in_its_words() {
    let bench = Bench::new().await;
    let request = || bench.client.generate_data_key();
    refused(request().key_id(ALIAS).send().await, "ValidationException");
    refused(request().key_id(ALIAS).key_spec(DataKeySpec::Aes128).send().await, "ValidationException");
    refused(request().key_id(ALIAS).number_of_bytes(64).send().await, "ValidationException");
    let both = request().key_id(ALIAS).key_spec(DataKeySpec::Aes256).number_of_bytes(32);
    refused(both.send().await, "ValidationException");
    let unknown = request().key_id("alias/other").key_spec(DataKeySpec::Aes256);
    refused(unknown.send().await, "NotFoundException");
    let long =
        request().key_id(ALIAS).key_spec(DataKeySpec::Aes256).encryption_context("a", "x".repeat(8192));
    refused(long.send().await, "ValidationException");
    refused(bench.client.list_keys().send().await, "UnknownOperationException");
}

//! The seam: an HTTP client around the real one. Every call of every service passes it, deletes included, and a
//! judge says what becomes of each.

use async_trait::async_trait;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;
use std::sync::{Arc, Mutex};

/// What becomes of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It goes through.
    Proceed,
    /// It fails before it is sent.
    NotSent,
    /// It takes effect, and its answer is lost.
    AnswerLost,
    /// It takes effect, and the body of its answer ends half-way.
    BodyCut,
    /// It is not sent; the service answers this.
    Answered {
        /// Status.
        status: u16,
        /// Body.
        body: String,
    },
}

/// Says what becomes of calls.
#[async_trait]
pub trait Judge: Send + Sync {
    /// Asked before a call is sent. The call waits until this returns.
    async fn judge(&self, operation: &str) -> Verdict;

    /// Shown each call as it is: the target of a table's or queue's verb, and the body.
    fn sees(&self, _target: &str, _body: &[u8]) {}
}

struct Pass;

#[async_trait]
impl Judge for Pass {
    async fn judge(&self, _: &str) -> Verdict {
        Verdict::Proceed
    }
}

/// A seam, to which a judge is appointed. Without one everything goes through.
#[derive(Clone)]
pub struct Seam {
    real: SharedHttpClient,
    judge: Arc<Mutex<Arc<dyn Judge>>>,
}

impl std::fmt::Debug for Seam {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Seam")
    }
}

impl Seam {
    pub(crate) fn around(real: SharedHttpClient) -> Self {
        Self { real, judge: Arc::new(Mutex::new(Arc::new(Pass))) }
    }

    pub(crate) fn client(&self) -> SharedHttpClient {
        SharedHttpClient::new(self.clone())
    }

    /// From now on this judge decides.
    pub fn appoint(&self, judge: impl Judge + 'static) {
        *self.judge.lock().unwrap() = Arc::new(judge);
    }

    /// From now on everything goes through.
    pub fn dismiss(&self) {
        self.appoint(Pass);
    }
}

impl HttpClient for Seam {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        let real = self.real.http_connector(settings, components);
        SharedHttpConnector::new(Connector { real, judge: Arc::clone(&self.judge) })
    }
}

struct Connector {
    real: SharedHttpConnector,
    judge: Arc<Mutex<Arc<dyn Judge>>>,
}

impl std::fmt::Debug for Connector {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Connector")
    }
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let judge = Arc::clone(&self.judge.lock().unwrap());
        let real = self.real.clone();
        HttpConnectorFuture::new(async move {
            let target = request.headers().get("x-amz-target").unwrap_or_default();
            judge.sees(target, request.body().bytes().unwrap_or_default());
            let verdict = judge.judge(&operation(&request)).await;
            match verdict {
                Verdict::Proceed => real.call(request).await,
                Verdict::NotSent => Err(failed("the call was not sent")),
                Verdict::AnswerLost => {
                    real.call(request).await?;
                    Err(failed("the answer was lost"))
                }
                Verdict::BodyCut => cut(real.call(request).await?).await,
                Verdict::Answered { status, body } => {
                    Ok(HttpResponse::new(status.try_into().unwrap(), SdkBody::from(body)))
                }
            }
        })
    }
}

fn failed(what: &'static str) -> ConnectorError {
    ConnectorError::io(what.into())
}

async fn cut(mut answer: HttpResponse) -> Result<HttpResponse, ConnectorError> {
    let whole = ByteStream::new(answer.take_body()).collect().await;
    let whole = whole.map_err(|error| ConnectorError::io(error.into()))?.into_bytes();
    *answer.body_mut() = SdkBody::from(whole.slice(..whole.len() / 2));
    Ok(answer)
}

/// The verb of `shared/store` that a request comes from. What is not recognised is named by the request, so that a
/// new verb shows as such.
fn operation(request: &HttpRequest) -> String {
    let target = request.headers().get("x-amz-target").unwrap_or_default();
    let body = String::from_utf8_lossy(request.body().bytes().unwrap_or_default());
    let known = match target.rsplit_once('.') {
        Some((_, action)) => of_table_or_queue(action, &body),
        None => of_object(request),
    };
    known.map_or_else(|| format!("unknown: {} {} {target}", request.method(), request.uri()), str::to_owned)
}

fn of_table_or_queue(action: &str, body: &str) -> Option<&'static str> {
    let has = |text: &str| body.contains(text);
    Some(match action {
        "UpdateItem" if has("ADD attempts") => "claim",
        "UpdateItem" if has(":pinned") => "pin",
        "UpdateItem" if has("REMOVE due_shard") => "settle_due",
        "UpdateItem" if has("due_at = :seen") => "put_off",
        "UpdateItem" if has("last_object_at") => "show_latest",
        "UpdateItem" if has("set_aside_at") => "show_set_aside",
        "GenerateDataKey" => "generate_data_key",
        "Decrypt" => "decrypt",
        "PutItem" if has("KEY#") => "make_key",
        "GetItem" if has("KEY#") => "sealed_key",
        "GetItem" if has("ALERT#") => "cell_exists",
        "Query" if has("queue_order") => "queue_range",
        "PutItem" if has("AUDIT#") => "put_audit",
        "Query" if has("ALERT#") => "cell",
        "TransactWriteItems" if has(":about") => "put_contribution",
        "TransactWriteItems" if has(":alert") => "write_cell",
        "GetItem" if has("QUOTA#") => "quota_used",
        "GetItem" if has("SRC#") => "ledger",
        "Query" if has("due_shard") => "due",
        "TransactWriteItems" if has(":done") => "finish",
        "TransactWriteItems" => "finish days",
        "SendMessage" => "send",
        "ChangeMessageVisibility" => "come_back_in",
        _ => return None,
    })
}

fn of_object(request: &HttpRequest) -> Option<&'static str> {
    let uri = request.uri();
    let rest = uri.split_once("//").map_or(uri, |(_, rest)| rest);
    let rest = rest.split_once('/').map_or("", |(_, path)| path);
    let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (bucket, key) = path.split_once('/').unwrap_or((path, ""));
    let kind = key.split('/').next().unwrap_or_default();
    Some(match (request.method(), bucket.rsplit('-').next()?, kind) {
        ("GET", "raw", "") if query.contains("versions") => "raw_versions",
        ("GET", "raw", _) if query.contains("versionId=") => "open_raw",
        ("GET", "lake", "") if query.contains("list-type=2") => "keys",
        ("GET", "lake", "manifests") if key.starts_with("manifests/v1/classify/") => "read judgement",
        ("GET", "lake", "manifests") => "read manifest",
        ("GET", "lake", "events") => "read part",
        ("GET", "lake", "findings") => "read findings",
        ("GET", "config", "policy") => "read policy",
        ("GET", "config", "roster") => "read roster",
        ("HEAD", "config", _) => "version_of",
        ("GET", "config", "schools") => "read settings",
        ("PUT", "lake", "events") => "put_new part",
        ("PUT", "lake", "rejects") => "put_new rejects",
        ("PUT", "lake", "findings") => "put_new findings",
        ("PUT", "lake", "manifests") if key.starts_with("manifests/v1/classify/") => "put_new judgement",
        ("PUT", "lake", "manifests") => "put_new manifest",
        ("PUT", "config", "schools") => "replace settings",
        _ => return None,
    })
}

/// A judge that counts calls, and fails one of them in one way.
#[derive(Debug, Clone)]
pub struct FailsAt {
    call: Which,
    fault: Fault,
    calls: Arc<Mutex<Vec<String>>>,
}

/// A way for a call to fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// It was never sent.
    NotSent,
    /// It took effect, and its answer was lost.
    AnswerLost,
    /// The service asks for patience: 503 of S3, throttling of DynamoDB and SQS.
    Throttled,
    /// Somebody else's write is under way: 409 of S3, `TransactionConflict` of DynamoDB.
    Conflict,
    /// The body of the answer ends half-way.
    BodyCut,
}

impl Fault {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::NotSent, Self::AnswerLost, Self::Throttled, Self::Conflict, Self::BodyCut];

    /// Whether this operation can fail in this way.
    #[must_use]
    pub fn fits(self, operation: &str) -> bool {
        let is_put = operation.starts_with("put_new") || operation.starts_with("replace");
        let is_table_write = operation.starts_with("finish")
            || matches!(
                operation,
                "show_latest"
                    | "show_set_aside"
                    | "claim"
                    | "pin"
                    | "settle_due"
                    | "put_off"
                    | "put_contribution"
                    | "write_cell"
            );
        match self {
            Self::NotSent | Self::AnswerLost | Self::Throttled => true,
            Self::Conflict => is_put || is_table_write,
            Self::BodyCut => operation == "open_raw" || operation.starts_with("read "),
        }
    }

    fn verdict(self, operation: &str) -> Verdict {
        let is_s3 = ["read", "put_new", "replace", "raw_versions", "open_raw", "keys", "version_of"]
            .iter()
            .any(|verb| operation.starts_with(verb));
        let s3 = |status, code: &str| Verdict::Answered {
            status,
            body: format!("<?xml version=\"1.0\"?><Error><Code>{code}</Code><Message>x</Message></Error>"),
        };
        let json = |body: &str| Verdict::Answered { status: 400, body: body.to_owned() };
        match self {
            Self::NotSent => Verdict::NotSent,
            Self::AnswerLost => Verdict::AnswerLost,
            Self::BodyCut => Verdict::BodyCut,
            Self::Throttled if is_s3 => s3(503, "SlowDown"),
            Self::Throttled if matches!(operation, "generate_data_key" | "decrypt") => {
                json(r#"{"__type":"ThrottlingException","message":"x"}"#)
            }
            Self::Throttled if matches!(operation, "send" | "come_back_in") => {
                json(r#"{"__type":"com.amazonaws.sqs#RequestThrottled","message":"x"}"#)
            }
            Self::Throttled => json(
                r#"{"__type":"com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException","message":"x"}"#,
            ),
            Self::Conflict if is_s3 => s3(409, "ConditionalRequestConflict"),
            Self::Conflict
                if operation.starts_with("finish")
                    || matches!(operation, "put_contribution" | "write_cell") =>
            {
                json(
                    r#"{"__type":"com.amazonaws.dynamodb.v20120810#TransactionCanceledException","Message":"x","CancellationReasons":[{"Code":"TransactionConflict","Message":"x"}]}"#,
                )
            }
            Self::Conflict => json(
                r#"{"__type":"com.amazonaws.dynamodb.v20120810#TransactionConflictException","message":"x"}"#,
            ),
        }
    }
}

#[derive(Debug, Clone, Copy)]
enum Which {
    None,
    Number(usize),
    Nth(&'static str, usize),
}

impl FailsAt {
    /// Fails the call of this number, from 0.
    #[must_use]
    pub fn new(number: usize, fault: Fault) -> Self {
        Self { call: Which::Number(number), fault, calls: Arc::default() }
    }

    /// Fails the first call of this operation.
    #[must_use]
    pub fn first(operation: &'static str, fault: Fault) -> Self {
        Self::nth(operation, 0, fault)
    }

    /// Fails one call of this operation: the one of this number, from 0.
    #[must_use]
    pub fn nth(operation: &'static str, number: usize, fault: Fault) -> Self {
        Self { call: Which::Nth(operation, number), fault, calls: Arc::default() }
    }

    /// Fails no call and only counts.
    #[must_use]
    pub fn never() -> Self {
        Self { call: Which::None, fault: Fault::NotSent, calls: Arc::default() }
    }

    /// The operations so far, in order.
    #[must_use]
    pub fn calls(&self) -> Vec<String> {
        self.calls.lock().unwrap().clone()
    }
}

#[async_trait]
impl Judge for FailsAt {
    async fn judge(&self, operation: &str) -> Verdict {
        let mut calls = self.calls.lock().unwrap();
        let before = calls.iter().filter(|call| *call == operation).count();
        calls.push(operation.to_owned());
        let fails = match self.call {
            Which::None => false,
            Which::Number(number) => calls.len() - 1 == number,
            Which::Nth(one, number) => operation == one && before == number,
        };
        if fails { self.fault.verdict(operation) } else { Verdict::Proceed }
    }
}

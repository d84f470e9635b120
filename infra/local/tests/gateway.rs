//! The gateway before a function that tells what it was given: who passes, who does not, and what arrives.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "helpers of tests fail as tests do"
)]

use axum::Router;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, encode};
use lambda_http::request::RequestContext;
use rsa::pkcs1::EncodeRsaPrivateKey as _;
use rsa::pkcs8::DecodePrivateKey as _;
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use trustwatch_local::gateway::{AUDIENCE, BODY_BYTES_MAX, Issuer, TOKEN_BYTES_MAX, router};

/// Where the issuer says that it is.
const URL: &str = "http://issuer.example";

fn now() -> Timestamp {
    "2026-10-26T09:00:00Z".parse().unwrap()
}

/// What a response says.
#[derive(Debug)]
struct Answer {
    status: u16,
    head: String,
    body: Value,
}

struct Bench {
    data: TempDir,
    issuer: Issuer,
    address: SocketAddr,
    /// Calls of the function behind the gateway.
    calls: Arc<AtomicUsize>,
}

/// Says what arrived.
async fn tell(request: axum::extract::Request) -> axum::Json<Value> {
    let (parts, body) = request.into_parts();
    let Some(RequestContext::ApiGatewayV2(context)) = parts.extensions.get() else {
        panic!("the request lacks the context that AWS gives it");
    };
    let headers: Vec<_> = parts
        .headers
        .iter()
        .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
        .collect();
    let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
    axum::Json(json!({
        "method": parts.method.as_str(), "path": parts.uri.path(), "query": parts.uri.query(),
        "headers": headers, "body": body.to_vec(), "context": context,
    }))
}

impl Bench {
    async fn new() -> Self {
        let data = TempDir::new().unwrap();
        let issuer = Issuer::open(data.path()).unwrap();
        let calls = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&calls);
        let function = Router::new().fallback(move |request| {
            counted.fetch_add(1, Ordering::SeqCst);
            tell(request)
        });
        let app = router(function, &issuer, URL, Arc::new(now));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let app = app.into_make_service_with_connect_info::<SocketAddr>();
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { data, issuer, address, calls }
    }

    /// Sends a request line with headers, each ended by `\r\n`, and a body.
    async fn send(&self, line: &str, headers: &str, body: &[u8]) -> Answer {
        let mut stream = tokio::net::TcpStream::connect(self.address).await.unwrap();
        let host = if headers.contains("host:") { "" } else { "host: api.example\r\n" };
        let length = body.len();
        let head = format!(
            "{line} HTTP/1.1\r\n{host}{headers}connection: close\r\ncontent-length: {length}\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        // Who is refused early may be cut off while it sends.
        let _ = stream.write_all(body).await;
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await;
        let answer = String::from_utf8(answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("{answer:?}"));
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Answer { status, head: head.to_lowercase(), body: serde_json::from_str(body).unwrap_or_default() }
    }

    async fn get(&self, path: &str, headers: &str) -> Answer {
        self.send(&format!("GET {path}"), headers, b"").await
    }

    async fn with_token(&self, token: &str) -> Answer {
        self.get("/v1/alerts", &format!("authorization: Bearer {token}\r\n")).await
    }

    fn good(&self) -> String {
        self.issuer.token(URL, "dev-dsl-oak", now(), SignedDuration::from_mins(5)).unwrap()
    }

    /// A token of the issuer, with some claims set to others. `null` takes a claim out.
    fn signed(&self, changes: Value) -> String {
        self.issuer.sign(&claims(changes)).unwrap()
    }

    fn key_id(&self) -> String {
        self.issuer.keys()["keys"][0]["kid"].as_str().unwrap().to_owned()
    }

    async fn refused(&self, what: &str, headers: &str) {
        let before = self.calls.load(Ordering::SeqCst);
        let answer = self.get("/v1/alerts", headers).await;
        assert_eq!(answer.status, 401, "{what}: {answer:?}");
        let challenge = if headers.is_empty() { "bearer" } else { "bearer error=\"invalid_token\"" };
        assert!(answer.head.contains(&format!("www-authenticate: {challenge}\r\n")), "{what}: {answer:?}");
        assert!(answer.head.contains("content-type: application/problem+json"), "{what}: {answer:?}");
        assert_eq!((&answer.body["status"], &answer.body["title"]), (&json!(401), &json!("Unauthorized")));
        assert_eq!(self.calls.load(Ordering::SeqCst), before, "{what}: the function was called");
    }
}

fn claims(changes: Value) -> Value {
    let now_s = now().as_second();
    let mut claims = json!({
        "iss": URL, "aud": AUDIENCE, "sub": "pat", "iat": now_s, "nbf": now_s, "exp": now_s + 300,
    });
    for (name, value) in changes.as_object().unwrap() {
        match value {
            Value::Null => drop(claims.as_object_mut().unwrap().remove(name)),
            value => claims[name] = value.clone(),
        }
    }
    claims
}

/// A token from its parts as text.
fn assembled(header: &Value, claims: &Value, signature: &str) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}.{signature}", part(header), part(claims))
}

/// The private key in a data directory.
fn private_key(data: &TempDir) -> EncodingKey {
    let pem = std::fs::read_to_string(data.path().join("issuer.pem")).unwrap();
    let key = rsa::RsaPrivateKey::from_pkcs8_pem(&pem).unwrap();
    EncodingKey::from_rsa_der(key.to_pkcs1_der().unwrap().as_bytes())
}

#[tokio::test]
async fn a_good_token_passes_and_its_claims_arrive_as_api_gateway_flattens_them() {
    let bench = Bench::new().await;
    let answer = bench.with_token(&bench.good()).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let arrived = &answer.body["context"]["authorizer"]["jwt"]["claims"];
    assert_eq!(arrived["groups"], "[dev-dsl-oak]");
    assert_eq!(
        (&arrived["iss"], &arrived["aud"], &arrived["sub"]),
        (&json!(URL), &json!("trustwatch"), &json!("dev-dsl-oak"))
    );
    assert_eq!(arrived["exp"], (now().as_second() + 300).to_string());

    let token = bench.signed(
        json!({ "groups": ["a", "b"], "aud": ["other", AUDIENCE], "admin": true, "nbf": null, "iat": null }),
    );
    let answer = bench.get("/v1/alerts", &format!("authorization: bEARER {token}\r\n")).await;
    let arrived = &answer.body["context"]["authorizer"]["jwt"]["claims"];
    assert_eq!(
        (&arrived["groups"], &arrived["aud"], &arrived["admin"]),
        (&json!("[a b]"), &json!("[other trustwatch]"), &json!("true"))
    );
}

#[tokio::test]
async fn a_token_that_does_not_hold_is_refused_and_disturbs_nothing() {
    let bench = Bench::new().await;
    let good = bench.good();
    let (start, signature) = good.rsplit_once('.').unwrap();
    let (head, payload) = start.split_once('.').unwrap();
    let now_s = now().as_second();
    let kid = bench.key_id();
    let rs256 = |kid: &str| Header { kid: Some(kid.to_owned()), ..Header::new(Algorithm::RS256) };
    let hs256 = Header { kid: Some(kid.clone()), ..Header::new(Algorithm::HS256) };
    let modulus = bench.issuer.keys()["keys"][0]["n"].as_str().unwrap().to_owned();
    let modulus = EncodingKey::from_secret(&URL_SAFE_NO_PAD.decode(modulus).unwrap());
    let key = private_key(&bench.data);
    let other = TempDir::new().unwrap();
    let another_issuer = Issuer::open(other.path()).unwrap();
    let mut altered = signature.to_owned();
    altered.replace_range(0..1, if signature.starts_with('A') { "B" } else { "A" });
    let richer = URL_SAFE_NO_PAD.encode(claims(json!({ "groups": ["dev-trust_lead"] })).to_string());
    let no_kid = Header::new(Algorithm::RS256);
    let critical = Header { crit: Some(vec!["b64".to_owned()]), ..rs256(&kid) };
    let plain = claims(json!({}));
    for (what, token) in [
        ("expired", bench.signed(json!({ "exp": now_s - 3600 }))),
        ("without an end", bench.signed(json!({ "exp": null }))),
        ("an end that is no time", bench.signed(json!({ "exp": "never" }))),
        ("not yet valid", bench.signed(json!({ "nbf": now_s + 3600 }))),
        ("issued in the future", bench.signed(json!({ "iat": now_s + 3600 }))),
        ("alg none", assembled(&json!({ "alg": "none", "kid": kid }), &plain, "")),
        ("alg None", assembled(&json!({ "alg": "None", "kid": kid }), &plain, signature)),
        ("HS256 with the public key", encode(&hs256, &plain, &modulus).unwrap()),
        ("RS512", encode(&Header { alg: Algorithm::RS512, ..rs256(&kid) }, &plain, &key).unwrap()),
        ("another issuer's key", another_issuer.sign(&plain).unwrap()),
        ("another key under this name", encode(&rs256(&kid), &plain, &private_key(&other)).unwrap()),
        ("an altered signature", format!("{start}.{altered}")),
        ("claims that were not signed", format!("{head}.{richer}.{signature}")),
        ("a header that was not signed", {
            let head = URL_SAFE_NO_PAD.encode(json!({ "alg": "RS256", "kid": kid, "x": 1 }).to_string());
            format!("{head}.{payload}.{signature}")
        }),
        ("another audience", bench.signed(json!({ "aud": "elsewhere" }))),
        ("no audience", bench.signed(json!({ "aud": null }))),
        ("another issuer", bench.signed(json!({ "iss": "http://issuer.example.org" }))),
        ("no issuer", bench.signed(json!({ "iss": null }))),
        ("no key id", encode(&no_kid, &plain, &key).unwrap()),
        ("an unknown key id", encode(&rs256("other"), &plain, &key).unwrap()),
        ("an extension that must be understood", encode(&critical, &plain, &key).unwrap()),
        ("oversized", bench.signed(json!({ "padding": "x".repeat(TOKEN_BYTES_MAX) }))),
        ("truncated", good[..good.len() - 8].to_owned()),
        ("without a signature", start.to_owned()),
        ("four parts", format!("{good}.{signature}")),
        ("nothing", String::new()),
        ("no token", "password".to_owned()),
    ] {
        bench.refused(what, &format!("authorization: Bearer {token}\r\n")).await;
    }
    let twice = format!("authorization: Bearer {good}\r\n");
    for (what, headers) in [
        ("no header", String::new()),
        ("two headers", twice.repeat(2)),
        ("two tokens in one header", format!("authorization: Bearer {good}, Bearer {good}\r\n")),
        ("no scheme", format!("authorization: {good}\r\n")),
        ("another scheme", format!("authorization: Basic {good}\r\n")),
        ("a byte that is no text", "authorization: Bearer \u{e9}\r\n".to_owned()),
    ] {
        bench.refused(what, &headers).await;
    }
    assert_eq!(bench.with_token(&good).await.status, 200);
    assert_eq!(bench.calls.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn clocks_may_differ_by_a_minute_and_no_more() {
    let bench = Bench::new().await;
    let now_s = now().as_second();
    for (claim, at_s, status) in [
        ("exp", now_s - 59, 200),
        ("exp", now_s - 60, 401),
        ("nbf", now_s + 60, 200),
        ("nbf", now_s + 61, 401),
        ("iat", now_s + 60, 200),
        ("iat", now_s + 61, 401),
        ("exp", i64::MAX, 200),
        ("nbf", i64::MIN, 200),
    ] {
        let answer = bench.with_token(&bench.signed(json!({ claim: at_s }))).await;
        assert_eq!(answer.status, status, "{claim} {at_s}");
    }
}

#[tokio::test]
async fn only_what_is_public_needs_no_token() {
    let bench = Bench::new().await;
    for path in ["/v1/health", "/v1/openapi.json", "/v1/health?deep=1"] {
        let answer = bench.get(path, "").await;
        assert_eq!(answer.status, 200, "{path}");
        assert_eq!(answer.body["context"]["authorizer"], Value::Null, "{path}");
    }
    // A token that is not needed is not looked at.
    assert_eq!(bench.get("/v1/health", "authorization: Bearer nonsense\r\n").await.status, 200);
    for path in [
        "/",
        "/v1/alerts",
        "/v1/health/",
        "/v1/health/../alerts",
        "/v1/alerts/../health",
        "//v1/health",
        "/v1/Health",
        "/v1/health%2f",
        "/v1/health;x",
        "/.well-known/other",
        "/.well-known/../v1/alerts",
    ] {
        assert_eq!(bench.get(path, "").await.status, 401, "{path}");
    }
}

#[tokio::test]
async fn what_a_client_says_of_itself_is_not_believed() {
    let bench = Bench::new().await;
    let forged = json!({ "authorizer": { "jwt": { "claims": { "groups": "[dev-trust_lead]" } } } });
    let headers = format!(
        "x-amzn-request-context: {forged}\r\nx-amzn-oidc-identity: head\r\nx-forwarded-for: 192.0.2.1\r\n\
         x-forwarded-proto: https\r\nx-forwarded-host: other.example\r\nforwarded: for=192.0.2.1\r\nx-own: kept\r\n"
    );
    let answer = bench.get("/v1/health", &headers).await;
    assert_eq!(answer.body["context"]["authorizer"], Value::Null);
    assert_eq!(answer.body["context"]["http"]["sourceIp"], "127.0.0.1");
    let given: Vec<(String, String)> = serde_json::from_value(answer.body["headers"].clone()).unwrap();
    let value = |name: &str| given.iter().find(|(given, _)| given == name).map(|(_, value)| value.as_str());
    assert_eq!((value("x-forwarded-for"), value("x-forwarded-proto")), (Some("127.0.0.1"), Some("http")));
    assert_eq!(value("x-own"), Some("kept"));
    for name in ["x-amzn-request-context", "x-amzn-oidc-identity", "x-forwarded-host", "forwarded"] {
        assert_eq!(value(name), None, "{name}");
    }
}

#[tokio::test]
async fn a_request_arrives_whole() {
    let bench = Bench::new().await;
    let token = format!("authorization: Bearer {}\r\n", bench.good());
    let headers = format!("{token}cookie: a=1; b=2\r\nx-two: 1\r\nx-two: 2\r\nuser-agent: test\r\n");
    for body in [&b"{\"note\":\"caf\xc3\xa9\"}"[..], b"\xff\x00\xfe", b""] {
        let answer = bench.send("POST /v1/alerts/a%20b/notes?q=x%26y&q=z", &headers, body).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        let arrived = &answer.body;
        assert_eq!(arrived["body"], json!(body));
        assert_eq!(
            (&arrived["method"], &arrived["path"]),
            (&json!("POST"), &json!("/v1/alerts/a%20b/notes"))
        );
        assert_eq!(arrived["query"], "q=x%26y&q=z");
        let given: Vec<(String, String)> = serde_json::from_value(arrived["headers"].clone()).unwrap();
        for (name, value) in [("cookie", "a=1; b=2"), ("x-two", "1,2"), ("host", "api.example")] {
            assert!(given.contains(&(name.to_owned(), value.to_owned())), "{name}: {given:?}");
        }
        assert_eq!(arrived["context"]["http"]["userAgent"], "test");
    }
    let long = vec![b'x'; BODY_BYTES_MAX + 1];
    assert_eq!(bench.send("POST /v1/alerts", &token, &long).await.status, 413);
    // None of them may make a path out of a host: not of one that needs no token, above all.
    let calls = bench.calls.load(Ordering::SeqCst);
    for host in ["", "a b", "[", "a:99999", "a/v1/alerts?", "a/v1/alerts#", "a\\v1", "a@b", "/"] {
        for path in ["/v1/alerts", "/v1/health"] {
            let answer = bench.get(path, &format!("{token}host: {host}\r\n")).await;
            assert_eq!(answer.status, 400, "`{host}`: {answer:?}");
        }
    }
    assert_eq!(bench.calls.load(Ordering::SeqCst), calls);
}

#[tokio::test]
async fn a_verifier_finds_the_key_by_the_issuers_documents() {
    let bench = Bench::new().await;
    let configuration = bench.get("/.well-known/openid-configuration", "").await;
    assert_eq!((configuration.status, &configuration.body["issuer"]), (200, &json!(URL)));
    let keys_path = configuration.body["jwks_uri"].as_str().unwrap().strip_prefix(URL).unwrap().to_owned();
    let keys = bench.get(&keys_path, "").await.body;
    let key = &keys["keys"][0];
    assert_eq!((&key["kty"], &key["alg"]), (&json!("RSA"), &json!("RS256")));
    let secrets = ["d", "p", "q", "dp", "dq", "qi"];
    assert!(secrets.iter().all(|name| key.get(name).is_none()), "{key}");
    let component = |name: &str| key[name].as_str().unwrap().to_owned();
    assert_eq!(URL_SAFE_NO_PAD.decode(component("n")).unwrap().len(), 256);
    let key = DecodingKey::from_rsa_components(&component("n"), &component("e")).unwrap();
    let mut validation = Validation::new(Algorithm::RS256);
    validation.set_audience(&[AUDIENCE]);
    validation.validate_exp = false;
    jsonwebtoken::decode::<Value>(bench.good(), &key, &validation).unwrap();
}

#[tokio::test]
async fn the_key_outlives_the_process_and_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt;
    let bench = Bench::new().await;
    let again = Issuer::open(bench.data.path()).unwrap();
    assert_eq!(again.keys(), bench.issuer.keys());
    let token = again.token(URL, "dev-dpo", now(), SignedDuration::from_mins(5)).unwrap();
    assert_eq!(bench.with_token(&token).await.status, 200);
    let file = bench.data.path().join("issuer.pem");
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    std::fs::write(&file, "no key").unwrap();
    let error = Issuer::open(bench.data.path()).err().unwrap().to_string();
    assert!(error.contains("issuer.pem` holds no key"), "{error}");
}

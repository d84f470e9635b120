//! A request as the function gets it on AWS: through the event of payload format 2.0 (API Gateway developer guide,
//! "Create AWS Lambda proxy integrations for HTTP APIs"), and back by the code that does that on AWS.

use super::claims::Claims;
use crate::queue::{ACCOUNT, new_id};
use axum::http::Version;
use axum::http::header::{self, HeaderMap};
use axum::http::request::Parts;
use axum::http::uri::{Authority, Uri};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use std::net::SocketAddr;

/// The gateway's own words about a request; a client that sends them is not believed.
const OURS: [&str; 3] = ["x-forwarded-", "x-amzn-", "forwarded"];

/// The request that `lambda_http` would hand to the function, or nothing for one whose address is none.
pub(super) fn as_on_aws(
    parts: &Parts,
    body: &[u8],
    claims: Option<Claims>,
    client: SocketAddr,
    now: Timestamp,
) -> Option<lambda_http::Request> {
    let headers = headers(&parts.headers, client);
    let host = headers.get("host").and_then(Value::as_str)?;
    check_address(host, parts.uri.path())?;
    let (body, is_base64) = match std::str::from_utf8(body) {
        Ok(text) => (text.to_owned(), false),
        Err(_) => (STANDARD.encode(body), true),
    };
    let event = json!({
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": parts.uri.path(),
        "rawQueryString": parts.uri.query().unwrap_or_default(),
        "cookies": cookies(&parts.headers),
        "requestContext": {
            "accountId": ACCOUNT,
            "apiId": "local",
            "authorizer": claims.map(|claims| json!({ "jwt": { "claims": claims.0, "scopes": null } })),
            "domainName": host,
            "http": {
                "method": parts.method.as_str(),
                "path": parts.uri.path(),
                "protocol": if parts.version == Version::HTTP_10 { "HTTP/1.0" } else { "HTTP/1.1" },
                "sourceIp": client.ip(),
                "userAgent": headers.get("user-agent"),
            },
            "requestId": new_id(),
            "routeKey": "$default",
            "stage": "$default",
            "time": now.strftime("%d/%b/%Y:%H:%M:%S +0000").to_string(),
            "timeEpoch": now.as_millisecond(),
        },
        "headers": headers,
        "body": (!body.is_empty()).then_some(body),
        "isBase64Encoded": is_base64,
    });
    lambda_http::request::from_str(&event.to_string()).ok()
}

/// `lambda_http` joins host and path to one address, and trusts API Gateway that they fit: a host such as `h/other?`
/// would make another path of the one that was judged here.
fn check_address(host: &str, path: &str) -> Option<()> {
    let authority: Authority = host.parse().ok()?;
    let url = url::Url::parse(&format!("http://{host}{path}")).ok()?;
    url.as_str().parse::<Uri>().ok()?;
    (!authority.as_str().contains('@')).then_some(())
}

/// Headers by name, several values of one name joined. Cookies have a place of their own.
fn headers(given: &HeaderMap, client: SocketAddr) -> Map<String, Value> {
    let mut headers = Map::new();
    for name in given.keys() {
        let is_ours = OURS.iter().any(|ours| name.as_str().starts_with(ours));
        let is_of_the_connection =
            [header::CONNECTION, header::TRANSFER_ENCODING, header::UPGRADE, header::COOKIE].contains(name);
        if !is_ours && !is_of_the_connection {
            headers.insert(name.to_string(), joined(given, name, ",").into());
        }
    }
    headers.entry("host").or_insert_with(|| "localhost".into());
    headers.insert("x-forwarded-for".to_owned(), client.ip().to_string().into());
    headers.insert("x-forwarded-proto".to_owned(), "http".into());
    headers
}

fn joined(headers: &HeaderMap, name: &header::HeaderName, between: &str) -> String {
    let values = headers.get_all(name).iter().map(|value| String::from_utf8_lossy(value.as_bytes()));
    values.collect::<Vec<_>>().join(between)
}

fn cookies(headers: &HeaderMap) -> Option<Vec<String>> {
    let cookies = joined(headers, &header::COOKIE, ";");
    (!cookies.is_empty()).then(|| cookies.split(';').map(|cookie| cookie.trim().to_owned()).collect())
}

//! Events as JSON objects, with absent columns left out.

use serde_json::{Map, Value, json};
use trustwatch_model::Event;

/// The columns of an event under their names; `event_at` in RFC 3339, UTC.
pub(crate) fn columns(event: &Event<'_>) -> Map<String, Value> {
    let columns = json!({
        "event_at": jiff::Timestamp::from_microsecond(event.event_at).ok().map(|at| at.to_string()),
        "user_name": event.user_name,
        "user_group": event.user_group,
        "source_ip": event.source_ip,
        "destination_ip": event.destination_ip,
        "device_name": event.device_name,
        "http_method": event.http_method,
        "url_scheme": event.url_scheme,
        "url_domain": event.url_domain,
        "url_port": event.url_port,
        "registered_domain": event.registered_domain,
        "url_path": event.url_path,
        "url_query": event.url_query,
        "search_terms": event.search_terms,
        "http_status": event.http_status,
        "action": event.action.map(|action| action.as_str()),
        "filter_action": event.filter_action,
        "filter_rule": event.filter_rule,
        "filter_category": event.filter_category,
        "bytes_in": event.bytes_in,
        "bytes_out": event.bytes_out,
        "content_type": event.content_type,
        "file_name": event.file_name,
        "user_agent": event.user_agent,
        "referrer": event.referrer,
        "precision": event.precision.as_str(),
        "attribution": event.attribution.as_str(),
        "intent": event.intent.as_str(),
        "line": event.line,
    });
    let Value::Object(mut columns) = columns else { return Map::new() };
    columns.retain(|_, value| !value.is_null());
    columns
}

//! Claims as API Gateway hands them on: a map of strings.

use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// The claims of a verified token, each of them as text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claims(pub BTreeMap<String, String>);

impl From<Map<String, Value>> for Claims {
    fn from(claims: Map<String, Value>) -> Self {
        Self(claims.into_iter().map(|(name, value)| (name, text(value))).collect())
    }
}

/// Arrays become `[a b]`, with nothing to tell a space between two entries from one inside an entry: that is what
/// API Gateway does, and a reader must know it.
fn text(value: Value) -> String {
    match value {
        Value::String(text) => text,
        Value::Array(values) => format!("[{}]", values.into_iter().map(text).collect::<Vec<_>>().join(" ")),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn claims_are_flattened_as_api_gateway_flattens_them() {
        let check = |claim: &str, expected: &str| {
            let claims: Map<String, Value> = serde_json::from_str(&format!("{{\"c\":{claim}}}")).unwrap();
            assert_eq!(Claims::from(claims).0["c"], expected, "{claim}");
        };
        check("\"dsl of oak\"", "dsl of oak");
        check("1761555600", "1761555600");
        check("true", "true");
        check("[]", "[]");
        check("[\"a\"]", "[a]");
        check("[\"a\",\"b\",3]", "[a b 3]");
        check("{\"groups\":\"src1\"}", "{\"groups\":\"src1\"}");
    }
}

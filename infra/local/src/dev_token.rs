//! Tokens for trying the API of the system on this machine: a group of the development issuer for each role and
//! school, which stands in the group map like any group of a directory.

use crate::gateway::Issuer;
use anyhow::{Context as _, bail};
use jiff::{SignedDuration, Timestamp};
use trustwatch_access::{DEVELOPMENT, GroupId, GroupMap, SchoolRole, TrustRole};
use trustwatch_model::SchoolId;
use trustwatch_pipeline::{Context, PutGroupMapError, put_group_map};

/// Whom a development token stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DevPerson {
    group: GroupId,
    /// Its line in the group map.
    line: String,
}

impl DevPerson {
    /// Somebody with one role: of schools with a school, of the trust without.
    ///
    /// # Errors
    /// When there is no such role, or the school is missing or too much.
    pub fn new(role: &str, school: Option<&SchoolId>) -> anyhow::Result<Self> {
        let (name, schools) = match (SchoolRole::parse(role), TrustRole::parse(role), school) {
            (Some(_), _, Some(school)) => (format!("{DEVELOPMENT}{role}-{school}"), format!("[{school}]")),
            (_, Some(_), None) => (format!("{DEVELOPMENT}{role}"), "all".to_owned()),
            (Some(_), _, None) => bail!("`{role}` is a role of schools: name one with --school"),
            (_, Some(_), Some(_)) => bail!("`{role}` is a role of the whole trust: leave --school out"),
            (None, None, _) => bail!("`{role}` is not a role"),
        };
        let group = GroupId::new(&name).with_context(|| format!("`{name}` is too long for a group"))?;
        let line = format!("  {name}: {{role: {role}, schools: {schools}}}\n");
        Ok(Self { group, line })
    }

    /// Sees to it that the person's group is in the group map, and signs a token for them. `url` is the issuer's.
    ///
    /// # Errors
    /// When the map that is there cannot take another line at its end, or the key cannot sign.
    pub async fn token(
        &self,
        context: &Context,
        issuer: &Issuer,
        url: &str,
        lasts: SignedDuration,
    ) -> anyhow::Result<String> {
        loop {
            match put_group_map(context, |text| self.entered(text)).await {
                Err(PutGroupMapError::Contended) => {}
                put => {
                    put.with_context(|| format!("put this line into `access.yaml`: {}", self.line.trim()))?;
                    break;
                }
            }
        }
        issuer.token(url, self.group.as_str(), Timestamp::now(), lasts)
    }

    /// The map with this person's group in it.
    fn entered(&self, text: Option<String>) -> String {
        let mut text = text.unwrap_or_else(|| "groups:\n".to_owned());
        let is_there = GroupMap::parse(&text).is_ok_and(|map| map.grants(&self.group).next().is_some());
        if !is_there {
            if !text.ends_with('\n') {
                text.push('\n');
            }
            text.push_str(&self.line);
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_is_entered_once_behind_those_that_are_there() {
        let oak = SchoolId::new("oak").unwrap();
        let (dsl, lead) =
            (DevPerson::new("dsl", Some(&oak)).unwrap(), DevPerson::new("trust_lead", None).unwrap());
        let first = dsl.entered(None);
        assert_eq!(first, "groups:\n  dev-dsl-oak: {role: dsl, schools: [oak]}\n");
        assert_eq!(dsl.entered(Some(first.clone())), first);
        let both = lead.entered(Some(first.trim_end().to_owned()));
        assert_eq!(both, format!("{first}  dev-trust_lead: {{role: trust_lead, schools: all}}\n"));
        GroupMap::parse(&both).unwrap();
        // What cannot be read is not mended: it is refused as a whole when it is put.
        assert!(GroupMap::parse(&dsl.entered(Some("groups: {}".to_owned()))).is_err());
    }

    #[test]
    fn a_role_is_held_where_it_can_be() {
        let oak = SchoolId::new("oak").unwrap();
        let check = |role, school: Option<&SchoolId>, word: &str| {
            let error = DevPerson::new(role, school).unwrap_err().to_string();
            assert!(error.contains(word), "{error}");
        };
        check("dsl", None, "--school");
        check("dpo", Some(&oak), "leave --school out");
        check("pupil", Some(&oak), "not a role");
    }
}

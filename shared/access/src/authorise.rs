//! Decisions, by the Cedar policies of `policies.cedar` over the schema of `schema.cedarschema`.

use crate::{Action, Alert, Grant, Principal, Resource};
use cedar_policy::{
    Authorizer, Context, Entities, Entity, EntityId, EntityTypeName, EntityUid, PolicySet, Request,
    RestrictedExpression, Schema,
};
use std::collections::{HashMap, HashSet};
use std::str::FromStr as _;
use trustwatch_model::{Queue, SchoolId};

const SCHEMA: &str = include_str!("schema.cedarschema");
const POLICIES: &str = include_str!("policies.cedar");

/// Whether it is allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// A policy permits it and none forbids it.
    Allow,
    /// Anything else.
    Deny,
}

/// The policies of this build cannot be used: a fault of ours, which the tests of this crate rule out.
#[derive(Debug, thiserror::Error)]
#[error("the access policies of this build cannot be used: {0}")]
pub struct PolicyError(String);

impl PolicyError {
    fn of(error: impl std::error::Error) -> Self {
        Self(error.to_string())
    }
}

/// Decides who may do what. It is built once and shared; a decision takes some tens of microseconds.
#[derive(Debug)]
pub struct Authoriser {
    schema: Schema,
    policies: PolicySet,
    authorizer: Authorizer,
    types: Types,
}

impl Authoriser {
    /// Reads the policies of this build.
    ///
    /// # Errors
    /// [`PolicyError`] when they do not parse.
    pub fn new() -> Result<Self, PolicyError> {
        let (schema, _) = Schema::from_cedarschema_str(SCHEMA).map_err(PolicyError::of)?;
        let policies = PolicySet::from_str(POLICIES).map_err(PolicyError::of)?;
        Ok(Self { schema, policies, authorizer: Authorizer::new(), types: Types::new()? })
    }

    /// Whether this person may do this to that. What cannot be decided is denied.
    #[must_use]
    pub fn authorise(&self, principal: &Principal, action: Action, resource: &Resource) -> Decision {
        let decided = self.person(principal).and_then(|person| self.decide(&person, action, resource));
        decided.unwrap_or(Decision::Deny)
    }

    /// The lists that this person may read alerts from, of all `schools` of the trust. Each alert in them is to be
    /// authorised by itself.
    #[must_use]
    pub fn visible_queues(&self, principal: &Principal, schools: &[SchoolId]) -> Vec<Queue> {
        let Ok(person) = self.person(principal) else { return Vec::new() };
        let may_read = |queue: &Queue| {
            let decided = self.decide(&person, Action::ListAlerts, &Resource::Queue(queue.clone()));
            matches!(decided, Ok(Decision::Allow))
        };
        Queue::all(schools).filter(may_read).collect()
    }

    fn person(&self, principal: &Principal) -> Result<Person, PolicyError> {
        let entity = self.types.principal(principal)?;
        let uid = entity.uid();
        let entities = Entities::from_entities([entity], Some(&self.schema)).map_err(PolicyError::of)?;
        Ok(Person { uid, entities })
    }

    fn decide(&self, person: &Person, action: Action, resource: &Resource) -> Result<Decision, PolicyError> {
        let what = self.types.resource(resource)?;
        let action = uid(&self.types.action, action.as_str());
        let schema = Some(&self.schema);
        let request = Request::new(person.uid.clone(), action, what.uid(), Context::empty(), schema)
            .map_err(PolicyError::of)?;
        let entities = person.entities.clone().add_entities([what], schema).map_err(PolicyError::of)?;
        let response = self.authorizer.is_authorized(&request, &self.policies, &entities);
        // Cedar skips a policy that fails. A forbidding one must not be skipped.
        let failed = response.diagnostics().errors().next().is_some();
        let allowed = response.decision() == cedar_policy::Decision::Allow && !failed;
        Ok(if allowed { Decision::Allow } else { Decision::Deny })
    }
}

/// A principal as Cedar knows them: what costs most of a decision, and is the same in each of theirs.
struct Person {
    uid: EntityUid,
    entities: Entities,
}

/// The types of the schema, parsed once.
#[derive(Debug)]
struct Types {
    action: EntityTypeName,
    alert: EntityTypeName,
    audience: EntityTypeName,
    principal: EntityTypeName,
    queue: EntityTypeName,
    queue_kind: EntityTypeName,
    role: EntityTypeName,
    school: EntityTypeName,
    trust: EntityTypeName,
}

impl Types {
    fn new() -> Result<Self, PolicyError> {
        let name = |text| EntityTypeName::from_str(text).map_err(PolicyError::of);
        Ok(Self {
            action: name("Action")?,
            alert: name("Alert")?,
            audience: name("Audience")?,
            principal: name("Principal")?,
            queue: name("Queue")?,
            queue_kind: name("QueueKind")?,
            role: name("Role")?,
            school: name("School")?,
            trust: name("Trust")?,
        })
    }

    fn principal(&self, principal: &Principal) -> Result<Entity, PolicyError> {
        let (mut grants, mut schools, mut trust_roles) = (Vec::new(), Vec::new(), Vec::new());
        for grant in principal.grants() {
            match grant {
                Grant::School { role, school } => {
                    let role = reference(&self.role, role.as_str());
                    let school = reference(&self.school, school.as_str());
                    schools.push(school.clone());
                    let pair = [("role".to_owned(), role), ("school".to_owned(), school)];
                    grants.push(RestrictedExpression::new_record(pair).map_err(PolicyError::of)?);
                }
                Grant::Trust { role } => trust_roles.push(reference(&self.role, role.as_str())),
            }
        }
        let mut attributes =
            vec![("grants", set(grants)), ("schools", set(schools)), ("trust_roles", set(trust_roles))];
        if let Some(subjects) = principal.subjects() {
            attributes.push(("subjects", set(subjects.iter().map(|subject| text(subject.as_str())))));
        }
        entity(uid(&self.principal, principal.id().as_str()), attributes)
    }

    fn resource(&self, resource: &Resource) -> Result<Entity, PolicyError> {
        match resource {
            Resource::Trust => entity(uid(&self.trust, "trust"), vec![]),
            Resource::School(school) => entity(uid(&self.school, school.as_str()), vec![]),
            Resource::Queue(scope) => self.queue(scope),
            Resource::Alert(alert) => self.alert(alert),
        }
    }

    fn queue(&self, scope: &Queue) -> Result<Entity, PolicyError> {
        let mut attributes = vec![("kind", reference(&self.queue_kind, kind(scope)))];
        if let Queue::School(school, _) = scope {
            attributes.push(("school", reference(&self.school, school.as_str())));
        }
        entity(uid(&self.queue, "this"), attributes)
    }

    fn alert(&self, alert: &Alert) -> Result<Entity, PolicyError> {
        let queues = alert.queues.iter().map(|scope| reference(&self.queue_kind, kind(scope)));
        let mut attributes = vec![
            ("school", reference(&self.school, alert.school.as_str())),
            ("audience", reference(&self.audience, alert.audience.as_str())),
            ("queues", set(queues)),
            ("subject_is_head", RestrictedExpression::new_bool(alert.subject_is_head)),
            ("subject_is_dsl", RestrictedExpression::new_bool(alert.subject_is_dsl)),
        ];
        if let Some(subject) = &alert.subject {
            attributes.push(("subject", text(subject.as_str())));
        }
        entity(uid(&self.alert, "this"), attributes)
    }
}

/// The word of a queue in the policies.
const fn kind(scope: &Queue) -> &'static str {
    match scope {
        Queue::School(_, kind) => kind.as_str(),
        Queue::Trust => "trust",
    }
}

fn entity(uid: EntityUid, attributes: Vec<(&str, RestrictedExpression)>) -> Result<Entity, PolicyError> {
    let attributes: HashMap<String, RestrictedExpression> =
        attributes.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    Entity::new(uid, attributes, HashSet::new()).map_err(PolicyError::of)
}

fn uid(of_type: &EntityTypeName, id: &str) -> EntityUid {
    EntityUid::from_type_name_and_id(of_type.clone(), EntityId::new(id))
}

fn reference(of_type: &EntityTypeName, id: &str) -> RestrictedExpression {
    RestrictedExpression::new_entity_uid(uid(of_type, id))
}

fn text(value: &str) -> RestrictedExpression {
    RestrictedExpression::new_string(value.to_owned())
}

fn set(values: impl IntoIterator<Item = RestrictedExpression>) -> RestrictedExpression {
    RestrictedExpression::new_set(values)
}

#[cfg(test)]
mod tests {
    use super::*;
    use cedar_policy::{ValidationMode, Validator};
    use std::collections::BTreeSet;

    #[test]
    fn the_policies_hold_to_the_schema_in_strict_mode() {
        let authoriser = Authoriser::new().unwrap();
        let (_, warnings) = Schema::from_cedarschema_str(SCHEMA).unwrap();
        assert_eq!(warnings.map(|warning| warning.to_string()).collect::<Vec<_>>(), [""; 0]);
        let result =
            Validator::new(authoriser.schema.clone()).validate(&authoriser.policies, ValidationMode::Strict);
        let errors = result.validation_errors().map(ToString::to_string);
        let warnings = result.validation_warnings().map(ToString::to_string);
        assert_eq!(errors.chain(warnings).collect::<Vec<_>>(), [""; 0]);
    }

    #[test]
    fn a_misspelt_role_or_attribute_does_not_validate() {
        let (schema, _) = Schema::from_cedarschema_str(SCHEMA).unwrap();
        let validator = Validator::new(schema);
        for (right, wrong) in [
            ("Role::\"dsl\"", "Role::\"dls\""),
            ("subject_is_dsl", "subject_is_dls"),
            ("ReadFeeds", "ReadFeed"),
        ] {
            assert!(POLICIES.contains(right));
            let policies = PolicySet::from_str(&POLICIES.replace(right, wrong)).unwrap();
            assert!(!validator.validate(&policies, ValidationMode::Strict).validation_passed(), "{wrong}");
        }
    }

    #[test]
    fn each_policy_says_whom_it_is_for() {
        let authoriser = Authoriser::new().unwrap();
        let names: Vec<&str> =
            authoriser.policies.policies().filter_map(|policy| policy.annotation("id")).collect();
        assert_eq!(names.len(), authoriser.policies.policies().count());
        assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len());
    }

    #[test]
    fn the_actions_are_those_of_the_schema() {
        let authoriser = Authoriser::new().unwrap();
        let of_schema: BTreeSet<String> =
            authoriser.schema.actions().map(|action| action.id().unescaped().to_owned()).collect();
        assert_eq!(of_schema, Action::ALL.map(|action| action.as_str().to_owned()).into());
    }
}

"""The resolved template as the assertions ask for it."""

from fnmatch import fnmatchcase


def as_list(value):
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


class Stack:
    """Resources by type, and what policies allow."""

    def __init__(self, resources):
        self.resources = resources

    def of_type(self, kind):
        """`{logical id: properties}`."""
        found = self.resources.items()
        return {name: resource.get("Properties", {}) for name, resource in found if resource["Type"] == kind}

    def named(self, kind, arn_end):
        """Logical id and properties of the resource of this type whose ARN ends so."""
        for name, properties in self.of_type(kind).items():
            own = next((properties[key] for key in ("FunctionName", "BucketName") if key in properties), name)
            if own == arn_end.rsplit(":", 1)[-1].rsplit("/", 1)[-1]:
                return name, properties
        return None, None

    def statements(self, role_arn):
        """The statements of a role's policies."""
        _, role = self.named("AWS::IAM::Role", role_arn)
        policies = (role or {}).get("Policies", [])
        return [statement for policy in policies for statement in as_list(policy["PolicyDocument"]["Statement"])]

    def allows(self, role_arn, action, resource):
        """Whether the role's own policies allow this, whatever conditions they set."""
        return any(
            statement["Effect"] == "Allow"
            and any(fnmatchcase(action, pattern) for pattern in as_list(statement.get("Action")))
            and any(fnmatchcase(resource, pattern) for pattern in as_list(statement.get("Resource")))
            for statement in self.statements(role_arn)
        )

    def alarms_on(self, namespace, metric, dimension, value):
        """Alarms on a metric of one resource."""
        return [
            name
            for name, alarm in self.of_type("AWS::CloudWatch::Alarm").items()
            if (alarm["Namespace"], alarm["MetricName"]) == (namespace, metric)
            and {"Name": dimension, "Value": value} in alarm.get("Dimensions", [])
        ]

    def policies(self):
        """Every policy document of the template, with where it stands: `(place, document)`."""
        for name, role in self.of_type("AWS::IAM::Role").items():
            for policy in role.get("Policies", []):
                yield name, policy["PolicyDocument"]
        for kind in ("AWS::IAM::ManagedPolicy", "AWS::S3::BucketPolicy", "AWS::SQS::QueuePolicy"):
            for name, properties in self.of_type(kind).items():
                yield name, properties["PolicyDocument"]
        for name, key in self.of_type("AWS::KMS::Key").items():
            yield name, key["KeyPolicy"]

"""The template holds what running.py and keeping.py ask for, and each of those can fail."""

import copy

import keeping
import pytest
import running
from expansion import SCHOOL_TEMPLATE, expand, load, resolved
from stack import Stack

CHECKS = running.CHECKS + keeping.CHECKS


@pytest.fixture(scope="module")
def expanded():
    return expand(load())


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_template(check, expanded):
    assert list(check(Stack(resolved(expanded)))) == []


def test_a_school_may_put_under_its_own_prefix_alone():
    parameters = {"School": "oak", "RawBucket": "raw", "DataKey": "arn:aws:kms:::key/k", "Collector": "arn:aws:iam::1:user/c"}
    stack = Stack(resolved(load(SCHOOL_TEMPLATE), parameters))
    assert list(keeping.no_right_is_wider_than_its_use(stack)) == []
    (statements,) = [document["Statement"] for name, document in stack.policies()]
    allowed = {each["Resource"]: each["Action"] for each in statements if each["Effect"] == "Allow"}
    assert allowed == {
        "arn:aws:s3:::raw/oak/*": ["s3:PutObject", "s3:AbortMultipartUpload"],
        "arn:aws:kms:::key/k": ["kms:GenerateDataKey", "kms:Decrypt"],
    }


def drop(*path):
    """A way to break the template: what lies at this path is not there."""

    def break_it(resources):
        *way, last = path
        for step in way:
            resources = resources[step]
        del resources[last]

    return break_it


def put(*path_and_value):
    """A way to break the template: something else lies at this path."""

    def break_it(resources):
        *way, last, value = path_and_value
        for step in way:
            resources = resources[step]
        resources[last] = value

    return break_it


def role(name, sid):
    """A way to break the template: a role lacks one of its statements."""

    def break_it(resources):
        document = resources[name]["Properties"]["Policies"][0]["PolicyDocument"]
        kept = [statement for statement in document["Statement"] if statement.get("Sid") != sid]
        assert len(kept) == len(document["Statement"]) - 1, f"{name} has no statement {sid}"
        document["Statement"] = kept

    return break_it


def statement(name, number=-1):
    return (name, "Properties", "Policies", 0, "PolicyDocument", "Statement", number)


BROKEN = [
    ("has no function", drop("Compact")),
    ("knows no handler", put("Api", "Properties", "Handler", "apj")),
    ("has no MemorySize", drop("Api", "Properties", "MemorySize")),
    ("another runtime", put("Api", "Properties", "Runtime", "provided.al2")),
    ("lacks the setting KMS_KEY", drop("Classify", "Properties", "Environment", "Variables", "KMS_KEY")),
    ("outlive its lease", put("Normalise", "Properties", "Timeout", 70)),
    ("no alarm on Errors", drop("ApiErrorsAlarm")),
    ("no alarm on Throttles", drop("BackfillThrottlesAlarm")),
    ("role of two functions", put("Api", "Properties", "Role", {"Fn::GetAtt": ["CompactRole", "Arn"]})),
    ("keeps logs for ever", drop("ApiLogs", "Properties", "RetentionInDays")),
    ("a group that is not here", put("Api", "Properties", "LoggingConfig", "LogGroup", "/aws/lambda/other")),
    ("counts the errors", drop("ApiErrorLines")),
    ("may not logs:PutLogEvents", role("ApiRole", "Logs")),
    ("partial answers", drop("ClassifyMessages", "Properties", "FunctionResponseTypes")),
    ("gives messages back before", put("NormaliseQueue", "Properties", "VisibilityTimeout", 359)),
    ("no limit of concurrency", drop("BackfillMessages", "Properties", "ScalingConfig")),
    ("may not sqs:DeleteMessage", role("BackfillRole", "TakesItsMessages")),
    ("leads nowhere", drop("ClassifyQueue")),
    ("another clock", put("CompactReconcile", "Properties", "ScheduleExpressionTimezone", "UTC")),
    ("is off", put("CompactReconcile", "Properties", "State", "DISABLED")),
    ("may not call its function", role("ScheduleRole", "RunsCompact")),
    ("could not hand over", role("ScheduleRole", "SetsAside")),
    ("nothing asks for the job of queue-due.json", drop("CompactQueueDue")),
    ("any number of requests", drop("HttpApiStage", "Properties", "DefaultRouteSettings")),
    ("logs no access", drop("HttpApiStage", "Properties", "AccessLogSettings")),
    ("more than one issuer's", put("HttpApiTokens", "Properties", "JwtConfiguration", "Audience", [])),
    ("more than one issuer's", put("HttpApiTokens", "Properties", "JwtConfiguration", "Issuer", "http://127.0.0.1:8080")),
    ("asks for no token", put("DefaultRoute", "Properties", "AuthorizationType", "NONE")),
    ("DefaultRoute leads nowhere", put("DefaultRoute", "Properties", "Target", "integrations/Other")),
    ("without a route of their own", drop("DefaultRoute")),
    ("API Gateway may not call", drop("HttpApiMayCallApi")),
    ("another format", put("HttpApiIntegration", "Properties", "PayloadFormatVersion", "1.0")),
    ("may go with its data", drop("Table", "UpdateReplacePolicy")),
    ("without TLS", drop("LakeBucketPolicy")),
    ("keeps no versions", put("RawBucket", "Properties", "VersioningConfiguration", "Status", "Suspended")),
    ("RawBucket is not encrypted", drop("RawBucket", "Properties", "BucketEncryption")),
    ("made public", put("LakeBucket", "Properties", "PublicAccessBlockConfiguration", "BlockPublicPolicy", False)),
    ("deletes by itself", put("RawBucket", "Properties", "LifecycleConfiguration", "Rules", 0, "ExpirationInDays", 9)),
    ("RawBucket may not tell", drop("NormaliseQueuePolicy")),
    ("other attributes", drop("Table", "Properties", "AttributeDefinitions", 2)),
    ("other indexes", put("Table", "Properties", "GlobalSecondaryIndexes", 0, "IndexName", "late")),
    ("never go", drop("Table", "Properties", "TimeToLiveSpecification")),
    ("cannot be restored", drop("Table", "Properties", "PointInTimeRecoverySpecification")),
    ("Table is not encrypted", drop("Table", "Properties", "SSESpecification")),
    ("can be deleted", drop("Table", "Properties", "DeletionProtectionEnabled")),
    ("has no stream", drop("Table", "Properties", "StreamSpecification")),
    ("ClassifyQueue is not encrypted", drop("ClassifyQueue", "Properties", "SqsManagedSseEnabled")),
    ("has no dead letters", drop("ClassifyQueue", "Properties", "RedrivePolicy")),
    ("sees that BackfillQueue waits", drop("BackfillOldestMessageAlarm")),
    ("dead letters in CompactDeadLetters", drop("CompactDeadLettersAlarm")),
    ("tells nobody", drop("UnbalancedAlarm", "Properties", "AlarmActions")),
    ("about nothing that is here", put("HttpApiErrorsAlarm", "Properties", "Dimensions", [])),
    ("nobody writes", put("SetAsideAlarm", "Properties", "MetricName", "SourcesLost")),
    ("waits for `source lost`", put("NormaliseSetAside", "Properties", "FilterPattern", '{ $.fields.message = "source lost" }')),
    ("waits for the field `lossless`", put("NormaliseSetAside", "Properties", "FilterPattern", "{ $.fields.lossless IS FALSE }")),
    ("not written here", put("ApiRole", "Properties", "ManagedPolicyArns", ["arn:aws:iam::aws:policy/ReadOnlyAccess"])),
    ("allows all but", put(*statement("ApiRole"), "NotAction", "iam:*")),
    ("allows `logs:*`", put(*statement("ApiRole"), "Action", "logs:*")),
    ("something on `*`", put(*statement("ApiRole"), "Resource", "*")),
    ("something on `arn:aws:s3:::trust*`", put(*statement("ApiRole"), "Resource", "arn:aws:s3:::trust*")),
]


@pytest.mark.parametrize(("complaint", "break_it"), BROKEN, ids=[complaint for complaint, _ in BROKEN])
def test_a_broken_template_is_found(complaint, break_it, expanded):
    broken = copy.deepcopy(expanded)
    break_it(broken["Resources"])
    found = [each for check in CHECKS for each in check(Stack(resolved(broken)))]
    assert any(complaint in each for each in found), found

"""What must hold of what keeps data, of alarms and of rights. Each check yields what is wrong."""

import re

from expansion import ACCOUNT, ROOT
from stack import as_list

ALL_BLOCKED = ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets")
KEEPS_DATA = ("AWS::S3::Bucket", "AWS::DynamoDB::Table", "AWS::KMS::Key")


def rust():
    """All Rust of the repository, for what the template says in the same words."""
    files = [*(ROOT / "shared").rglob("*.rs"), *(ROOT / "functions").rglob("*.rs")]
    return "\n".join(file.read_text() for file in files)


def what_keeps_data_stays(stack):
    for name, resource in stack.resources.items():
        if resource["Type"] in KEEPS_DATA:
            for policy in ("DeletionPolicy", "UpdateReplacePolicy"):
                if resource.get(policy) != "Retain":
                    yield f"{name} may go with its data: {policy}"


def every_bucket_is_closed(stack):
    tls = {}
    for properties in stack.of_type("AWS::S3::BucketPolicy").values():
        for statement in as_list(properties["PolicyDocument"]["Statement"]):
            if statement["Effect"] == "Deny" and "aws:SecureTransport" in str(statement.get("Condition")):
                tls[properties["Bucket"]] = as_list(statement["Resource"])
    for name, bucket in stack.of_type("AWS::S3::Bucket").items():
        arn = f"arn:aws:s3:::{bucket['BucketName']}"
        if set(tls.get(bucket["BucketName"], [])) != {arn, f"{arn}/*"}:
            yield f"{name} takes requests without TLS"
        if bucket.get("VersioningConfiguration", {}).get("Status") != "Enabled":
            yield f"{name} keeps no versions"
        rules = bucket.get("BucketEncryption", {}).get("ServerSideEncryptionConfiguration", [])
        if not any(rule["ServerSideEncryptionByDefault"].get("SSEAlgorithm") == "aws:kms" for rule in rules):
            yield f"{name} is not encrypted under our key"
        blocked = bucket.get("PublicAccessBlockConfiguration", {})
        if not all(blocked.get(each) is True for each in ALL_BLOCKED):
            yield f"{name} may be made public"
        for rule in bucket.get("LifecycleConfiguration", {}).get("Rules", []):
            if any("Expiration" in key for key in rule):
                yield f"{name} deletes by itself"


def every_notification_arrives(stack):
    policies = stack.of_type("AWS::SQS::QueuePolicy").values()
    for name, bucket in stack.of_type("AWS::S3::Bucket").items():
        source = f"arn:aws:s3:::{bucket['BucketName']}"
        for told in bucket.get("NotificationConfiguration", {}).get("QueueConfigurations", []):
            statements = [each for policy in policies for each in as_list(policy["PolicyDocument"]["Statement"])]
            allowed = [
                each
                for each in statements
                if each["Resource"] == told["Queue"]
                and each["Principal"] == {"Service": "s3.amazonaws.com"}
                and each["Condition"]["ArnEquals"]["aws:SourceArn"] == source
                and each["Condition"]["StringEquals"]["aws:SourceAccount"] == ACCOUNT
            ]
            if not allowed:
                yield f"{name} may not tell {told['Queue']}"


def the_table_is_the_one_that_the_store_makes(stack):
    source = (ROOT / "shared/store/src/provision.rs").read_text()
    consts = dict(re.findall(r'pub const (\w+_INDEX): &str = "(\w+)"', rust()))
    attributes = set(re.findall(r'attribute\("(\w+)", ScalarAttributeType::(\w)\)', source))
    indexes = {(consts[name], first, second) for name, first, second in re.findall(r'index\((\w+), "(\w+)", "(\w+)"\)', source)}
    expires = re.search(r'attribute_name\("(\w+)"\)\.enabled', source).group(1)
    for name, table in stack.of_type("AWS::DynamoDB::Table").items():
        if {(each["AttributeName"], each["AttributeType"]) for each in table["AttributeDefinitions"]} != attributes:
            yield f"{name} has other attributes than the store"
        found = {
            (index["IndexName"], *(key["AttributeName"] for key in index["KeySchema"]))
            for index in table.get("GlobalSecondaryIndexes", [])
        }
        if found != indexes:
            yield f"{name} has other indexes than the store: {found ^ indexes}"
        if table.get("TimeToLiveSpecification") != {"AttributeName": expires, "Enabled": True}:
            yield f"rows of {name} never go"
        if not table.get("PointInTimeRecoverySpecification", {}).get("PointInTimeRecoveryEnabled"):
            yield f"{name} cannot be restored"
        if not table.get("SSESpecification", {}).get("KMSMasterKeyId"):
            yield f"{name} is not encrypted under our key"
        if not table.get("DeletionProtectionEnabled"):
            yield f"{name} can be deleted"
        if not table.get("StreamSpecification"):
            yield f"{name} has no stream"


def every_queue_has_dead_letters_and_alarms(stack):
    queues = stack.of_type("AWS::SQS::Queue")
    fed = {mapping["EventSourceArn"] for mapping in stack.of_type("AWS::Lambda::EventSourceMapping").values()}
    arn = {name: f"arn:aws:sqs:eu-west-2:{ACCOUNT}:{name}" for name in queues}
    for name, queue in queues.items():
        if not queue.get("SqsManagedSseEnabled"):
            yield f"{name} is not encrypted"
        dead = queue.get("RedrivePolicy", {}).get("deadLetterTargetArn")
        if arn[name] in fed:
            if dead not in arn.values():
                yield f"{name} has no dead letters"
            if not stack.alarms_on("AWS/SQS", "ApproximateAgeOfOldestMessage", "QueueName", name):
                yield f"nobody sees that {name} waits"
        elif not stack.alarms_on("AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", name):
            yield f"nobody sees the dead letters in {name}"


def every_alarm_can_ring(stack):
    written = {
        (each["MetricNamespace"], each["MetricName"])
        for each_filter in stack.of_type("AWS::Logs::MetricFilter").values()
        for each in each_filter["MetricTransformations"]
    }
    names = {
        "QueueName": set(stack.of_type("AWS::SQS::Queue")),
        "FunctionName": {each["FunctionName"] for each in stack.of_type("AWS::Lambda::Function").values()},
        "TableName": set(stack.of_type("AWS::DynamoDB::Table")),
        "ApiId": set(stack.of_type("AWS::ApiGatewayV2::Api")),
    }
    for name, alarm in stack.of_type("AWS::CloudWatch::Alarm").items():
        if not alarm.get("AlarmActions"):
            yield f"{name} tells nobody"
        if alarm["Namespace"].startswith("AWS/"):
            dimensions = alarm.get("Dimensions", [])
            if not dimensions or any(each["Value"] not in names.get(each["Name"], ()) for each in dimensions):
                yield f"{name} is about nothing that is here"
        elif (alarm["Namespace"], alarm["MetricName"]) not in written:
            yield f"{name} is on a metric that nobody writes"


def metric_filters_speak_as_the_code_does(stack):
    code = rust()
    for name, each in stack.of_type("AWS::Logs::MetricFilter").items():
        for text in re.findall(r'\$\.fields\.\w+ = "([^"]*?)\*?"', each["FilterPattern"]):
            if text not in code:
                yield f"{name} waits for `{text}`, which nothing writes"
        for field in re.findall(r"\$\.fields\.(\w+) IS", each["FilterPattern"]):
            if not re.search(rf"\b{field} = ", code):
                yield f"{name} waits for the field `{field}`, which nothing writes"


def no_right_is_wider_than_its_use(stack):
    keys = stack.of_type("AWS::KMS::Key")
    for name, role in stack.of_type("AWS::IAM::Role").items():
        if role.get("ManagedPolicyArns"):
            yield f"{name} has rights that are not written here"
    for name, document in stack.policies():
        for statement in as_list(document["Statement"]):
            # A refusal may be as wide as it likes; `*` in the policy of a key is the key itself.
            if statement["Effect"] == "Deny" or name in keys:
                continue
            if any(part in statement for part in ("NotAction", "NotResource")):
                yield f"{name} allows all but something"
            for action in as_list(statement.get("Action")):
                if "*" in action:
                    yield f"{name} allows `{action}`"
            for resource in as_list(statement.get("Resource")):
                # The last part may be open: keys under a prefix, streams of a log group.
                if resource == "*" or "*" in resource.rstrip("*"):
                    yield f"{name} allows something on `{resource}`"
                if resource.endswith("*") and not resource.endswith(("/*", ":*")):
                    yield f"{name} allows something on `{resource}`"


CHECKS = [
    what_keeps_data_stays,
    every_bucket_is_closed,
    every_notification_arrives,
    the_table_is_the_one_that_the_store_makes,
    every_queue_has_dead_letters_and_alarms,
    every_alarm_can_ring,
    metric_filters_speak_as_the_code_does,
    no_right_is_wider_than_its_use,
]

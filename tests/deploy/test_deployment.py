"""The deployed template does what it is for. One deployment is shared; each test has a school and people of its own."""

import datetime
import json
import re

import pytest
from botocore.exceptions import ClientError
from deployment import STACK, until
from expansion import expand, load
from issuer import Issuer

POLICY = """
version: 1
title: Policy of the deployment's tests
documents:
  - {id: t, title: Rules, clauses: {c1: No betting}}
categories:
  - {code: gambling, title: Gambling}
lists:
  - {name: betting, source: made up, licence: none, date: 2026-01-01, domains: [bets.example]}
rules:
  - id: betting
    title: Betting
    category: gambling
    when: {domain: betting}
    severity: {pupil: 3, staff: 2, visitor: 2}
    advice: Speak to them.
    cites: [t c1]
    tests:
      - {domain: www.bets.example, fires: true}
      - {domain: bets.example.org, fires: false}
"""
ROSTER = "user_name,aliases,audience,year_group,form,school,leaving_date,role\npat.ash,,pupil,7,7B,{school},,\n"
GROUPS = """
groups:
  dsl-oak: {role: dsl, schools: [oak-primary]}
  dsl-ash: {role: dsl, schools: [ash-primary]}
  it: {role: trust_it, schools: all}
"""


def visit(url):
    second = int(datetime.datetime.now(datetime.UTC).timestamp()) - 60
    return f"{second}.000 87 10.20.1.15 TCP_MISS/200 1823 GET {url} pat.ash HIER_DIRECT/192.0.2.10 text/html\n"


def register(deployment, school):
    """A school as docs/deploy.md makes one; returns clients that act as its uploader."""
    uploader = deployment.add_school(school)
    roster = deployment.scratch / f"{school}.csv"
    roster.write_text(ROSTER.format(school=school))
    deployment.trustwatch("feed", "set", "--school", school, "--feed", "web", "--format", "squid")
    deployment.trustwatch("roster", "set", "--school", school, str(roster))
    return uploader


@pytest.fixture(scope="session")
def policy(deployment):
    """A policy is in force."""
    file = deployment.scratch / "policy.yaml"
    file.write_text(POLICY)
    deployment.trustwatch("policy", "publish", str(file))


@pytest.fixture(scope="session")
def groups(deployment):
    """It is said which group has which role."""
    file = deployment.scratch / "access.yaml"
    file.write_text(GROUPS)
    deployment.trustwatch("access", "set", str(file))


def refused(call, **arguments):
    with pytest.raises(ClientError) as error:
        call(**arguments)
    assert error.value.response["Error"]["Code"] in ("AccessDenied", "AccessDeniedException"), error.value


def test_every_resource_is_there(deployment):
    # What stands under a condition was not asked for by the parameters of this deployment.
    resources = expand(load())["Resources"].items()
    wanted = {name: resource["Type"] for name, resource in resources if "Condition" not in resource}
    found = deployment.resources()
    assert {name: kind for name, (kind, _, _) in found.items()} == wanted
    assert {status for _, _, status in found.values()} <= {"CREATE_COMPLETE", "UPDATE_COMPLETE"}
    client = deployment.emulator.client
    functions, gateway, watch = client("lambda"), client("apigatewayv2"), client("cloudwatch")
    dynamodb, iam, kms, logs = client("dynamodb"), client("iam"), client("kms"), client("logs")
    s3, scheduler, sns, sqs = client("s3"), client("scheduler"), client("sns"), client("sqs")
    # That the stack says so is not enough: each service is asked.
    ask = {
        "AWS::S3::Bucket": lambda name: s3.get_bucket_versioning(Bucket=name)["Status"] == "Enabled",
        "AWS::SQS::Queue": lambda url: sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"],
        "AWS::DynamoDB::Table": lambda name: dynamodb.describe_table(TableName=name)["Table"]["GlobalSecondaryIndexes"],
        "AWS::KMS::Key": lambda key: kms.describe_key(KeyId=key)["KeyMetadata"]["Enabled"],
        "AWS::IAM::Role": lambda name: iam.list_role_policies(RoleName=name)["PolicyNames"],
        "AWS::IAM::ManagedPolicy": lambda arn: iam.get_policy(PolicyArn=arn)["Policy"],
        "AWS::Lambda::Function": lambda name: functions.get_function_configuration(FunctionName=name)["LoggingConfig"],
        "AWS::Lambda::EventSourceMapping": lambda uuid: functions.get_event_source_mapping(UUID=uuid)["FunctionArn"],
        "AWS::Logs::LogGroup": lambda name: logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"],
        "AWS::Scheduler::Schedule": lambda name: scheduler.get_schedule(Name=name)["State"] == "ENABLED",
        "AWS::CloudWatch::Alarm": lambda name: watch.describe_alarms(AlarmNames=[name])["MetricAlarms"],
        "AWS::CloudWatch::Dashboard": lambda name: json.loads(watch.get_dashboard(DashboardName=name)["DashboardBody"]),
        "AWS::SNS::Topic": lambda arn: sns.get_topic_attributes(TopicArn=arn)["Attributes"],
        "AWS::ApiGatewayV2::Api": lambda api: gateway.get_routes(ApiId=api)["Items"],
    }
    for name, (kind, physical, _) in found.items():
        if kind in ask:
            assert ask[kind](physical), name


def test_a_school_puts_its_own_logs_and_can_do_nothing_else(deployment):
    uploader = deployment.add_school("elm-primary")("s3")
    outputs = deployment.outputs()
    raw, lake = outputs["RawBucket"], outputs["LakeBucket"]
    version = uploader.put_object(Bucket=raw, Key="elm-primary/web/access.log", Body=b"x\n")["VersionId"]
    assert version
    for key in ("ash-primary/web/access.log", "access.log", "elm-primary-2/web/x", "elm-primary/../ash-primary/web/x"):
        refused(uploader.put_object, Bucket=raw, Key=key, Body=b"x\n")
    refused(uploader.put_object, Bucket=lake, Key="elm-primary/web/access.log", Body=b"x\n")
    for call in (uploader.get_object, uploader.delete_object):
        refused(call, Bucket=raw, Key="elm-primary/web/access.log")
        refused(call, Bucket=raw, Key="elm-primary/web/access.log", VersionId=version)
    refused(uploader.list_objects_v2, Bucket=raw)
    refused(uploader.list_object_versions, Bucket=raw)
    refused(uploader.put_bucket_versioning, Bucket=raw, VersioningConfiguration={"Status": "Suspended"})


def test_a_bucket_takes_nothing_without_tls(deployment):
    uploader = deployment.add_school("fir-primary")("s3")
    put = {"Bucket": deployment.outputs()["RawBucket"], "Key": "fir-primary/web/access.log", "Body": b"x\n"}
    with deployment.tls_asked_for():
        refused(uploader.put_object, **put)
    uploader.put_object(**put)


def test_a_file_of_a_school_becomes_an_alert_that_its_lead_closes_over_http(deployment, policy, groups):
    uploader = register(deployment, "oak-primary")
    raw = deployment.outputs()["RawBucket"]
    body = visit("http://www.bets.example/odds") + visit("http://games.example/")
    uploader("s3").put_object(Bucket=raw, Key="oak-primary/web/access.log", Body=body.encode())
    lead = deployment.issuer.token("dana", "dsl-oak")
    (listed,) = until("an alert", lambda: alerts(deployment, lead))
    assert listed["subject"]["name"] == "pat.ash", listed

    # Its evidence is read from the lake; who is of another school, or of IT, sees nothing of it.
    alert = f"/v1/alerts/{listed['id']}"
    status, headers, read = ask(deployment, alert, lead)
    assert status == 200 and [each["domain"] for each in read["evidence"]] == ["www.bets.example"], read
    assert ask(deployment, alert, deployment.issuer.token("aled", "dsl-ash"))[0] == 404
    assert ask(deployment, "/v1/alerts", deployment.issuer.token("ida", "it"))[0] == 403
    assert ask(deployment, "/v1/feeds?school=oak-primary", lead)[0] == 200

    # The collector uploads the same file again, longer: the lines of before are recognised.
    body += visit("http://news.example/")
    uploader("s3").put_object(Bucket=raw, Key="oak-primary/web/access.log", Body=body.encode())
    until("both versions", lambda: counters(deployment, "oak-primary").get("objects") == 2)
    assert counters(deployment, "oak-primary") | {"events": 3, "skipped repeat": 2} == counters(deployment, "oak-primary")
    report = until("every file is worked on", lambda: settled(deployment))
    assert report["findings"] == [], report

    for step in ({"transition": "acknowledge"}, {"transition": "close", "outcome": "confirmed"}):
        _, headers, _ = ask(deployment, alert, lead)
        tag = next(value for name, value in headers.items() if name.lower() == "etag")
        status, _, changed = ask(deployment, f"{alert}/transitions", lead, step, **{"if-match": tag})
        assert status == 200, changed
    assert changed["status"] == "closed"
    assert ask(deployment, f"{alert}/transitions", lead, step, **{"if-match": tag})[0] == 412
    assert alerts(deployment, lead) == []
    assert deployment.trustwatch("lake", "files", "--school", "oak-primary").startswith("s3://")


def ask(deployment, path, token, body=None, **headers):
    """Status, headers and JSON of an answer of the API."""
    method = "GET" if body is None else "POST"
    status, headers, text = deployment.call(path, token, method, body, headers)
    return status, headers, json.loads(text)


def alerts(deployment, token):
    """The open alerts that a person may list."""
    status, _, body = ask(deployment, "/v1/alerts", token)
    assert status == 200, body
    return body["alerts"]


def counters(deployment, school):
    """What `trustwatch feed show` has counted of the one feed of a school."""
    shown = deployment.trustwatch("feed", "show", "--school", school)
    return {name.strip(): int(count) for name, count in re.findall(r"^  (\D+?) +(\d+)$", shown, re.M)}


def settled(deployment):
    """What `trustwatch verify` says when nothing waits."""
    report = json.loads(deployment.trustwatch("verify", "--json", check=False))
    return report if report["pending"] == 0 else None


def test_the_api_answers_who_has_a_token(deployment, groups):
    status, _, body = deployment.call("/v1/health")
    assert (status, json.loads(body)["status"]) == (200, "ok")
    status, _, body = deployment.call("/v1/openapi.json")
    assert status == 200 and "/v1/alerts" in json.loads(body)["paths"]
    issuer = deployment.issuer
    forged = issuer.token("ida", "it", key=Issuer().key)
    other, late = issuer.token("ida", "it", audience="other"), issuer.token("ida", "it", lasts=-5)
    for token in (None, "e30.e30.e30", forged, other, late):
        status, _, _ = deployment.call("/v1/me", token)
        assert status == 401
    assert ask(deployment, "/v1/me", issuer.token("ida", "it"))[0] == 200
    # A good token of somebody who is nobody here, and a path that is none.
    assert ask(deployment, "/v1/me", issuer.token("max", "others"))[0] == 403
    assert ask(deployment, "/v1/nothing", issuer.token("ida", "it"))[0] == 404


def test_a_file_that_names_no_school_is_set_aside_and_no_dead_letter(deployment):
    raw = deployment.outputs()["RawBucket"]
    deployment.emulator.client("s3").put_object(Bucket=raw, Key="nobody/web/access.log", Body=b"x\n")
    until("the file is set aside", lambda: "nobody/web" in deployment.trustwatch("feed", "show"))
    assert dead_letters(deployment, "NormaliseDeadLetters") == []


def test_a_message_that_nobody_understands_becomes_a_dead_letter(deployment):
    sqs = deployment.emulator.client("sqs")
    for queue in ("Normalise", "Backfill", "Classify"):
        url = deployment.physical(f"{queue}Queue")
        redrive = json.loads(sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]["RedrivePolicy"])
        assert int(redrive["maxReceiveCount"]) == 8
        redrive["maxReceiveCount"] = 2
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"RedrivePolicy": json.dumps(redrive), "VisibilityTimeout": "1"})
        sqs.send_message(QueueUrl=url, MessageBody="no notification")
    for queue in ("Normalise", "Backfill", "Classify"):
        found = until(f"a dead letter of {queue}", lambda queue=queue: dead_letters(deployment, f"{queue}DeadLetters"))
        assert [each["Body"] for each in found] == ["no notification"]
        assert any(line["level"] == "ERROR" for line in deployment.log(queue.lower()))


def dead_letters(deployment, logical):
    url = deployment.physical(logical)
    return deployment.emulator.client("sqs").receive_message(QueueUrl=url, VisibilityTimeout=0).get("Messages", [])


@pytest.mark.parametrize(("schedule", "job"), [("queue-due", "QueueDue"), ("reconcile", "Reconcile")])
def test_a_schedule_runs_its_job(deployment, schedule, job):
    """The target, its input and its role are tried with a schedule that is due at once."""
    scheduler = deployment.emulator.client("scheduler")
    found = scheduler.get_schedule(Name=f"{STACK}-{schedule}")
    assert found["State"] == "ENABLED"
    scheduler.create_schedule(
        Name=f"{schedule}-now",
        Target=found["Target"],
        FlexibleTimeWindow=found["FlexibleTimeWindow"],
        ScheduleExpression=f"at({datetime.datetime.now(datetime.UTC):%Y-%m-%dT%H:%M:%S})",
    )

    def done():
        fields = [line["fields"] for line in deployment.log("compact")]
        return [each for each in fields if each["message"] == "job done" and each["job"] == job]

    assert until(f"the job {job}", done)
    assert dead_letters(deployment, "CompactDeadLetters") == []


def test_deploying_again_changes_nothing(deployment):
    before = deployment.resources()
    assert "No changes to deploy" in deployment.deploy()
    assert deployment.resources() == before


def test_an_update_keeps_the_data(deployment, policy, groups):
    uploader = register(deployment, "ash-primary")
    raw = deployment.outputs()["RawBucket"]
    uploader("s3").put_object(Bucket=raw, Key="ash-primary/web/a.log", Body=visit("http://bets.example/").encode())
    lead = deployment.issuer.token("aled", "dsl-ash")
    kept = until("an alert", lambda: alerts(deployment, lead))
    before = {name: physical for name, (_, physical, _) in deployment.resources().items()}
    deployment.deploy(LogDays="180", ApiMemory="1024", LiveTimeout="120")
    deployment.for_a_test()
    assert {name: physical for name, (_, physical, _) in deployment.resources().items()} == before
    functions, logs = deployment.emulator.client("lambda"), deployment.emulator.client("logs")
    assert int(functions.get_function_configuration(FunctionName=f"{STACK}-api")["MemorySize"]) == 1024
    normalise = functions.get_function_configuration(FunctionName=f"{STACK}-normalise")
    assert normalise["Environment"]["Variables"]["LEASE_SECONDS"] == "130"
    (group,) = logs.describe_log_groups(logGroupNamePrefix=f"/aws/lambda/{STACK}-api")["logGroups"]
    assert int(group["retentionInDays"]) == 180
    assert alerts(deployment, lead) == kept
    # And it works on: the next file is taken.
    uploader("s3").put_object(Bucket=raw, Key="ash-primary/web/b.log", Body=visit("http://games.example/").encode())
    until("two files", lambda: counters(deployment, "ash-primary").get("objects") == 2)

"""What others check: cfn-lint, checkov and parliament. Each is shown to find something."""

import copy
import json
import os
import subprocess
import sys
import warnings
from pathlib import Path

import pytest
from expansion import SCHOOL_TEMPLATE, TEMPLATE, expand, load, resolved
from stack import Stack

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from parliament import analyze_policy_string

# What checkov asks for and this template does not do, with the reason. Nothing is here that it does not ask for.
NOT_DONE = {
    "CKV_AWS_18": "who read a bucket is for CloudTrail's data events, which cover the account (docs/deploy.md)",
    "CKV_AWS_26": "alarms name resources and nobody; CloudWatch cannot use the key that AWS keeps for topics",
    "CKV_AWS_27": "queues are encrypted with SQS's own key (asserted in keeping.py), which S3 needs no right for",
    "CKV_AWS_115": "mappings limit concurrency; reserving it makes a deployment fail in an account with the default limit",
    "CKV_AWS_116": "what a queue hands over has that queue's dead letters; schedules have a failure destination",
    "CKV_AWS_117": "functions talk to AWS's own services alone; a network of our own would add a way out, not take one away",
    "CKV_AWS_158": "log lines name sources by id and no person; logs are encrypted with CloudWatch's own key",
    "CKV_AWS_173": "the environment holds names, no secret",
}


def cfn_lint(*files):
    command = Path(sys.executable).parent / "cfn-lint"
    ran = subprocess.run([command, "--regions", "eu-west-2", "-t", *files], capture_output=True, text=True)
    return ran.stdout


@pytest.fixture(scope="module")
def expanded():
    return expand(load())


def write(template, folder):
    file = folder / "template.json"
    file.write_text(json.dumps(template))
    return file


def test_cfn_lint_finds_nothing(expanded, tmp_path):
    assert cfn_lint(TEMPLATE, SCHOOL_TEMPLATE, write(expanded, tmp_path)) == ""


def test_cfn_lint_finds_a_misspelt_property_and_a_reference_to_nothing(expanded, tmp_path):
    broken = copy.deepcopy(expanded)
    broken["Resources"]["NormaliseQueue"]["Properties"]["VisibilityTimeOut"] = 1
    del broken["Resources"]["Table"]
    found = cfn_lint(write(broken, tmp_path))
    assert "VisibilityTimeOut" in found and "'Table' is not one of" in found


def checkov(template, folder):
    """Ids of the checks that fail."""
    file = write(template, folder)
    command = [os.environ["CHECKOV"], "--framework", "cloudformation", "--file", file, "--output", "json", "--quiet"]
    ran = subprocess.run([*command, "--skip-download"], capture_output=True, text=True)
    return {check["check_id"] for check in json.loads(ran.stdout)["results"]["failed_checks"]}


def test_checkov_finds_what_is_not_done_on_purpose_and_nothing_else(expanded, tmp_path):
    assert checkov(expanded, tmp_path) == set(NOT_DONE)


def test_checkov_finds_a_bucket_that_may_be_public(expanded, tmp_path):
    broken = copy.deepcopy(expanded)
    del broken["Resources"]["RawBucket"]["Properties"]["PublicAccessBlockConfiguration"]
    assert checkov(broken, tmp_path) > set(NOT_DONE)


def parliament(template, parameters=None):
    stack, found = Stack(resolved(template, parameters)), []
    keys = stack.of_type("AWS::KMS::Key")
    for name, document in stack.policies():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            findings = analyze_policy_string(json.dumps(document)).findings
        for finding in findings:
            # In the policy of a key, `*` is that key.
            if not (name in keys and finding.issue == "RESOURCE_STAR"):
                found.append((name, finding.issue, str(finding.detail)))
    return found


def test_parliament_finds_nothing(expanded):
    assert parliament(expanded) == []
    school = {"School": "oak", "RawBucket": "raw", "DataKey": "arn:aws:kms:eu-west-2:111122223333:key/k", "Collector": "-"}
    assert parliament(load(SCHOOL_TEMPLATE), school) == []


def test_parliament_finds_an_action_that_is_none_and_a_resource_that_does_not_fit(expanded):
    broken = copy.deepcopy(expanded)
    statements = broken["Resources"]["ApiRole"]["Properties"]["Policies"][0]["PolicyDocument"]["Statement"]
    statements[-1]["Action"] = ["logs:PutLogEventz"]
    assert ("ApiRole", "UNKNOWN_ACTION") in [found[:2] for found in parliament(broken)]
    statements[-1]["Action"] = ["sqs:SendMessage"]
    assert ("ApiRole", "RESOURCE_MISMATCH") in [found[:2] for found in parliament(broken)]

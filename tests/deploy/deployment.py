"""`sam deploy` of the real template into the emulator, and the command `trustwatch` on what came of it."""

import contextlib
import json
import subprocess
import sys
import time
import urllib.error
import urllib.request
import zipfile
from pathlib import Path

from emulator import Emulator
from expansion import PARAMETERS, REGION, SCHOOL_TEMPLATE, STACK, TEMPLATE
from issuer import Issuer

CODE = "../../target/lambda/trustwatch-bootstrap/bootstrap.zip"
# The output of the stack that each variable of a deployment comes from, as docs/deploy.md has it.
VARIABLES = {
    "RAW_BUCKET": "RawBucket",
    "LAKE_BUCKET": "LakeBucket",
    "CONFIG_BUCKET": "ConfigBucket",
    "TABLE": "Table",
    "NORMALISE_QUEUE_URL": "NormaliseQueueUrl",
    "BACKFILL_QUEUE_URL": "BackfillQueueUrl",
    "CLASSIFY_QUEUE_URL": "ClassifyQueueUrl",
    "KMS_KEY": "KmsKey",
}


def until(what, ask, seconds=60):
    """Asks until the answer is true, and returns it."""
    deadline = time.monotonic() + seconds
    while True:
        answer = ask()
        if answer:
            return answer
        assert time.monotonic() < deadline, f"waited {seconds} s: {what}"
        time.sleep(0.3)


class Deployment:
    def __init__(self, emulator: Emulator, scratch: Path, bootstrap: Path, command: Path):
        self.emulator, self.scratch, self.command = emulator, scratch, command
        code = scratch / "bootstrap.zip"
        pack(bootstrap, code)
        template = TEMPLATE.read_text()
        assert template.count(CODE) == 1
        self.template = scratch / "template.yaml"
        self.template.write_text(template.replace(CODE, str(code)))
        self.issuer, self.bucket_policies = Issuer(), {}
        emulator.client("s3").create_bucket(
            Bucket="deployment", CreateBucketConfiguration={"LocationConstraint": REGION}
        )

    def deploy(self, **parameters):
        """Runs `sam deploy`; returns what it says."""
        given = {name: PARAMETERS[name] for name in ("JwtIssuer", "JwtAudience")} | parameters
        sam = [str(Path(sys.executable).parent / "sam"), "deploy", "--template-file", str(self.template)]
        sam += ["--stack-name", STACK, "--s3-bucket", "deployment", "--region", REGION]
        sam += ["--capabilities", "CAPABILITY_IAM", "--no-confirm-changeset", "--no-fail-on-empty-changeset"]
        sam += ["--parameter-overrides", *(f"{name}={value}" for name, value in given.items())]
        ran = subprocess.run(
            sam, env=self.emulator.environment, cwd=self.scratch, capture_output=True, text=True, timeout=240
        )
        said = ran.stdout + ran.stderr
        assert ran.returncode == 0, said
        return said

    def for_a_test(self):
        """What waits for minutes on AWS waits for seconds here. The template's own times are asserted on the template."""
        sqs, functions = self.emulator.client("sqs"), self.emulator.client("lambda")
        for kind, physical, _ in self.resources().values():
            if kind == "AWS::SQS::Queue":
                sqs.set_queue_attributes(QueueUrl=physical, Attributes={"VisibilityTimeout": "2"})
            if kind == "AWS::Lambda::EventSourceMapping":
                # The emulator keeps a parameter of type Number as text, and then takes no messages.
                functions.update_event_source_mapping(UUID=physical, ScalingConfig={"MaximumConcurrency": 2})
            if kind == "AWS::ApiGatewayV2::Authorizer":
                # The template takes an issuer with https alone; the one of the tests is on this machine.
                jwt = {"Issuer": self.issuer.url, "Audience": [PARAMETERS["JwtAudience"]]}
                gateway = self.emulator.client("apigatewayv2")
                gateway.update_authorizer(ApiId=self.physical("HttpApi"), AuthorizerId=physical, JwtConfiguration=jwt)
        self.ask_for_tls(False)

    def ask_for_tls(self, wanted):
        """Puts the policies that refuse plain HTTP back, or lifts them: the emulator speaks nothing else."""
        s3 = self.emulator.client("s3")
        for kind, bucket, _ in self.resources().values():
            if kind == "AWS::S3::Bucket":
                if bucket not in self.bucket_policies:
                    self.bucket_policies[bucket] = s3.get_bucket_policy(Bucket=bucket)["Policy"]
                if wanted:
                    s3.put_bucket_policy(Bucket=bucket, Policy=self.bucket_policies[bucket])
                else:
                    s3.delete_bucket_policy(Bucket=bucket)

    @contextlib.contextmanager
    def tls_asked_for(self):
        self.ask_for_tls(True)
        try:
            yield
        finally:
            self.ask_for_tls(False)

    def resources(self):
        """`{logical id: (type, physical id, status)}`."""
        pages = self.emulator.client("cloudformation").get_paginator("list_stack_resources")
        found = [each for page in pages.paginate(StackName=STACK) for each in page["StackResourceSummaries"]]
        return {
            each["LogicalResourceId"]: (each["ResourceType"], each["PhysicalResourceId"], each["ResourceStatus"])
            for each in found
        }

    def physical(self, logical):
        return self.resources()[logical][1]

    def outputs(self, stack=STACK):
        (found,) = self.emulator.client("cloudformation").describe_stacks(StackName=stack)["Stacks"]
        return {each["OutputKey"]: each["OutputValue"] for each in found["Outputs"]}

    def trustwatch(self, *arguments, check=True):
        """Runs the command on the deployment, as docs/deploy.md says."""
        outputs = self.outputs()
        names = {variable: outputs[output] for variable, output in VARIABLES.items()}
        ran = subprocess.run(
            [self.command, *arguments, "--aws"],
            env=self.emulator.environment | names,
            cwd=self.scratch,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert ran.returncode == 0 or not check, ran.stdout + ran.stderr
        return ran.stdout

    def add_school(self, school):
        """Deploys the stack of one school; returns clients that act as its uploader."""
        outputs = self.outputs()
        iam, user = self.emulator.client("iam"), f"collector-{school}"
        collector = iam.create_user(UserName=user)["User"]["Arn"]
        key = iam.create_access_key(UserName=user)["AccessKey"]
        given = {"School": school, "RawBucket": outputs["RawBucket"], "DataKey": outputs["DataKey"], "Collector": collector}
        cloudformation = self.emulator.client("cloudformation")
        cloudformation.create_stack(
            StackName=f"school-{school}",
            TemplateBody=SCHOOL_TEMPLATE.read_text(),
            Capabilities=["CAPABILITY_IAM"],
            Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in given.items()],
        )
        cloudformation.get_waiter("stack_create_complete").wait(StackName=f"school-{school}", WaiterConfig={"Delay": 1})
        uploader = self.outputs(f"school-{school}")["Uploader"]
        take = {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": uploader}
        document = json.dumps({"Version": "2012-10-17", "Statement": [take]})
        iam.put_user_policy(UserName=user, PolicyName="take-the-role", PolicyDocument=document)
        return self.emulator.assume(uploader, key)

    def call(self, path, token=None, method="GET", body=None, headers=None):
        """A request to the HTTP API: `(status, headers, body)`."""
        url = f"{self.emulator.url}/_aws/execute-api/{self.physical('HttpApi')}/$default{path}"
        headers = {"content-type": "application/json", **(headers or {})}
        if token:
            headers["authorization"] = f"Bearer {token}"
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(url, method=method, data=data, headers=headers)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=60) as answer:
                return answer.status, dict(answer.headers), answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, dict(error.headers), error.read().decode()

    def log(self, function):
        """What a function has logged: one object a line."""
        pages = self.emulator.client("logs").get_paginator("filter_log_events")
        events = [each for page in pages.paginate(logGroupName=f"/aws/lambda/{STACK}-{function}") for each in page["events"]]
        lines = (line for event in events for line in event["message"].splitlines())
        return [json.loads(line) for line in lines if line.startswith("{")]


def pack(bootstrap: Path, code: Path):
    """The zip that Lambda takes: the one binary, and nothing of the day on which it was packed."""
    with zipfile.ZipFile(code, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        entry = zipfile.ZipInfo("bootstrap", (1980, 1, 1, 0, 0, 0))
        entry.external_attr = 0o755 << 16
        entry.compress_type = zipfile.ZIP_DEFLATED
        archive.writestr(entry, bootstrap.read_bytes())



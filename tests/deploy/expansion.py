"""The template as CloudFormation gets it: SAM's resources expanded, and references resolved to made-up values."""

import copy
import os
import re
from pathlib import Path

from samcli.yamlhelper import yaml_parse
from samtranslator.translator.transform import transform

ROOT = Path(__file__).resolve().parents[2]
TEMPLATE = ROOT / "infra/aws/template.yaml"
SCHOOL_TEMPLATE = ROOT / "infra/aws/school.yaml"

REGION = "eu-west-2"
ACCOUNT = "111122223333"
STACK = "trustwatch"
PARAMETERS = {
    "JwtIssuer": "https://login.example.org/trust",
    "JwtAudience": "trustwatch",
    "OperatorsMail": "it@trust.example.sch.uk",
    "MailDomain": "trust.example.sch.uk",
}
PSEUDO = {
    "AWS::AccountId": ACCOUNT,
    "AWS::Partition": "aws",
    "AWS::Region": REGION,
    "AWS::StackName": STACK,
    "AWS::NoValue": None,
}
# What `Fn::GetAtt … Arn` and `Ref` give, by type. A type that is not here cannot be referred to by the template.
ARNS = {
    "AWS::S3::Bucket": "arn:aws:s3:::{name}",
    "AWS::SQS::Queue": f"arn:aws:sqs:{REGION}:{ACCOUNT}:{{name}}",
    "AWS::DynamoDB::Table": f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{{name}}",
    "AWS::KMS::Key": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/{{name}}",
    "AWS::IAM::Role": f"arn:aws:iam::{ACCOUNT}:role/{{name}}",
    "AWS::IAM::ManagedPolicy": f"arn:aws:iam::{ACCOUNT}:policy/{{name}}",
    "AWS::SNS::Topic": f"arn:aws:sns:{REGION}:{ACCOUNT}:{{name}}",
    "AWS::Logs::LogGroup": f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{{name}}:*",
    "AWS::Lambda::Function": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{{name}}",
    "missing": "missing:{name}",
}
NAMES = ("BucketName", "LogGroupName", "FunctionName", "TopicName")
# What a reference to nothing gives. cfn-lint refuses it; the assertions must still see what else is wrong.
MISSING = {"Type": "missing"}
REF_IS_ARN = ("AWS::IAM::ManagedPolicy", "AWS::SNS::Topic")


class NoPolicies:
    """SAM would look names of AWS's managed policies up here. We name none."""

    def load(self):
        return {}


def load(path=TEMPLATE):
    """A template as it is written, with the short forms of functions (`!Ref`) in their long form."""
    return copy.deepcopy(yaml_parse(path.read_text()))


def expand(template):
    """The template with SAM's resources expanded, as CloudFormation does it."""
    template = copy.deepcopy(template)
    if "Globals" in template:
        # `sam deploy` uploads the code and writes its place here.
        template["Globals"]["Function"]["CodeUri"] = "s3://deployment/bootstrap.zip"
    before = os.environ.get("AWS_DEFAULT_REGION")
    os.environ["AWS_DEFAULT_REGION"] = REGION
    try:
        return transform(template, {}, NoPolicies())
    finally:
        os.environ.pop("AWS_DEFAULT_REGION")
        if before is not None:
            os.environ["AWS_DEFAULT_REGION"] = before


class Resolver:
    """Replaces `Ref`, `Fn::GetAtt`, `Fn::Sub`, `Fn::FindInMap` and conditions by values."""

    def __init__(self, template, parameters):
        self.template = template
        defaults = {name: spec.get("Default") for name, spec in template.get("Parameters", {}).items()}
        self.values = {**PSEUDO, **defaults, **parameters}

    def resolve(self, value):
        if isinstance(value, list):
            return [self.resolve(item) for item in value]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            ((function, argument),) = value.items()
            known = {
                "Ref": self.ref,
                "Fn::GetAtt": self.get_att,
                "Fn::Sub": self.sub,
                "Fn::FindInMap": self.find_in_map,
            }.get(function)
            if known:
                return known(argument)
        return {key: self.resolve(item) for key, item in value.items()}

    def ref(self, name):
        if name in self.values:
            return self.values[name]
        resource = self.template["Resources"].get(name, MISSING)
        return self.get_att([name, "Arn"]) if resource["Type"] in REF_IS_ARN else self.name_of(name)

    def name_of(self, logical):
        properties = self.template["Resources"].get(logical, MISSING).get("Properties", {})
        named = next((properties[key] for key in NAMES if key in properties), None)
        return logical if named is None else self.resolve(named)

    def get_att(self, argument):
        name, attribute = argument if isinstance(argument, list) else argument.split(".", 1)
        if attribute == "Arn":
            return ARNS[self.template["Resources"].get(name, MISSING)["Type"]].format(name=self.name_of(name))
        return self.name_of(name) if attribute == "QueueName" else f"{self.name_of(name)}.{attribute}"

    def sub(self, text):
        def value(match):
            name = match.group(1)
            return str(self.get_att(name) if "." in name else self.ref(name))

        return re.sub(r"\$\{([^}!]+)\}", value, text)

    def find_in_map(self, argument):
        table, first, second = (self.resolve(part) for part in argument)
        return self.template["Mappings"][table][str(first)][second]


def resolved(template, parameters=None):
    """The expanded template's resources with every reference resolved: `{logical id: resource}`."""
    resolver = Resolver(template, PARAMETERS if parameters is None else parameters)
    return {name: resolver.resolve(resource) for name, resource in template["Resources"].items()}

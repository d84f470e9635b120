"""What must hold of what runs: functions, what calls them, their logs. Each check yields what is wrong."""

import json
import re

from expansion import ROOT

CONSUME = ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility", "sqs:GetQueueAttributes")
VISIBILITY_TIMES = 6
# What may be asked without a token. The gateway of one machine has the same list.
PUBLIC = {"GET /v1/health", "GET /v1/openapi.json"}


def handlers():
    """The handlers that the one binary knows."""
    source = (ROOT / "functions/bootstrap/src/main.rs").read_text()
    return set(re.findall(r'^ +"(\w+)" =>', source, re.M))


def settings():
    """The environment variables that a function needs."""
    source = (ROOT / "shared/runtime/src/settings.rs").read_text()
    return set(re.findall(r'need\("(\w+)"\)', source))


def every_handler_has_a_function(stack):
    deployed = {function["Handler"] for function in stack.of_type("AWS::Lambda::Function").values()}
    for handler in handlers() - deployed:
        yield f"the handler `{handler}` of the bootstrap has no function"
    for handler in deployed - handlers():
        yield f"the bootstrap knows no handler `{handler}`"


def every_function_is_complete(stack):
    roles = []
    for name, function in stack.of_type("AWS::Lambda::Function").items():
        roles.append(function["Role"])
        for key in ("MemorySize", "Timeout", "Runtime", "Architectures"):
            if not function.get(key):
                yield f"{name} has no {key}"
        if function.get("Runtime") != "provided.al2023":
            yield f"{name} has another runtime"
        environment = function.get("Environment", {}).get("Variables", {})
        for variable in settings() - set(environment):
            yield f"{name} lacks the setting {variable}"
        if not int(function.get("Timeout", 0)) < int(environment.get("LEASE_SECONDS", 0)):
            yield f"{name} may outlive its lease"
        for metric in ("Errors", "Throttles"):
            if not stack.alarms_on("AWS/Lambda", metric, "FunctionName", function["FunctionName"]):
                yield f"{name} has no alarm on {metric}"
    for role in roles:
        if roles.count(role) > 1:
            yield f"{role} is the role of two functions"


def every_function_has_its_log(stack):
    groups = {group["LogGroupName"]: group for group in stack.of_type("AWS::Logs::LogGroup").values()}
    filtered = [
        each["LogGroupName"]
        for each in stack.of_type("AWS::Logs::MetricFilter").values()
        if '"ERROR"' in each["FilterPattern"]
    ]
    for name, group in stack.of_type("AWS::Logs::LogGroup").items():
        if not group.get("RetentionInDays"):
            yield f"{name} keeps logs for ever"
    for name, function in stack.of_type("AWS::Lambda::Function").items():
        log = function.get("LoggingConfig", {}).get("LogGroup")
        arn = f"arn:aws:logs:eu-west-2:111122223333:log-group:{log}:*"
        if log not in groups:
            yield f"{name} logs to a group that is not here"
        elif log not in filtered:
            yield f"nobody counts the errors in the log of {name}"
        for action in ("logs:CreateLogStream", "logs:PutLogEvents"):
            if not stack.allows(function["Role"], action, arn):
                yield f"{name} may not {action}"


def every_mapping_works(stack):
    for name, mapping in stack.of_type("AWS::Lambda::EventSourceMapping").items():
        arn = mapping["EventSourceArn"]
        _, queue = stack.named("AWS::SQS::Queue", arn)
        _, function = stack.named("AWS::Lambda::Function", mapping["FunctionName"])
        if queue is None or function is None:
            yield f"{name} leads nowhere"
            continue
        if "ReportBatchItemFailures" not in mapping.get("FunctionResponseTypes", []):
            yield f"{name} takes no partial answers: what failed would count as done"
        if int(queue.get("VisibilityTimeout", 30)) < VISIBILITY_TIMES * int(function["Timeout"]):
            yield f"the queue of {name} gives messages back before the function is surely done"
        if not mapping.get("ScalingConfig", {}).get("MaximumConcurrency"):
            yield f"{name} has no limit of concurrency"
        for action in CONSUME:
            if not stack.allows(function["Role"], action, arn):
                yield f"the function of {name} may not {action}"


def every_schedule_works(stack):
    asked = set()
    for name, schedule in stack.of_type("AWS::Scheduler::Schedule").items():
        target = schedule["Target"]
        asked.add(target["Input"])
        if schedule.get("ScheduleExpressionTimezone") != "Europe/London":
            yield f"{name} goes by another clock than the schools"
        if schedule.get("State", "ENABLED") != "ENABLED":
            yield f"{name} is off"
        if not stack.allows(target["RoleArn"], "lambda:InvokeFunction", target["Arn"]):
            yield f"the role of {name} may not call its function"
        dead = target.get("DeadLetterConfig", {}).get("Arn")
        if dead is None or not stack.allows(target["RoleArn"], "sqs:SendMessage", dead):
            yield f"{name} has no place for what it could not hand over"
    for sample in (ROOT / "events/schedule").glob("*.json"):
        if json.loads(sample.read_text()) not in [json.loads(each) for each in asked]:
            yield f"nothing asks for the job of {sample.name}"


def every_route_works(stack):
    apis = stack.of_type("AWS::ApiGatewayV2::Api")
    stages = stack.of_type("AWS::ApiGatewayV2::Stage").values()
    for name in apis:
        stage = next((each for each in stages if each["ApiId"] == name), {})
        if not stage.get("DefaultRouteSettings", {}).get("ThrottlingRateLimit"):
            yield f"{name} takes any number of requests"
        if "DestinationArn" not in stage.get("AccessLogSettings", {}):
            yield f"{name} logs no access"
    authorizers = stack.of_type("AWS::ApiGatewayV2::Authorizer")
    for name, authorizer in authorizers.items():
        jwt = authorizer.get("JwtConfiguration", {})
        if authorizer["AuthorizerType"] != "JWT" or not str(jwt.get("Issuer")).startswith("https://") or not jwt.get("Audience"):
            yield f"{name} believes more than one issuer's tokens for us"
    integrations = stack.of_type("AWS::ApiGatewayV2::Integration")
    routes = stack.of_type("AWS::ApiGatewayV2::Route")
    for name, route in routes.items():
        public = route["RouteKey"] in PUBLIC
        if not public and (route.get("AuthorizationType") != "JWT" or route.get("AuthorizerId") not in authorizers):
            yield f"{name} asks for no token"
        if route["Target"].removeprefix("integrations/") not in integrations:
            yield f"{name} leads nowhere"
    if "$default" not in {route["RouteKey"] for route in routes.values()}:
        yield "paths without a route of their own are not answered"
    for name, integration in integrations.items():
        function = integration["IntegrationUri"]
        allowed = [
            permission
            for permission in stack.of_type("AWS::Lambda::Permission").values()
            if permission["Principal"] == "apigateway.amazonaws.com"
            and permission["FunctionName"] in function
            and f":{integration['ApiId']}/" in permission.get("SourceArn", "")
        ]
        if not allowed:
            yield f"API Gateway may not call the function of {name}"
        if integration.get("PayloadFormatVersion") != "2.0":
            yield f"{name} speaks another format than the function"


CHECKS = [
    every_handler_has_a_function,
    every_function_is_complete,
    every_function_has_its_log,
    every_mapping_works,
    every_schedule_works,
    every_route_works,
]

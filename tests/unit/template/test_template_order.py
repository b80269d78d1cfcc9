"""What AWS needs before it creates a resource, although the resource names it only by a string or not at all.

CloudFormation waits for what a `Ref`, a `GetAtt`, a `Sub` or a `DependsOn` names, and makes all else at the same time;
it deletes in the reverse order. Neither cfn-lint nor the emulator asks for anything else.
"""

import copy
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.unit.template.forms import FORMS, Form, grants, named, of_kind, properties, texts

Pair = tuple[str, str]  # a resource, and what must be there before it: a resource, or words when there is none
Rule = Callable[[Form], Iterator[Pair]]

# What strings name that no template makes: a job that the worker starts.
MADE_LATER = {"arn:${AWS::Partition}:transcribe:${AWS::Region}:${AWS::AccountId}:transcription-job/reelmill-*"}
# Properties that give a resource the name by which others may know it.
NAMES = {"QueueName", "TableName", "BucketName", "FunctionName", "LogGroupName", "RoleName", "RouteKey", "Domain"}
POLLING = ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes")
NETWORKING = ("ec2:CreateNetworkInterface", "ec2:DescribeNetworkInterfaces", "ec2:DeleteNetworkInterface")


def needs(resource: dict[str, Any]) -> set[str]:
    """Return what CloudFormation waits for before it makes a resource."""
    told = resource.get("DependsOn", [])
    return {*named(resource["Properties"]), *([told] if isinstance(told, str) else told)}


def before(form: Form, name: str) -> set[str]:
    """Return all that CloudFormation makes before a resource, and deletes after it."""
    found: set[str] = set()
    wanted = [name]
    while wanted:
        more = needs(form["Resources"].get(wanted.pop(), {"Properties": {}})) - found
        found |= more
        wanted += more
    return found


def too_early(form: Form) -> list[str]:
    """Return what may be made before what it needs, in words."""
    pairs = [(rule, *pair) for rule in RULES for pair in rule(form)]
    return [
        f"{rule.__name__}: {name} needs {need}" for rule, name, need in pairs if need not in before(form, name) | {name}
    ]


def may(form: Form, function: str, actions: tuple[str, ...], on: Any) -> Iterator[str]:  # noqa: ANN401 - an ARN
    """Yield what allows a function's role each of the actions on a resource."""
    for action in actions:
        giver = f"{action} for {function}"
        for name, statement in grants(form, function):
            places = statement["Resource"] if isinstance(statement["Resource"], list) else [statement["Resource"]]
            if action in statement["Action"] and (on in places or "*" in places):
                giver = name
        yield giver


def routes_of_settings(form: Form) -> Iterator[Pair]:
    # CreateStage answers "Unable to find Route by key … within the provided RouteSettings"
    # (github.com/aws/serverless-application-model/issues/2479, terraform-aws-apigateway-v2 pull request 80).
    for name, stage in of_kind(form, "ApiGatewayV2::Stage"):
        routes = {(str(r["ApiId"]), r["RouteKey"]): route for route, r in of_kind(form, "ApiGatewayV2::Route")}
        for key in stage.get("RouteSettings", {}):
            yield name, routes.get((str(stage["ApiId"]), key), f"a route {key}")


def parts_of_routes(form: Form) -> Iterator[Pair]:
    # CreateRoute answers "Invalid authorizer ID specified. Setting the authorization type to JWT requires a valid JWT
    # authorizer" (github.com/anomalyco/sst/issues/4097), and the same for the integration of its target.
    for name, route in of_kind(form, "ApiGatewayV2::Route"):
        kinds = ["Integration", *(["Authorizer"] if route["AuthorizationType"] == "JWT" else [])]
        for kind in kinds:
            yield name, next((part for part, _ in of_kind(form, f"ApiGatewayV2::{kind}")), f"an {kind}")


def issuers(form: Form) -> Iterator[Pair]:
    # CreateAuthorizer asks the issuer: "Issuer must have a valid discovery endpoint ended with
    # '/.well-known/openid-configuration'" (github.com/haandol/cognito-kakao-example/issues/1).
    for name, _ in of_kind(form, "ApiGatewayV2::Authorizer"):
        yield from ((name, pool) for pool, _ in of_kind(form, "Cognito::UserPool"))


def rights_to_poll(form: Form) -> Iterator[Pair]:
    # CreateEventSourceMapping answers "The provided execution role does not have permissions to call ReceiveMessage"
    # (github.com/aws/aws-cdk/issues/6770; the three actions: Lambda's guide, "Using Lambda with Amazon SQS").
    for name, mapping in of_kind(form, "Lambda::EventSourceMapping"):
        function = mapping["FunctionName"]["Ref"]
        yield from ((name, giver) for giver in may(form, function, POLLING, mapping["EventSourceArn"]))


def rights_to_destinations(form: Form) -> Iterator[Pair]:
    # PutFunctionEventInvokeConfig answers "The provided execution role does not have permissions to call SendMessage"
    # (github.com/aws-amplify/amplify-cli/issues/10395, the same of SNS).
    for name, config in of_kind(form, "Lambda::EventInvokeConfig"):
        function = config["FunctionName"]["Ref"]
        for place in config.get("DestinationConfig", {}).values():
            yield from ((name, giver) for giver in may(form, function, ("sqs:SendMessage",), place["Destination"]))


def rights_to_a_network(form: Form) -> Iterator[Pair]:
    # CreateFunction answers "The provided execution role does not have permissions to call CreateNetworkInterface"
    # (github.com/serverless/serverless/issues/2697). And Lambda takes the interfaces away by the same role, so it
    # must outlive the function (Lambda's guide, "Giving Lambda functions access to resources in a VPC").
    for name, function in of_kind(form, "Lambda::Function"):
        if "VpcConfig" in function:
            yield from ((name, giver) for giver in may(form, name, NETWORKING, "*"))


def rights_of_buckets(form: Form) -> Iterator[Pair]:
    # CreateBucket tests its notification targets: "Unable to validate the following destination configurations"
    # (CloudFormation's reference, AWS::S3::Bucket NotificationConfiguration; AWS's knowledge center).
    permissions = {
        str(permission["FunctionName"]["Ref"]): name
        for name, permission in of_kind(form, "Lambda::Permission")
        if permission["Principal"] == "s3.amazonaws.com"
    }
    for name, bucket in of_kind(form, "S3::Bucket"):
        for told in bucket.get("NotificationConfiguration", {}).get("LambdaConfigurations", []):
            function = told["Function"]["Fn::GetAtt"][0]
            yield name, permissions.get(function, f"a permission for {function}")


def log_groups(form: Form) -> Iterator[Pair]:
    # A function without a group makes one at its first call, and without a term; the template's of that name then
    # "already exists" (Lambda's guide, "Configuring CloudWatch log groups").
    groups = {name for name, _ in of_kind(form, "Logs::LogGroup")}
    for name, function in of_kind(form, "Lambda::Function"):
        group = function.get("LoggingConfig", {}).get("LogGroup")
        yield name, next((one for one in named(group) if one in groups), "a log group of the template")


def scopes(form: Form) -> Iterator[Pair]:
    # CreateUserPoolClient answers ScopeDoesNotExistException (github.com/aws/aws-cdk/issues/10676).
    made = {
        f"{server['Identifier']}/{scope['ScopeName']}": name
        for name, server in of_kind(form, "Cognito::UserPoolResourceServer")
        for scope in server["Scopes"]
    }
    for name, client in of_kind(form, "Cognito::UserPoolClient"):
        for scope in client["AllowedOAuthScopes"]:
            if "/" in scope:
                yield name, made.get(scope, f"the scope {scope}")


def names_in_strings(form: Form) -> Iterator[Pair]:
    # For every service: a name that one resource sets, and that another one repeats instead of referring to it.
    given = {}
    for name, resource in form["Resources"].items():
        for key in NAMES & set(resource["Properties"]):
            text = resource["Properties"][key]
            text = text.get("Fn::Sub", "") if isinstance(text, dict) else text
            if isinstance(text, str) and text:
                given[text] = name
    for name, resource in form["Resources"].items():
        for text in texts({key: value for key, value in resource["Properties"].items() if key not in NAMES}):
            yield from ((name, other) for spelled, other in given.items() if spelled in text)


def arns_in_strings(form: Form) -> Iterator[Pair]:
    # The same for ARNs that are put together: they name something of this template, or what is made later.
    for name, resource in form["Resources"].items():
        for text in texts(resource["Properties"]):
            if text.startswith("arn:") and text not in MADE_LATER:
                parts = [part for part in named({"Fn::Sub": text}) if part in form["Resources"]]
                yield name, parts[0] if parts else f"what {text} names"


RULES: list[Rule] = [
    routes_of_settings,
    parts_of_routes,
    issuers,
    rights_to_poll,
    rights_to_destinations,
    rights_to_a_network,
    rights_of_buckets,
    log_groups,
    scopes,
    names_in_strings,
    arns_in_strings,
]


@pytest.mark.parametrize("form", FORMS)
def test_what_a_resource_needs_is_made_before_it(form: str) -> None:
    assert not too_early(FORMS[form])


@pytest.mark.parametrize("rule", RULES)
def test_each_rule_finds_something_to_check(rule: Rule) -> None:
    assert [pair for form in FORMS.values() for pair in rule(form)]


def forget(form: Form, name: str) -> None:
    del form["Resources"][name]["DependsOn"]


def part_from_the_role(form: Form) -> None:
    """Put what OnUpload may do into a policy of its own, for which nothing waits."""
    policy = {"Roles": [{"Ref": "OnUploadRole"}], **properties(form, "OnUploadRole")["Policies"][0]}
    form["Resources"]["OnUploadPolicy"] = {"Type": "AWS::IAM::Policy", "Properties": policy}
    properties(form, "OnUploadRole")["Policies"] = []


def attach_the_other_way(form: Form) -> None:
    """Let the policy name the roles, so that no role waits for it."""
    for _, role in of_kind(form, "IAM::Role"):
        role["ManagedPolicyArns"] = []
    properties(form, "VpcPolicy")["Roles"] = [{"Ref": "SweepRole"}]


BREAKS: dict[str, tuple[Rule, Callable[[Form], Any]]] = {
    "the stage doesn't wait for its route": (routes_of_settings, lambda form: forget(form, "ApiStage")),
    "the stage names a route that isn't there": (
        routes_of_settings,
        lambda form: properties(form, "ApiStage")["RouteSettings"].update({"GET /status": {}}),
    ),
    "the authorizer is spelled": (
        parts_of_routes,
        lambda form: properties(form, "ApiGetRoute").update(AuthorizerId="jwt1"),
    ),
    "the issuer is spelled": (
        issuers,
        lambda form: properties(form, "ApiAuthorizer").update(JwtConfiguration={"Issuer": "https://cognito-idp"}),
    ),
    "the right to poll comes by itself": (rights_to_poll, part_from_the_role),
    "the right to poll is missing": (rights_to_poll, lambda form: properties(form, "SweepRole").update(Policies=[])),
    "the right to the destination comes by itself": (rights_to_destinations, part_from_the_role),
    "the right to the network comes by itself": (rights_to_a_network, attach_the_other_way),
    "the bucket doesn't wait for its permission": (rights_of_buckets, lambda form: forget(form, "InputBucket")),
    "a log group is spelled": (
        log_groups,
        lambda form: properties(form, "SweepFunction").update(LoggingConfig={"LogGroup": "/aws/lambda/sweep"}),
    ),
    "the client doesn't wait for its scopes": (scopes, lambda form: forget(form, "UserPoolClient")),
    "a queue's name is spelled": (
        names_in_strings,
        lambda form: (
            properties(form, "FailedUploadsQueue").update(QueueName="failed"),
            properties(form, "TasksTable").update(Tags=[{"Key": "queue", "Value": "failed"}]),
        ),
    ),
    "a dead-letter queue's ARN is spelled": (
        arns_in_strings,
        lambda form: properties(form, "UrgentQueue").update(
            RedrivePolicy={"deadLetterTargetArn": {"Fn::Sub": "arn:${AWS::Partition}:sqs:eu-central-1:1:dead"}}
        ),
    ),
}


@pytest.mark.parametrize("broken", BREAKS)
def test_each_rule_sees_what_breaks_it(broken: str) -> None:
    rule, breaks = BREAKS[broken]
    form = copy.deepcopy(FORMS["KmsKeyArn+SubnetIds+Console"])

    breaks(form)

    assert [found for found in too_early(form) if found.startswith(rule.__name__)]


def test_each_rule_is_broken_by_something() -> None:
    assert {rule.__name__ for rule, _ in BREAKS.values()} == {rule.__name__ for rule in RULES}

"""The lengths and numbers that AWS refuses to exceed, with the longest values that the template can have."""

import json
from collections.abc import Iterator
from typing import Any

from tests.unit.template import longest
from tests.unit.template.forms import Form, of_kind, properties
from tests.unit.template.rules import (
    Break,
    Check,
    Rule,
    default,
    functions,
    grant,
    referred,
    with_values,
)

# The most characters of a property. Without another source: the `max` of its shape in botocore's models.
LENGTHS = {
    ("CloudFront::Function", "Name"): 64,
    ("CloudFront::Function", "FunctionConfig.Comment"): 128,  # CloudFormation's reference
    ("CloudFront::OriginAccessControl", "OriginAccessControlConfig.Name"): 64,  # CloudFormation's reference
    ("CloudFront::ResponseHeadersPolicy", "ResponseHeadersPolicyConfig.Name"): 128,  # the same
    ("CloudFront::Distribution", "DistributionConfig.Comment"): 128,  # CloudFront's API reference, DistributionConfig
    ("Cognito::UserPool", "UserPoolName"): 128,
    ("Cognito::UserPoolDomain", "Domain"): 63,
    ("Cognito::UserPoolClient", "ClientName"): 128,
    ("Cognito::UserPoolResourceServer", "Identifier"): 256,
    ("Cognito::UserPoolResourceServer", "Name"): 256,
    ("ApiGatewayV2::Api", "Name"): 128,  # API Gateway's API reference, StringWithLengthBetween1And128
    ("ApiGatewayV2::Authorizer", "Name"): 128,  # the same
    ("Logs::LogGroup", "LogGroupName"): 512,
    ("CloudWatch::Alarm", "AlarmName"): 255,
    ("CloudWatch::Alarm", "AlarmDescription"): 1024,
    ("Lambda::Function", "FunctionName"): 64,  # Lambda's API reference, CreateFunction
    ("Lambda::Function", "Description"): 256,
    ("IAM::Role", "RoleName"): 64,
    ("IAM::Role", "Description"): 1000,
    ("IAM::ManagedPolicy", "Description"): 1000,
    ("SQS::Queue", "QueueName"): 80,  # SQS's API reference, CreateQueue
    ("Events::Rule", "Name"): 64,
    ("Events::Rule", "Description"): 512,
    ("DynamoDB::Table", "TableName"): 255,
    ("S3::Bucket", "BucketName"): 63,  # S3's guide, "Bucket naming rules"
}


def lengths(form: Form) -> Iterator[Check]:
    for (kind, path), limit in LENGTHS.items():
        for name, found in of_kind(form, kind):
            value: Any = found
            for key in path.split("."):
                value = value.get(key, "")
            if value:
                yield f"{path} of {name} has at most {limit} characters", len(longest.text(value, form)) <= limit


def policies(form: Form) -> Iterator[Check]:
    # IAM's guide, "IAM and AWS STS quotas": all inline policies of a role 10,240 characters, a managed policy 6,144, a
    # trust policy 2,048, without white space; 10 managed policies of a role. S3's guide: a bucket policy 20 KB.
    def size(document: Any) -> int:  # noqa: ANN401 - a policy
        return len(json.dumps(longest.whole(document, form), separators=(",", ":")))

    for name, role in of_kind(form, "IAM::Role"):
        yield f"inline policies of {name}", sum(size(one["PolicyDocument"]) for one in role["Policies"]) <= 10_240
        yield f"trust policy of {name}", size(role["AssumeRolePolicyDocument"]) <= 2_048
        yield f"managed policies of {name}", len(role["ManagedPolicyArns"]) <= 10
    for name, policy in of_kind(form, "IAM::ManagedPolicy"):
        yield f"managed policy {name}", size(policy["PolicyDocument"]) <= 6_144
    for name, policy in of_kind(form, "S3::BucketPolicy"):
        yield f"bucket policy {name}", size(policy["PolicyDocument"]) <= 20 * 1024


def environments(form: Form) -> Iterator[Check]:
    # Lambda's guide, "Lambda quotas": 4 KB for all variables of a function together. Queue URLs and bucket names are
    # counted at the length of the longest name.
    for name, function in functions(form).items():
        variables = longest.whole(function["Environment"]["Variables"], form)
        yield f"environment of {name}", sum(len(key) + len(str(value)) for key, value in variables.items()) <= 4096


def sizes(form: Form) -> Iterator[Check]:
    # CloudFormation's guide, "Understand CloudFormation quotas".
    yield "200 parameters", len(form["Parameters"]) <= 200
    yield "200 outputs", len(form["Outputs"]) <= 200
    yield "500 resources", len(form["Resources"]) <= 500
    yield "a template of 1 MB", len(json.dumps(form)) <= 1_000_000
    yield "a description of 1,024 bytes", len(form["Description"].encode()) <= 1024
    for name, parameter in form["Parameters"].items():
        yield f"a parameter's name of 255 characters: {name}", len(name) <= 255
        yield f"a value of 4,096 bytes: {name}", len(str(parameter.get("Default", "")).encode()) <= 4096
        yield f"a description of 4,000 characters: {name}", len(parameter["Description"]) <= 4000
    for name, output in form["Outputs"].items():
        yield f"a description of 1,024 bytes: {name}", len(output["Description"].encode()) <= 1024
    for name in form["Resources"]:
        yield f"a logical ID of 255 characters, alphanumeric: {name}", len(name) <= 255 and name.isalnum()


def access_logs(form: Form) -> Iterator[Check]:
    # API Gateway lets itself write to a log group by adding it to a resource policy of the account, which may have
    # 5,120 characters: "Policy document length breaking Cloudwatch Logs Constraints". The policy has one entry for all
    # groups under /aws/vendedlogs/ (CloudWatch Logs' guide, "Enable logging from AWS services").
    groups = dict(of_kind(form, "Logs::LogGroup"))
    for name, stage in of_kind(form, "ApiGatewayV2::Stage"):
        group = groups[referred(stage["AccessLogSettings"]["DestinationArn"])]
        place = longest.text(group["LogGroupName"], form)
        yield f"the access log of {name} is a vended log", place.startswith("/aws/vendedlogs/")


LONG = "x" * 3000
RULES: list[Rule] = [
    lengths,
    policies,
    environments,
    sizes,
    access_logs,
]
BREAKS: dict[str, Break] = {
    "a CloudFront function is named after the stack": (
        lengths,
        with_values("ConsoleApiPath", Name={"Fn::Sub": "${AWS::StackName}-${AWS::Region}-api-path"}),
    ),
    "a queue is named after the stack": (
        lengths,
        with_values("UrgentQueue", QueueName={"Fn::Sub": "${AWS::StackName}-urgent"}),
    ),
    "a description is too long": (lengths, with_values("SweepFunction", Description="x" * 257)),
    "a role's own policies are too long": (policies, grant("TaskApiRole", "s3:GetObject", 150)),
    "a managed policy is too long": (
        policies,
        lambda form: properties(form, "KeyPolicy").update(PolicyDocument=LONG * 3),
    ),
    "an environment is too long": (
        environments,
        lambda form: properties(form, "SweepFunction")["Environment"]["Variables"].update(REELMILL_MORE=LONG),
    ),
    "a parameter's default is too long": (sizes, default("CorsOrigin", Default=LONG * 2)),
    "an output has no short description": (sizes, lambda form: form["Outputs"]["ApiUrl"].update(Description=LONG)),
    "the access log adds to the account's policy": (
        access_logs,
        with_values("ApiAccessLogs", LogGroupName={"Fn::Sub": "/aws/apigateway/${AWS::StackName}"}),
    ),
}

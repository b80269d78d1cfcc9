"""Whether the credentials may create what the template makes, by IAM's policy simulator."""

from collections.abc import Iterator, Mapping

from infra.account.account import Account
from infra.account.deployment import Deployment
from infra.account.prerequisite import Prerequisite, short_list

# What CloudFormation and the roles of the functions need in every deployment.
ALWAYS = ("cloudformation:CreateChangeSet", "cloudformation:ExecuteChangeSet", "iam:PassRole", "iam:PutRolePolicy")
CONSOLE = {"HostConsole", "UsePool"}  # the conditions of what only a stack with the console has
# The action that creates a resource of each kind, named as the operation of its API; API Gateway's are HTTP methods.
# Updates, tags and deletions need more actions, which the same policies usually allow.
CREATES: Mapping[str, str] = {
    "AWS::ApiGatewayV2::Api": "apigateway:POST",
    "AWS::ApiGatewayV2::Authorizer": "apigateway:POST",
    "AWS::ApiGatewayV2::Integration": "apigateway:POST",
    "AWS::ApiGatewayV2::Route": "apigateway:POST",
    "AWS::ApiGatewayV2::Stage": "apigateway:POST",
    "AWS::CloudFront::Distribution": "cloudfront:CreateDistribution",
    "AWS::CloudFront::Function": "cloudfront:CreateFunction",
    "AWS::CloudFront::OriginAccessControl": "cloudfront:CreateOriginAccessControl",
    "AWS::CloudFront::ResponseHeadersPolicy": "cloudfront:CreateResponseHeadersPolicy",
    "AWS::CloudWatch::Alarm": "cloudwatch:PutMetricAlarm",
    "AWS::Cognito::UserPool": "cognito-idp:CreateUserPool",
    "AWS::Cognito::UserPoolClient": "cognito-idp:CreateUserPoolClient",
    "AWS::Cognito::UserPoolDomain": "cognito-idp:CreateUserPoolDomain",
    "AWS::Cognito::UserPoolResourceServer": "cognito-idp:CreateResourceServer",
    "AWS::DynamoDB::Table": "dynamodb:CreateTable",
    "AWS::IAM::ManagedPolicy": "iam:CreatePolicy",
    "AWS::IAM::Role": "iam:CreateRole",
    "AWS::Lambda::Permission": "lambda:AddPermission",
    "AWS::Logs::LogGroup": "logs:CreateLogGroup",
    "AWS::S3::Bucket": "s3:CreateBucket",
    "AWS::S3::BucketPolicy": "s3:PutBucketPolicy",
    "AWS::SQS::Queue": "sqs:CreateQueue",
    "AWS::Serverless::Function": "lambda:CreateFunction",
}


def check_permissions(account: Account, deployment: Deployment, arn: str) -> Iterator[Prerequisite]:
    """Check that the credentials of that ARN may create the kinds of resources that the stack has."""
    if arn.endswith(":root"):
        yield Prerequisite("permissions", "ok", "the root user may do everything")
        return
    wanted = actions_of(deployment)
    policies = principal_of(account, arn)
    if policies is None:
        yield Prerequisite("permissions", "unknown", f"IAM can't simulate the policies of {arn}")
        return
    allowed = account.ask_all(
        "iam",
        "simulate_principal_policy",
        "EvaluationResults[?EvalDecision=='allowed'].EvalActionName",
        PolicySourceArn=policies,
        ActionNames=wanted,
    )
    if denied := sorted(set(wanted) - set(allowed)):
        # A policy may allow them for the names of this stack only, which the simulator was not asked about.
        yield Prerequisite(
            "permissions",
            "warning",
            f"{policies} may not do this with every resource: {short_list(denied)}",
            "if it may not do this with the resources of this stack either, add the actions to its policies",
        )
    else:
        yield Prerequisite("permissions", "ok", f"may create all that the stack has ({len(wanted)} actions)")


def actions_of(deployment: Deployment) -> list[str]:
    """Return the actions that the deployment needs, without those of a console that it doesn't have."""
    hosted = deployment.text("Console") == "true"
    made = {
        resource["Type"]
        for resource in deployment.resources.values()
        if hosted or resource.get("Condition") not in CONSOLE
    }
    return sorted({*ALWAYS, *(CREATES[kind] for kind in made)})


def principal_of(account: Account, arn: str) -> str | None:
    """Return the user or role whose policies apply to credentials; None if they have none, or if it was deleted."""
    kind, _, name = arn.rpartition(":")[2].partition("/")
    if kind == "user":
        return arn
    if kind != "assumed-role":  # a federated user's policies are in its session alone
        return None
    # The ARN of a role has a path, which that of its session does not show.
    answer = account.ask("iam", "get_role", absent={"NoSuchEntity"}, RoleName=name.partition("/")[0])
    return str(answer["Role"]["Arn"]) if answer else None

"""What a deployment needs from an AWS account, checked one by one before the first `sam deploy`."""

from collections.abc import Callable, Iterator

from infra.account.account import Account, Unanswered
from infra.account.concurrency import check_concurrency
from infra.account.console_needs import check_certificate, check_distributions, check_user_pools
from infra.account.deployment import Deployment
from infra.account.earlier_stack import StackState, check_buckets, check_log_groups, check_tables
from infra.account.issuer import ReadPage, check_issuer, read_page
from infra.account.own_resources import check_key, check_log_bucket, check_network, check_topic
from infra.account.permissions import check_permissions
from infra.account.prerequisite import Prerequisite

NEEDED = ("apigateway", "cloudwatch", "dynamodb", "lambda", "s3", "sqs")
Checks = dict[str, Callable[[], Iterator[Prerequisite]]]  # by the subject
ANALYSIS = ("rekognition", "transcribe")  # only subtasks of the provider `aws` use them


def check_account(account: Account, deployment: Deployment, read: ReadPage = read_page) -> Iterator[Prerequisite]:
    """Check all prerequisites; without valid credentials only those. `read` reads the issuer's page."""
    try:
        identity = account.ask("sts", "get_caller_identity")
    except Unanswered as unanswered:
        yield Prerequisite(
            "credentials",
            "failed",
            unanswered.message,
            "sign in with `aws sso login` or `aws configure`, or pass --profile NAME; check the region, too",
        )
        return
    yield Prerequisite(
        "credentials", "ok", f"account {identity['Account']}, {identity['Arn']}, region {account.region}"
    )
    stack = StackState(account, deployment)
    checks: Checks = {
        "permissions": lambda: check_permissions(account, deployment, identity["Arn"]),
        "services": lambda: check_services(account, deployment),
        "concurrency": lambda: check_concurrency(account, deployment, stack),
        "stack": stack.check,
    }
    if stack.is_yet_to_be_created():
        checks |= {
            "log groups": lambda: check_log_groups(account, deployment),
            "earlier tables": lambda: check_tables(account, deployment),
            "earlier buckets": lambda: check_buckets(account, deployment),
        }
    if deployment.text("Console") == "true":
        checks |= {
            "CloudFront": lambda: check_distributions(account, deployment, stack),
            "certificate": lambda: check_certificate(account, deployment),
            "user pool": lambda: check_user_pools(account, deployment, stack),
        }
    checks |= checks_of_parameters(account, deployment, read)
    for subject, check in checks.items():
        try:
            yield from check()
        except Unanswered as unanswered:
            yield Prerequisite(subject, "unknown", f"could not be checked: {unanswered.message}")


def checks_of_parameters(account: Account, deployment: Deployment, read: ReadPage) -> Checks:
    """Return the checks of what the parameters name."""
    checks: Checks = {}
    if deployment.text("JwtIssuer"):
        checks["issuer"] = lambda: check_issuer(deployment, read)
    if deployment.text("AccessLogBucket"):
        checks["access logs"] = lambda: check_log_bucket(account, deployment)
    if deployment.text("KmsKeyArn"):
        checks["key"] = lambda: check_key(account, deployment)
    if deployment.text("SubnetIds"):
        checks["network"] = lambda: check_network(account, deployment)
    if deployment.text("AlarmTopicArn"):
        checks["alarm topic"] = lambda: check_topic(account, deployment)
    return checks


def check_services(account: Account, deployment: Deployment) -> Iterator[Prerequisite]:
    """Check that the region has the services, by the list that AWS publishes in Parameter Store."""
    analysis = ANALYSIS if deployment.text("AiProvider") == "aws" else ()
    path = f"/aws/service/global-infrastructure/regions/{account.region}/services"
    names = [f"{path}/{service}" for service in (*NEEDED, *analysis)]
    answer = account.ask("ssm", "get_parameters", Names=names)  # at most ten names in a request
    missing = {name.rpartition("/")[2] for name in answer.get("InvalidParameters", [])}
    if len(missing) == len(names):
        yield Prerequisite("services", "unknown", f"AWS's list of services does not have {account.region}")
    elif lacking := sorted(missing & set(NEEDED)):
        yield Prerequisite(
            "services",
            "failed",
            f"{account.region} does not have {', '.join(lacking)}, by AWS's list",
            "deploy to another region",
        )
    elif lacking := sorted(missing):
        yield Prerequisite(
            "services",
            "warning",
            f"{account.region} does not have {', '.join(lacking)}, by AWS's list",
            "deploy to another region, or do without the subtasks that need them: RECOGNIZE, MODERATE and TRANSCRIBE",
        )
    else:
        yield Prerequisite("services", "ok", f"{account.region} has all {len(names)}")

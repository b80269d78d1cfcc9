"""What the web console needs: CloudFront, a certificate for a domain name, and Cognito."""

from collections.abc import Iterator

from infra.account.account import GLOBAL, Account
from infra.account.deployment import Deployment
from infra.account.earlier_stack import StackState
from infra.account.prerequisite import Prerequisite, left_behind, short_list


def check_distributions(account: Account, deployment: Deployment, stack: StackState) -> Iterator[Prerequisite]:
    """Check that CloudFront serves this account, and no other distribution has the console's domain name."""
    distributions = account.ask_all("cloudfront", "list_distributions", "DistributionList.Items[]")
    domain = deployment.text("ConsoleDomain")
    taken = [one["Id"] for one in distributions if domain and domain in one.get("Aliases", {}).get("Items", [])]
    if taken and stack.is_yet_to_be_created():
        yield Prerequisite(
            "CloudFront",
            "failed",
            f"the distribution {taken[0]} already serves {domain}",
            f"remove {domain} from that distribution first, or choose another ConsoleDomain",
        )
    elif distributions:
        yield Prerequisite("CloudFront", "ok", f"serves this account ({len(distributions)} distributions)")
    else:
        yield Prerequisite(
            "CloudFront",
            "unknown",
            "this account does not have a distribution yet; AWS verifies accounts first, and cannot be asked about it",
            'if the deployment fails with "Your account must be verified", deploy without Console and ask AWS Support',
        )


def check_certificate(account: Account, deployment: Deployment) -> Iterator[Prerequisite]:
    """Check that the certificate is issued and covers the console's domain name."""
    domain, arn = deployment.text("ConsoleDomain"), deployment.text("ConsoleCertificateArn")
    if not domain:
        yield Prerequisite("certificate", "ok", "not needed: the console gets a domain name of cloudfront.net")
        return
    if not arn:
        yield Prerequisite(
            "certificate",
            "failed",
            f"ConsoleDomain={domain} needs a certificate",
            f"request one in {GLOBAL}: `aws acm request-certificate --domain-name {domain} --validation-method DNS "
            f"--region {GLOBAL}`, then pass its ARN in ConsoleCertificateArn",
        )
        return
    answer = account.ask(
        "acm",
        "describe_certificate",
        region=GLOBAL,
        absent={"ResourceNotFoundException", "InvalidArnException"},
        CertificateArn=arn,
    )
    if answer is None:
        yield Prerequisite("certificate", "failed", f"{arn} does not exist in this account", "pass the ARN of another")
        return
    certificate = answer["Certificate"]
    covered = sorted({certificate["DomainName"], *certificate.get("SubjectAlternativeNames", [])})
    if certificate["Status"] != "ISSUED":
        yield Prerequisite(
            "certificate",
            "failed",
            f"is {certificate['Status']}, not ISSUED",
            f"create the DNS records that ACM shows, and wait until it is issued: `aws acm describe-certificate "
            f"--certificate-arn {arn} --region {GLOBAL}`",
        )
    elif not any(covers(name, domain) for name in covered):
        yield Prerequisite(
            "certificate",
            "failed",
            f"covers {short_list(covered)}, not {domain}",
            "pass a certificate for that name",
        )
    else:
        yield Prerequisite("certificate", "ok", f"issued for {domain}")


def covers(name: str, domain: str) -> bool:
    """Whether a name in a certificate covers a domain name; a wildcard stands for one label."""
    if name.startswith("*."):
        return domain.partition(".")[2] == name[2:]
    return name == domain


def check_user_pools(account: Account, deployment: Deployment, stack: StackState) -> Iterator[Prerequisite]:
    """Check that Cognito serves the region, and look for user pools that an earlier stack left behind."""
    if deployment.text("JwtIssuer"):
        yield Prerequisite("user pool", "ok", "not needed: people sign in at JwtIssuer")
        return
    pools = account.ask_all("cognito-idp", "list_user_pools", "UserPools[]", MaxResults=60)
    earlier = [pool["Id"] for pool in pools if pool["Name"] == deployment.stack]
    if earlier and stack.is_yet_to_be_created():
        yield left_behind("user pool", earlier)
    else:
        # The domain of the sign-in page contains the stack's ID, so that it cannot be taken.
        yield Prerequisite("user pool", "ok", "the stack creates one, and a domain for its sign-in page")

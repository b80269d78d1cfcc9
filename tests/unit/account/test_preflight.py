"""What `reelmill preflight` says about an account, by recorded answers."""

import json
from typing import Any

import pytest

from infra.account.deployment import plan_deployment
from tests.unit.account.recorded_account import RECORDED, Answers, RecordedAccount, check, refused

DOMAIN = "media.example.com"
CERTIFICATE = "arn:aws:acm:us-east-1:111122223333:certificate/1234abcd-12ab-34cd-56ef-1234567890ab"
OWN_DOMAIN = ("Console=true", f"ConsoleDomain={DOMAIN}", f"ConsoleCertificateArn={CERTIFICATE}")
FITTING = ("UrgentConcurrency=2", "MaxConcurrency=2", "BackgroundConcurrency=2")


def limits(quota: int, unreserved: int | None = None) -> Answers:
    limit = {"ConcurrentExecutions": quota, "UnreservedConcurrentExecutions": unreserved or quota}
    return [("get_account_settings", {"AccountLimit": limit})]


def stack_in(status: str) -> Answers:
    stack = {"StackName": "reelmill", "StackStatus": status, "CreationTime": "2026-11-30T00:00:00Z"}
    return [("describe_stacks", {"Stacks": [stack]})]


def certificate(status: str, *names: str) -> Answers:
    found = {"CertificateArn": CERTIFICATE, "DomainName": names[0], "SubjectAlternativeNames": list(names)}
    return [("describe_certificate", {"Certificate": {**found, "Status": status}})]


def distribution(*aliases: str) -> Answers:
    summary: dict[str, Any] = json.loads((RECORDED / "distribution.json").read_text())
    summary["Aliases"] = {"Quantity": len(aliases), "Items": list(aliases)}
    page = {"Marker": "", "MaxItems": 100, "IsTruncated": False, "Quantity": 1, "Items": [summary]}
    return [("list_distributions", {"DistributionList": page})]


def test_a_young_account_has_all_but_the_concurrency_and_gets_parameters_that_fit() -> None:
    found = check(RecordedAccount())

    assert [name for name, one in found.items() if one.verdict != "ok"] == ["concurrency"]
    missing = found["concurrency"]
    assert missing.verdict == "failed"
    assert "10 functions at the same time" in missing.found
    assert "may take 70 (10 + 50 + 10)" in missing.found
    assert "request-service-quota-increase" in str(missing.remedy)
    assert missing.parameters == dict(text.split("=") for text in FITTING)


def test_the_proposed_parameters_fit_a_young_account() -> None:
    found = check(RecordedAccount(), *FITTING)

    assert {one.verdict for one in found.values()} == {"ok"}


@pytest.mark.parametrize("quota", [10, 11, 15, 20, 40, 60, 80, 99])
def test_what_is_proposed_passes_the_check_that_proposes_it(quota: int) -> None:
    proposed = check(RecordedAccount(lambda_=limits(quota)))["concurrency"].parameters

    again = check(RecordedAccount(lambda_=limits(quota)), *(f"{name}={value}" for name, value in proposed.items()))

    assert again["concurrency"].verdict == "ok"
    assert sum(map(int, proposed.values())) <= quota - 4


def test_an_account_with_the_usual_quota_takes_the_defaults() -> None:
    found = check(RecordedAccount(lambda_=limits(1000)))

    assert {one.verdict for one in found.values()} == {"ok"}


def test_a_higher_quota_that_was_requested_is_waited_for() -> None:
    request = {"Status": "CASE_OPENED", "DesiredValue": 1000.0, "QuotaCode": "L-B99A9384"}
    requests = [("list_requested_service_quota_change_history_by_quota", {"RequestedQuotas": [request]})]

    remedy = check(RecordedAccount(service_quotas=requests))["concurrency"].remedy

    assert str(remedy).startswith("wait for AWS, which was asked for 1000 (CASE_OPENED)")


def test_an_account_that_has_reserved_nearly_everything_gets_no_proposal() -> None:
    found = check(RecordedAccount(lambda_=limits(1000, 9)))["concurrency"]

    assert (found.verdict, found.parameters) == ("failed", {})
    assert "request-service-quota-increase" in str(found.remedy)


@pytest.mark.parametrize(
    ("quota", "wanted"),
    [
        (10, {"ApiConcurrency": 1}),
        (149, {"ApiConcurrency": 50}),
        (149, {"UploadConcurrency": 50}),
        (199, {"UploadConcurrency": 50, "ApiConcurrency": 50}),
    ],
)
def test_a_reservation_that_lambda_refuses_is_found(quota: int, wanted: dict[str, int]) -> None:
    given = [f"{name}={number}" for name, number in wanted.items()]

    found = check(RecordedAccount(lambda_=limits(quota)), *given, *FITTING)
    enough = check(RecordedAccount(lambda_=limits(quota + 91)), *given, *FITTING)

    assert found["reserved concurrency"].verdict == "failed"
    assert found["reserved concurrency"].parameters == dict.fromkeys(wanted, "0")
    assert "reserved concurrency" not in enough


def test_more_memory_than_young_accounts_may_have_is_a_warning() -> None:
    assert check(RecordedAccount(), "WorkerMemory=10240")["memory"].verdict == "warning"
    assert "memory" not in check(RecordedAccount(lambda_=limits(1000)), "WorkerMemory=10240")
    assert "memory" not in check(RecordedAccount(), "WorkerMemory=3008")


@pytest.mark.parametrize(
    ("missing", "verdict"), [("rekognition", "warning"), ("transcribe", "warning"), ("lambda", "failed")]
)
def test_a_service_that_the_region_lacks_is_named(missing: str, verdict: str) -> None:
    name = f"/aws/service/global-infrastructure/regions/eu-central-1/services/{missing}"
    answers = [("get_parameters", {"InvalidParameters": [name]})]

    found = check(RecordedAccount(ssm=answers))["services"]

    assert found.verdict == verdict
    assert f"eu-central-1 does not have {missing}" in found.found


def test_a_region_that_the_list_does_not_know_may_have_every_service() -> None:
    services = ("apigateway", "cloudwatch", "dynamodb", "lambda", "s3", "sqs", "rekognition", "transcribe")
    names = [f"/aws/service/global-infrastructure/regions/eu-central-1/services/{service}" for service in services]

    found = check(RecordedAccount(ssm=[("get_parameters", {"InvalidParameters": names})]))["services"]

    assert found.verdict == "unknown"


@pytest.mark.parametrize(
    ("status", "verdict", "remedy"),
    [
        ("CREATE_COMPLETE", "ok", ""),
        ("UPDATE_ROLLBACK_COMPLETE", "ok", ""),
        ("REVIEW_IN_PROGRESS", "ok", ""),
        ("ROLLBACK_COMPLETE", "failed", "delete-stack --stack-name reelmill --region eu-central-1"),
        ("ROLLBACK_FAILED", "failed", "delete-stack"),
        ("DELETE_FAILED", "failed", "delete-stack"),
        ("UPDATE_ROLLBACK_FAILED", "failed", "continue-update-rollback"),
        ("UPDATE_IN_PROGRESS", "failed", "wait"),
    ],
)
def test_a_stack_that_cannot_be_updated_is_found(status: str, verdict: str, remedy: str) -> None:
    found = check(RecordedAccount(cloudformation=stack_in(status)))["stack reelmill"]

    assert found.verdict == verdict
    assert remedy in str(found.remedy or "")


def test_a_log_group_of_a_name_that_the_stack_needs_is_found() -> None:
    name = "/aws/lambda/media-on-upload"
    groups = [("describe_log_groups", {"logGroups": [{"logGroupName": name}, {"logGroupName": f"{name}-2"}]})]
    rest: Answers = [("describe_log_groups", {"logGroups": []})] * 4

    found = check(RecordedAccount(logs=[*groups, *rest]), stack="media")["log groups"]

    assert (found.verdict, found.found) == ("failed", f"already exist: {name}")
    assert f"delete-log-group --log-group-name {name}" in str(found.remedy)


def test_what_an_earlier_stack_left_is_listed_and_nothing_of_others() -> None:
    tables = [("list_tables", {"TableNames": ["reelmill-TasksTable-1A2B", "reelmill-test-TasksTable-1A2B"]})]
    buckets = [("list_buckets", {"Buckets": [{"Name": "reelmill-inputbucket-1a2b"}, {"Name": "reelmill-input"}]})]
    pools = [("list_user_pools", {"UserPools": [{"Id": "eu-central-1_a", "Name": "reelmill"}]})]
    account = RecordedAccount(
        dynamodb=tables, s3=buckets, cognito_idp=pools, cloudformation=stack_in("ROLLBACK_COMPLETE")
    )

    found = check(account, "Console=true")

    named = {name: one.found for name, one in found.items() if one.verdict == "warning"}
    assert set(named) == {"earlier tables", "earlier buckets", "user pool"}
    assert "left reelmill-TasksTable-1A2B;" in named["earlier tables"]
    assert "left reelmill-inputbucket-1a2b;" in named["earlier buckets"]
    assert "left eu-central-1_a;" in named["user pool"]


def test_of_a_stack_that_exists_nothing_is_taken_for_left_behind() -> None:
    found = check(RecordedAccount(cloudformation=stack_in("UPDATE_COMPLETE")), "Console=true")

    assert not {"log groups", "earlier tables", "earlier buckets"} & set(found)


def test_the_console_asks_cloudfront_and_cognito_and_needs_no_certificate() -> None:
    found = check(RecordedAccount(), "Console=true", *FITTING)

    assert {name: found[name].verdict for name in ("CloudFront", "certificate", "user pool")} == {
        "CloudFront": "unknown",
        "certificate": "ok",
        "user pool": "ok",
    }
    assert "Your account must be verified" in str(found["CloudFront"].remedy)


@pytest.mark.parametrize("names", [(DOMAIN,), ("example.com", "*.example.com")])
def test_a_certificate_that_is_issued_for_the_domain_fits(names: tuple[str, ...]) -> None:
    account = RecordedAccount(acm=certificate("ISSUED", *names), cloudfront=distribution("other.example.com"))

    found = check(account, *OWN_DOMAIN)

    assert (found["certificate"].verdict, found["CloudFront"].verdict) == ("ok", "ok")
    assert ("acm", "us-east-1") in account.asked


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        (certificate("PENDING_VALIDATION", DOMAIN), "is PENDING_VALIDATION, not ISSUED"),
        (certificate("ISSUED", "example.com"), f"covers example.com, not {DOMAIN}"),
        (certificate("ISSUED", "*.com", "*.media.example.com"), f"not {DOMAIN}"),
        ([refused("describe_certificate", "ResourceNotFoundException")], "does not exist in this account"),
    ],
)
def test_a_certificate_that_cloudfront_would_refuse_is_found(answers: Answers, words: str) -> None:
    found = check(RecordedAccount(acm=answers, cloudfront=distribution()), *OWN_DOMAIN)["certificate"]

    assert found.verdict == "failed"
    assert words in found.found


def test_a_domain_without_a_certificate_and_one_of_another_distribution_are_found() -> None:
    found = check(RecordedAccount(cloudfront=distribution(DOMAIN)), "Console=true", f"ConsoleDomain={DOMAIN}")

    assert (found["certificate"].verdict, found["CloudFront"].verdict) == ("failed", "failed")
    assert "request-certificate" in str(found["certificate"].remedy)
    assert f"already serves {DOMAIN}" in found["CloudFront"].found


def test_what_the_credentials_may_not_ask_is_unknown_and_nothing_fails_by_it() -> None:
    account = RecordedAccount(
        cloudformation=[refused("describe_stacks", "AccessDenied")],
        ssm=[refused("get_parameters")],
        lambda_=[refused("get_account_settings")],
        cloudfront=[refused("list_distributions", "AccessDenied")],
        cognito_idp=[refused("list_user_pools")],
        acm=[refused("describe_certificate")],
        iam=[refused("simulate_principal_policy", "AccessDenied")],
        s3=[refused("get_bucket_location", "AccessDenied")],
    )

    found = check(account, *OWN_DOMAIN, "AccessLogBucket=my-logs")

    assert found.pop("credentials").verdict == "ok"
    assert {one.verdict for one in found.values()} == {"unknown"}
    assert (
        found["concurrency"].found
        == "could not be checked: these credentials may not call GetAccountSettings of lambda"
    )
    asked = {"services", "permissions", "concurrency", "stack", "CloudFront", "certificate", "user pool", "access logs"}
    assert set(found) == asked


def test_a_refused_look_at_the_requests_does_not_hide_the_quota() -> None:
    requests = [refused("list_requested_service_quota_change_history_by_quota")]

    found = check(RecordedAccount(service_quotas=requests))["concurrency"]

    assert "request-service-quota-increase" in str(found.remedy)


def test_with_invalid_credentials_nothing_else_is_asked() -> None:
    account = RecordedAccount(sts=[refused("get_caller_identity", "ExpiredToken")])

    found = check(account)

    assert {name: one.verdict for name, one in found.items()} == {"credentials": "failed"}
    assert [service for service, _ in account.asked] == ["sts"]


@pytest.mark.parametrize(
    ("parameter", "words"),
    [
        ("MaxConcurrency", "write NAME=VALUE"),
        ("Concurrency=5", "no parameter 'Concurrency'"),
        ("MaxConcurrency=1", "must be from 2 to 1000"),
        ("DailyTasks=-1", "must be at least 0"),
        ("MaxConcurrency=many", "must be a whole number"),
        ("Console=yes", "must be one of true, false"),
        ("ConsoleCertificateArn=arn:aws:acm:eu-central-1:111122223333:certificate/1", "certificate in us-east-1"),
    ],
)
def test_a_parameter_that_cloudformation_would_refuse_is_refused_first(parameter: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        plan_deployment("reelmill", [parameter])


@pytest.mark.parametrize("stack", ["", "1st", "my_stack", "a" * 129])
def test_a_stack_name_that_cloudformation_would_refuse_is_refused_first(stack: str) -> None:
    with pytest.raises(ValueError, match="is not a stack name"):
        plan_deployment(stack, [])

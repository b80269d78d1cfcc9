"""What template.yaml promises beyond what cfn-lint looks at."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from samtranslator.yaml_helper import yaml_parse  # type: ignore[import-untyped]  # it ships no types

from functions.task_api.caller import Scope
from infra.local import site
from infra.scans.template_forms import CONSOLE, OWN, expand_template, resolve_conditions
from shared.domain.subtask import UNCOUNTED_FACTOR
from shared.domain.task import Lane
from shared.settings import Settings
from shared.worker.admission import BUSY_SECONDS
from shared.worker.heartbeat import BEAT_EVERY

TEXT = (Path(__file__).parents[3] / "template.yaml").read_text()
TEMPLATE: dict[str, Any] = yaml_parse(TEXT)
EXPANDED = expand_template(TEXT)
PLAIN, OWNED = (
    resolve_conditions(EXPANDED, {}),
    resolve_conditions(EXPANDED, OWN),
)  # without options, and with a key and a network
HOSTED = resolve_conditions(EXPANDED, CONSOLE)  # with the console, and nothing of one's own
PARAMETERS, RESOURCES = TEMPLATE["Parameters"], TEMPLATE["Resources"]
FUNCTIONS = [name for name, resource in RESOURCES.items() if resource["Type"] == "AWS::Serverless::Function"]
BUCKETS = [name for name, resource in RESOURCES.items() if resource["Type"] == "AWS::S3::Bucket"]
LANES = {Lane.URGENT: "UrgentQueue", Lane.STANDARD: "SubtaskQueue", Lane.BACKGROUND: "BackgroundQueue"}
TABLES = [name for name, resource in RESOURCES.items() if resource["Type"] == "AWS::DynamoDB::Table"]
REKOGNITION = {
    f"{verb}{what}" for verb in ("Start", "Get") for what in ("LabelDetection", "ContentModeration", "TextDetection")
}
# IAM knows no resource to allow these on.
WITHOUT_RESOURCE = {
    "xray:PutTraceSegments",
    "xray:PutTelemetryRecords",
    "transcribe:StartTranscriptionJob",
    *(f"rekognition:{action}" for action in REKOGNITION),
}


def statements(function: str) -> Iterator[dict[str, Any]]:
    role = RESOURCES[RESOURCES[function]["Properties"]["Role"]["Fn::GetAtt"][0]]
    for policy in role["Properties"]["Policies"]:
        yield from policy["PolicyDocument"]["Statement"]


def actions(function: str) -> set[str]:
    found = [statement["Action"] for statement in statements(function)]
    return {action for each in found for action in ([each] if isinstance(each, str) else each)}


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_role_names_each_action_and_each_resource(function: str) -> None:
    for statement in statements(function):
        assert statement["Effect"] == "Allow"
        named = [statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"]
        assert (statement["Resource"] == "*") == WITHOUT_RESOURCE.issuperset(named)
    assert not [action for action in actions(function) if "*" in action]


def test_run_subtask_alone_asks_the_ai_services_and_only_for_what_the_provider_does() -> None:
    asked = {
        name: {action for action in actions(name) if action.startswith(("rekognition:", "transcribe:"))}
        for name in FUNCTIONS
    }

    assert asked.pop("RunSubtaskFunction") == {
        *(f"rekognition:{action}" for action in REKOGNITION),
        "transcribe:StartTranscriptionJob",
        "transcribe:GetTranscriptionJob",
    }
    assert not any(asked.values())


def test_on_upload_and_sweep_never_touch_a_file() -> None:
    assert not {
        action for name in ("OnUploadFunction", "SweepFunction") for action in actions(name) if action[:3] == "s3:"
    }


def test_no_function_may_delete_a_task_or_a_source() -> None:
    everything = {action for name in FUNCTIONS for action in actions(name)}
    deleters = {name for name in FUNCTIONS if "dynamodb:DeleteItem" in actions(name)}

    assert deleters == {"TaskApiFunction"}
    assert "s3:DeleteObjectVersion" not in everything
    assert "dynamodb:Scan" not in everything


def sources(function: str) -> dict[str, dict[str, Any]]:
    """Return the mappings by which a function is fed from queues, by their queues."""
    events = RESOURCES[function]["Properties"].get("Events", {}).values()
    mappings = [event["Properties"] for event in events if event["Type"] == "SQS"]
    return {mapping["Queue"]["Fn::GetAtt"][0]: mapping for mapping in mappings}


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_message_stays_hidden_for_longer_than_its_function_may_run(function: str) -> None:
    for queue in sources(function):
        visibility = RESOURCES[queue]["Properties"]["VisibilityTimeout"]

        assert visibility > RESOURCES[function]["Properties"]["Timeout"]


def test_every_queue_is_emptied_by_somebody() -> None:
    queues = {name for name, resource in RESOURCES.items() if resource["Type"] == "AWS::SQS::Queue"}

    assert {queue: function for function in FUNCTIONS for queue in sources(function)} == {
        **dict.fromkeys(LANES.values(), "RunSubtaskFunction"),
        "SubtaskDeadLetterQueue": "SweepFunction",
        "FailedUploadsQueue": "OnUploadFunction",
    }
    assert queues == {*LANES.values(), "SubtaskDeadLetterQueue", "FailedUploadsQueue"}


def test_each_lane_has_workers_of_its_own_whose_failed_messages_come_again_one_by_one() -> None:
    mappings = sources("RunSubtaskFunction")

    assert {queue: mapping["ScalingConfig"]["MaximumConcurrency"] for queue, mapping in mappings.items()} == {
        "UrgentQueue": {"Ref": "UrgentConcurrency"},
        "SubtaskQueue": {"Ref": "MaxConcurrency"},
        "BackgroundQueue": {"Ref": "BackgroundConcurrency"},
    }
    for mapping in mappings.values():
        assert (mapping["BatchSize"], mapping["FunctionResponseTypes"]) == (1, ["ReportBatchItemFailures"])


@pytest.mark.parametrize("function", FUNCTIONS)
def test_each_function_that_sends_subtasks_knows_all_lanes_and_may_write_to_each(function: str) -> None:
    variables = RESOURCES[function]["Properties"]["Environment"]["Variables"]

    for lane, queue in LANES.items():
        assert variables[f"REELMILL_{lane}_QUEUE_URL"] == {"Ref": queue}
        allowed = [s["Resource"] for s in statements(function) if "sqs:SendMessage" in s["Action"]]
        assert any({"Fn::GetAtt": [queue, "Arn"]} in resources for resources in allowed)


@pytest.mark.parametrize("queue", LANES.values())
def test_a_message_dies_only_after_all_attempts_and_never_while_a_worker_may_live(queue: str) -> None:
    redrive = RESOURCES[queue]["Properties"]["RedrivePolicy"]
    longest = RESOURCES["RunSubtaskFunction"]["Properties"]["Timeout"]

    assert redrive["deadLetterTargetArn"] == {"Fn::GetAtt": ["SubtaskDeadLetterQueue", "Arn"]}
    assert redrive["maxReceiveCount"] > UNCOUNTED_FACTOR * PARAMETERS["MaxAttempts"]["MaxValue"]
    assert redrive["maxReceiveCount"] * BUSY_SECONDS > longest + PARAMETERS["LeaseSeconds"]["MaxValue"]


def test_a_lease_outlasts_some_beats() -> None:
    assert PARAMETERS["LeaseSeconds"]["MinValue"] >= 3 * BEAT_EVERY
    assert PARAMETERS["LeaseSeconds"]["Default"] == Settings().lease_seconds
    assert PARAMETERS["MaxAttempts"]["Default"] == Settings().max_attempts
    assert PARAMETERS["ResendAfterSeconds"]["Default"] == Settings().resend_after_seconds


def test_what_expires_is_removed_by_dynamodb() -> None:
    for table in TABLES:
        assert RESOURCES[table]["Properties"]["TimeToLiveSpecification"] == {
            "AttributeName": "expires_at",
            "Enabled": True,
        }


@pytest.mark.parametrize("name", [*BUCKETS, *TABLES, "UserPool"])
def test_data_outlives_the_stack(name: str) -> None:
    # A rollback can delete an empty bucket, and cannot delete what is protected against deletion.
    assert RESOURCES[name]["DeletionPolicy"] == ("RetainExceptOnCreate" if name in BUCKETS else "Retain")
    assert RESOURCES[name]["UpdateReplacePolicy"] == "Retain"


@pytest.mark.parametrize("name", BUCKETS)
def test_a_bucket_is_private_encrypted_versioned_and_asks_for_tls(name: str) -> None:
    properties = RESOURCES[name]["Properties"]
    policy = RESOURCES[f"{name}Policy"]["Properties"]["PolicyDocument"]["Statement"][0]

    assert all(properties["PublicAccessBlockConfiguration"].values())
    assert properties["BucketEncryption"]
    assert properties["VersioningConfiguration"] == {"Status": "Enabled"}
    assert (policy["Effect"], policy["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": "false"}})


def test_only_health_is_open() -> None:
    routes = {
        resource["Properties"]["RouteKey"]: resource["Properties"]["AuthorizationType"]
        for resource in RESOURCES.values()
        if resource["Type"] == "AWS::ApiGatewayV2::Route"
    }

    assert [key for key, kind in routes.items() if kind == "NONE"] == ["GET /health"]
    assert all(kind == {"Fn::If": ["UseJwt", "JWT", "AWS_IAM"]} for kind in routes.values() if kind != "NONE")


def of_kind(form: dict[str, Any], kind: str) -> dict[str, Any]:
    """Return the resources of a kind, by name, as their properties."""
    return {name: r["Properties"] for name, r in form["Resources"].items() if r["Type"] == f"AWS::{kind}"}


def test_a_given_key_encrypts_everything() -> None:
    key = {"Ref": "KmsKeyArn"}
    buckets, tables, queues = (of_kind(OWNED, kind) for kind in ("S3::Bucket", "DynamoDB::Table", "SQS::Queue"))

    del buckets["ConsoleBucket"]  # what lies there anybody may fetch
    for bucket in buckets.values():
        [rule] = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
        assert rule["ServerSideEncryptionByDefault"] == {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}
    assert [table["SSESpecification"]["KMSMasterKeyId"] for table in tables.values()] == [key] * 3
    assert [(q["KmsMasterKeyId"], q.get("SqsManagedSseEnabled")) for q in queues.values()] == [(key, None)] * 5
    assert [logs["KmsKeyId"] for logs in of_kind(OWNED, "Logs::LogGroup").values()] == [key] * 5
    assert [function["KmsKeyArn"] for function in of_kind(OWNED, "Lambda::Function").values()] == [key] * 4


def test_everything_is_encrypted_without_a_key_too() -> None:
    for bucket in of_kind(PLAIN, "S3::Bucket").values():
        [rule] = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
        assert rule["ServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}
    assert all(table["SSESpecification"]["SSEEnabled"] for table in of_kind(PLAIN, "DynamoDB::Table").values())
    assert all(queue["SqsManagedSseEnabled"] for queue in of_kind(PLAIN, "SQS::Queue").values())
    assert "kms:" not in str(of_kind(PLAIN, "IAM::ManagedPolicy")) + str(of_kind(PLAIN, "IAM::Role"))


def test_the_functions_use_a_key_for_their_data_alone_and_a_network_not_at_all() -> None:
    policies = of_kind(OWNED, "IAM::ManagedPolicy")
    [key], [network] = (policies[name]["PolicyDocument"]["Statement"] for name in ("KeyPolicy", "VpcPolicy"))

    assert key["Resource"] == {"Ref": "KmsKeyArn"}
    assert set(key["Action"]) == {"kms:Decrypt", "kms:GenerateDataKey"}
    assert len(key["Condition"]["StringEquals"]["kms:ViaService"]) == 3
    assert network["Condition"] == {"Null": {"lambda:SourceFunctionArn": "true"}}
    assert not of_kind(PLAIN, "IAM::ManagedPolicy")
    for role in of_kind(OWNED, "IAM::Role").values():
        assert role["ManagedPolicyArns"] == [{"Ref": "KeyPolicy"}, {"Ref": "VpcPolicy"}]
    for role in of_kind(PLAIN, "IAM::Role").values():
        assert role["ManagedPolicyArns"] == []


def test_the_functions_are_in_the_given_network() -> None:
    places = [function.get("VpcConfig") for function in of_kind(OWNED, "Lambda::Function").values()]

    assert places == [{"SubnetIds": {"Ref": "SubnetIds"}, "SecurityGroupIds": {"Ref": "SecurityGroupIds"}}] * 4
    assert not [function for function in of_kind(PLAIN, "Lambda::Function").values() if "VpcConfig" in function]


def test_every_table_can_be_taken_back_to_any_second_of_the_last_weeks() -> None:
    for table in TABLES:
        assert RESOURCES[table]["Properties"]["PointInTimeRecoverySpecification"] == {
            "PointInTimeRecoveryEnabled": True
        }


def test_a_daily_budget_limits_the_work_and_an_alarm_reports_when_it_is_spent() -> None:
    limits = {"DailyTasks": "REELMILL_DAILY_TASKS", "DailyComputeSeconds": "REELMILL_DAILY_COMPUTE_SECONDS"}
    for limit, variable in limits.items():
        form = resolve_conditions(EXPANDED, {limit: "5"})
        worker = of_kind(form, "Lambda::Function")["RunSubtaskFunction"]["Environment"]["Variables"]
        alarm = of_kind(form, "CloudWatch::Alarm")["BudgetAlarm"]

        assert worker[variable] == {"Ref": limit}
        assert (alarm["Namespace"], alarm["MetricName"]) == ("Reelmill", "SubtasksPostponed")
        assert alarm["Dimensions"] == [
            {"Name": "service", "Value": worker["POWERTOOLS_SERVICE_NAME"]},
            {"Name": "stack", "Value": {"Ref": "AWS::StackName"}},
        ]
    assert "BudgetAlarm" not in of_kind(PLAIN, "CloudWatch::Alarm")


def test_each_source_of_work_is_bounded() -> None:
    for function in FUNCTIONS:
        for queue, mapping in sources(function).items():
            assert mapping["ScalingConfig"]["MaximumConcurrency"], queue
    limits = [one.get("ReservedConcurrentExecutions") for one in of_kind(OWNED, "Lambda::Function").values()]
    assert [limit for limit in limits if limit] == [{"Ref": "UploadConcurrency"}, {"Ref": "ApiConcurrency"}]
    retries = sources("OnUploadFunction")["FailedUploadsQueue"]["ScalingConfig"]["MaximumConcurrency"]
    [refused] = TEMPLATE["Rules"]["UploadsNeedMoreThanRetries"]["Assertions"]
    too_few = refused["Assert"]["Fn::Not"][0]["Fn::Contains"][0]
    assert [int(number) for number in too_few] == list(
        range(1, retries + 1)
    )  # new objects must not wait for failed ones


def test_the_api_keeps_an_access_log_and_takes_only_so_much() -> None:
    [stage] = of_kind(PLAIN, "ApiGatewayV2::Stage").values()
    everywhere, open_to_all = stage["DefaultRouteSettings"], stage["RouteSettings"]["GET /health"]

    assert stage["AccessLogSettings"]["DestinationArn"] == {"Fn::GetAtt": ["ApiAccessLogs", "Arn"]}
    assert 0 < open_to_all["ThrottlingRateLimit"] < everywhere["ThrottlingRateLimit"] <= 100


def test_the_access_logs_of_the_buckets_go_where_one_says() -> None:
    places = [bucket.get("LoggingConfiguration") for bucket in of_kind(OWNED, "S3::Bucket").values()]

    assert {str(place["DestinationBucketName"]) for place in places if place} == {"{'Ref': 'AccessLogBucket'}"}
    assert len({str(place) for place in places}) == len(BUCKETS)  # each in a folder of its own


def test_without_the_console_nothing_of_it_is_made() -> None:
    kinds = {resource["Type"].split("::")[1] for resource in PLAIN["Resources"].values()}

    assert not {"CloudFront", "Cognito"} & kinds
    assert "ConsoleBucket" not in PLAIN["Resources"]
    assert set(PLAIN["Resources"]) < set(HOSTED["Resources"])


def test_only_the_distribution_reads_the_bundle() -> None:
    [_, reading] = of_kind(HOSTED, "S3::BucketPolicy")["ConsoleBucketPolicy"]["PolicyDocument"]["Statement"]
    [access] = of_kind(HOSTED, "CloudFront::OriginAccessControl").values()
    [bundle, _] = of_kind(HOSTED, "CloudFront::Distribution")["ConsoleDistribution"]["DistributionConfig"]["Origins"]

    assert reading["Action"] == "s3:GetObject"
    assert reading["Principal"] == {"Service": "cloudfront.amazonaws.com"}
    assert "distribution/${ConsoleDistribution}" in str(reading["Condition"]["StringEquals"]["aws:SourceArn"])
    assert access["OriginAccessControlConfig"]["SigningBehavior"] == "always"
    assert bundle["OriginAccessControlId"] == {"Fn::GetAtt": ["ConsoleOriginAccess", "Id"]}


def test_browsers_reach_the_console_by_tls_alone_and_the_api_never_by_a_redirect() -> None:
    plain, owned = (
        of_kind(form, "CloudFront::Distribution")["ConsoleDistribution"]["DistributionConfig"]
        for form in (HOSTED, OWNED)
    )

    assert plain["DefaultCacheBehavior"]["ViewerProtocolPolicy"] == "redirect-to-https"
    assert [(one["PathPattern"], one["ViewerProtocolPolicy"]) for one in plain["CacheBehaviors"]] == [
        ("/api/*", "https-only")
    ]
    assert plain["HttpVersion"] == "http2and3"
    assert "CustomErrorResponses" not in plain  # they would take the place of the API's own
    assert owned["ViewerCertificate"]["MinimumProtocolVersion"] == "TLSv1.2_2021"
    assert owned["Aliases"] == [{"Ref": "ConsoleDomain"}]


def test_the_hosted_console_has_the_policy_of_the_local_one_and_the_hosts_that_it_needs() -> None:
    [headers] = of_kind(HOSTED, "CloudFront::ResponseHeadersPolicy").values()
    security = headers["ResponseHeadersPolicyConfig"]["SecurityHeadersConfig"]
    text, hosts = security["ContentSecurityPolicy"]["ContentSecurityPolicy"]["Fn::Sub"]
    written = text.replace("${Files}", "FILES")

    assert written.replace(" ${SignIn}", "") == site.security_policy("FILES")
    assert "connect-src 'self' FILES ${SignIn};" in written
    assert hosts["Files"]["Fn::Sub"].split() == [
        f"https://${{{bucket}.{name}}}"
        for bucket in ("InputBucket", "OutputBucket")
        for name in ("RegionalDomainName", "DomainName")
    ]
    assert "*" not in str(hosts)
    assert all(header["Override"] for header in security.values())
    assert security["StrictTransportSecurity"]["AccessControlMaxAgeSec"] >= 365 * 86400


def test_the_console_may_call_the_hosts_of_a_given_issuer() -> None:
    [headers] = of_kind(OWNED, "CloudFront::ResponseHeadersPolicy").values()
    _, hosts = headers["ResponseHeadersPolicyConfig"]["SecurityHeadersConfig"]["ContentSecurityPolicy"][
        "ContentSecurityPolicy"
    ]["Fn::Sub"]

    template, parts = hosts["SignIn"]["Fn::Sub"]
    assert template == "https://${Host} ${ConsoleSignInOrigins}"
    assert parts["Host"] == {"Fn::Select": [2, {"Fn::Split": ["/", {"Fn::Sub": "${JwtIssuer}//"}]}]}


def test_the_consoles_client_has_no_secret_and_gets_a_code_and_nothing_else() -> None:
    [client] = of_kind(HOSTED, "Cognito::UserPoolClient").values()
    [scopes] = of_kind(HOSTED, "Cognito::UserPoolResourceServer").values()
    ours = {f"{scopes['Identifier']}/{scope['ScopeName']}" for scope in scopes["Scopes"]}

    assert (client["GenerateSecret"], client["AllowedOAuthFlows"]) == (False, ["code"])
    assert client["ExplicitAuthFlows"] == ["ALLOW_REFRESH_TOKEN_AUTH"]
    assert ours == set(Scope)
    assert set(client["AllowedOAuthScopes"]) == {"openid", "email", *Scope}


def test_self_sign_up_is_off_and_short_passwords_are_refused() -> None:
    [pool] = of_kind(HOSTED, "Cognito::UserPool").values()

    assert pool["AdminCreateUserConfig"] == {"AllowAdminCreateUserOnly": True}
    assert pool["Policies"]["PasswordPolicy"]["MinimumLength"] >= 12
    assert (pool["MfaConfiguration"], pool["EnabledMfas"]) == ("OPTIONAL", ["SOFTWARE_TOKEN_MFA"])
    assert pool["DeletionProtection"] == "ACTIVE"


def test_the_api_accepts_the_tokens_of_the_issuer_where_the_console_signs_in() -> None:
    [pools], [own] = (of_kind(form, "ApiGatewayV2::Authorizer").values() for form in (HOSTED, OWNED))

    assert not of_kind(PLAIN, "ApiGatewayV2::Authorizer")
    assert pools["JwtConfiguration"] == {
        "Issuer": {"Fn::Sub": "https://cognito-idp.${AWS::Region}.${AWS::URLSuffix}/${UserPool}"},
        "Audience": [{"Ref": "UserPoolClient"}],
    }
    assert own["JwtConfiguration"] == {"Issuer": {"Ref": "JwtIssuer"}, "Audience": [{"Ref": "JwtAudience"}]}
    assert not of_kind(OWNED, "Cognito::UserPool")  # one's own provider is enough
    for form, kind in ((PLAIN, "AWS_IAM"), (HOSTED, "JWT"), (OWNED, "JWT")):
        kinds = {route["AuthorizationType"] for route in of_kind(form, "ApiGatewayV2::Route").values()}
        assert kinds == {kind, "NONE"}

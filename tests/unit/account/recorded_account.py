"""A young AWS account, by recorded answers.

The answers in recorded/ have the shapes of the services' own models, which the Stubber holds questions and answers
against; AWS itself was not asked.
"""

import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import botocore.session
from botocore.stub import Stubber

from infra.account.account import Account
from infra.account.deployment import plan_deployment
from infra.account.issuer import ReadPage
from infra.account.preflight import check_account
from infra.account.prerequisite import Prerequisite

RECORDED = Path(__file__).parent / "recorded"
REGION = "eu-central-1"
Answers = Sequence[tuple[str, dict[str, Any]]]  # operations with what they answer, in order


@cache
def client_of(service: str, region: str) -> tuple[Any, list[Stubber]]:
    """Return the client of a service, with the stubs of earlier tests: creating one takes longer than a test."""
    client = botocore.session.get_session().create_client(
        service, region_name=region, aws_access_key_id="testing", aws_secret_access_key="testing"
    )
    return client, []


class RecordedAccount(Account):
    """An account whose services answer as recorded; a test gives those that differ."""

    def __init__(self, region: str = REGION, **different: Answers) -> None:
        recorded = json.loads((RECORDED / "young.json").read_text())
        self.answers = {
            **recorded,
            **{service.rstrip("_").replace("_", "-"): answers for service, answers in different.items()},
        }
        self.asked: dict[tuple[str, str], Any] = {}
        super().__init__(self.client, region)

    def client(self, service: str, region: str) -> Any:  # noqa: ANN401 - of any service
        """Return the client of a service, and remember that it was asked there."""
        if (service, region) not in self.asked:
            client, earlier = client_of(service, region)
            for stub in earlier:
                stub.deactivate()
            stub = Stubber(client)
            for operation, answer in self.answers.get(service, []):
                if "error" in answer:
                    stub.add_client_error(operation, answer["error"], answer.get("message", ""))
                else:
                    stub.add_response(operation, answer)
            stub.activate()
            earlier[:] = [stub]
            self.asked[service, region] = client
        return self.asked[service, region]


def refused(operation: str, code: str = "AccessDeniedException") -> tuple[str, dict[str, Any]]:
    """Return the answer of a service that refuses a question."""
    return operation, {"error": code, "message": "User is not authorized to perform that"}


def unreachable(url: str) -> bytes:
    """Read no page, as without a network."""
    raise ConnectionRefusedError(url)


def check(
    account: RecordedAccount, *parameters: str, stack: str = "reelmill", read: ReadPage = unreachable
) -> dict[str, Prerequisite]:
    """Return what is found about an account before a deployment with these parameters, by subject."""
    return {one.subject: one for one in check_account(account, plan_deployment(stack, parameters), read)}

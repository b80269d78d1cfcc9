"""Malicious requests: each is refused with the usual error, reveals no internals, and changes nothing."""

import json
from collections import Counter
from typing import Any

import pytest

from shared.domain.upload import Upload
from shared.services import Services
from shared.use_cases.uploads import accept_upload
from tests.security.api_inputs import TASK, Bad, corpus
from tests.support.deployment import client, put
from tests.support.functions import Answer, Api
from tests.support.functions import services as services  # noqa: PLC0414 - a fixture is known by its name here
from tests.support.tallies import Tally

LEAST = 1000
REQUIRED = {"code", "message", "requestId"}
MOST_TEXT = 20_000  # characters of an answer, however long the request was
INSIDES = (
    *("Traceback", 'File "', ".py", "botocore", "pydantic", "pynamodb", "powertools", "<class"),
    *("endpoint URL", "arn:aws:"),
)


def state(services: Services) -> dict[str, Any]:
    """Return all that is stored anywhere, but the pointers that client tokens are."""
    dynamodb, s3, sqs = client("dynamodb"), client("s3"), client("sqs")
    tables = (services.settings.tasks_table, services.settings.catalog_table, services.settings.uploads_table)
    items = {table: dynamodb.scan(TableName=table)["Items"] for table in tables}
    return {
        **{table: [item for item in found if item.get("sk", {}).get("S") != "TOKEN"] for table, found in items.items()},
        **{b: s3.list_object_versions(Bucket=b).get("Versions", []) for b in ("input", "output")},
        **{f"{b} parts": s3.list_multipart_uploads(Bucket=b).get("Uploads", []) for b in ("input", "output")},
        "messages": [
            sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]["ApproximateNumberOfMessages"]
            for url in (services.settings.urgent_queue_url, services.settings.standard_queue_url)
        ],
    }


def asked(api: Api, bad: Bad) -> Answer:
    says = {"body": bad.body, "rawQueryString": "", "queryStringParameters": bad.query} | bad.says
    return api.ask(bad.method, bad.path, event_says=says)


def wrong_with(bad: Bad, answer: Answer) -> list[str]:
    """Return what is wrong with an answer to a request that must be refused."""
    try:
        error = json.loads(answer.text)
    except ValueError:
        error = {}
    echoed = f"{bad.path}{bad.query}{bad.body}"
    told = [word for word in INSIDES if word in answer.text and word not in echoed]
    checks = {
        f"answered {answer.status}": 400 <= answer.status < 500,
        "another shape": REQUIRED <= set(error) <= {*REQUIRED, "details"},
        "an empty field": all(isinstance(error.get(name), str) and error[name] for name in REQUIRED),
        "another type": answer.headers.get("content-type") == "application/json",
        "a type to guess": answer.headers.get("x-content-type-options") == "nosniff",
        f"{len(answer.text)} characters": len(answer.text) <= MOST_TEXT,
        f"reveals {told}": not told,
    }
    return [reason for reason, passed in checks.items() if not passed]


@pytest.mark.timeout(600)
def test_every_bad_request_is_refused_in_one_shape_and_changes_nothing(
    services: Services,
    tally: Tally,
) -> None:
    api = Api()
    put("uploads/a.mp4", b"1")
    for number in range(2):
        assert api.post("/tasks", TASK).status == 201
        accept_upload(services, Upload("input", f"x/{number}.mp4", 1, "e", services.now()))
    token, verdict_token = (api.get(path, maxResults=1).json["nextToken"] for path in ("/tasks", "/uploads/verdicts"))
    before, families, wrong = state(services), Counter[str](), []

    for bad in corpus(token, verdict_token):
        families[bad.family] += 1
        tally("bad requests to the API")
        wrong += [f"{reason}: {bad!r:.400}" for reason in wrong_with(bad, asked(api, bad))]

    assert not wrong, f"{len(wrong)} of {families.total()}:\n" + "\n".join(wrong[:60])
    assert state(services) == before
    assert families.total() >= LEAST
    assert min(families.values()) >= 50

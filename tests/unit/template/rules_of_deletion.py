"""What AWS refuses to delete, or does not delete, when a deployment fails or a stack goes."""

from collections.abc import Iterator

from tests.unit.template.forms import Form, grants
from tests.unit.template.rules import (
    Break,
    Check,
    Rule,
    functions,
    grant,
    retain,
    with_values,
)

# Properties that give a resource the only name of that kind in a region, or in an account.
UNIQUE = {"QueueName", "TableName", "BucketName", "FunctionName", "LogGroupName", "RoleName", "AlarmName", "Domain"}


def rollback(form: Form) -> Iterator[Check]:
    # The rollback of a first deployment deletes what it has made, except what is retained. The tables refuse
    # ("Resource cannot be deleted as it is currently protected against deletion", DynamoDB's guide, "Using deletion
    # protection"), and so does a user pool, and the stack ends as ROLLBACK_FAILED.
    for name, resource in form["Resources"].items():
        guard = {key: resource["Properties"].get(key) for key in ("DeletionProtectionEnabled", "DeletionProtection")}
        if guard["DeletionProtectionEnabled"] or guard["DeletionProtection"] == "ACTIVE":
            yield f"{name} is protected and retained", resource.get("DeletionPolicy") == "Retain"


def leftovers(form: Form) -> Iterator[Check]:
    # What a deleted or failed stack leaves behind must not have a name that the next one needs: "already exists"
    # (CloudFormation's reference, "Name type").
    for name, resource in form["Resources"].items():
        if resource.get("DeletionPolicy", "Delete") != "Delete":
            yield f"{name} has a generated name", not UNIQUE & set(resource["Properties"])


def deleted_logs(form: Form) -> Iterator[Check]:
    # A function that may create its log group does so at its last call, after CloudFormation has deleted the group,
    # and the next stack of that name fails: "already exists" (github.com/binxio/cfn-certificate-provider/issues/28).
    for function in functions(form):
        actions = [action for _, statement in grants(form, function) for action in statement["Action"]]
        yield f"{function} cannot create its log group", "logs:CreateLogGroup" not in actions


RULES: list[Rule] = [
    rollback,
    leftovers,
    deleted_logs,
]
BREAKS: dict[str, Break] = {
    "a protected table is deleted by a rollback": (rollback, retain("CatalogTable", "RetainExceptOnCreate")),
    "a protected user pool is deleted by a rollback": (rollback, retain("UserPool", "RetainExceptOnCreate")),
    "a bucket that stays has a fixed name": (leftovers, with_values("OutputBucket", BucketName="reelmill-output")),
    "a function creates its log group": (deleted_logs, grant("SweepRole", "logs:CreateLogGroup")),
}

"""The stack that a deployment creates or updates, and what an earlier one of that name left behind."""

from collections.abc import Iterator

from infra.account.account import Account, Unanswered
from infra.account.deployment import Deployment
from infra.account.prerequisite import Prerequisite, left_behind, short_list

USABLE = {
    "CREATE_COMPLETE",
    "UPDATE_COMPLETE",
    "UPDATE_ROLLBACK_COMPLETE",
    "IMPORT_COMPLETE",
    "IMPORT_ROLLBACK_COMPLETE",
}
# A first deployment failed in one of these states: the stack can only be deleted.
NEVER_COMPLETE = {"ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED", "DELETE_FAILED"}


class StackState:
    """The stack of that name, if there is one."""

    def __init__(self, account: Account, deployment: Deployment) -> None:
        """Ask for its status."""
        self._name, self._region = deployment.stack, account.region
        self.status: str | None = None
        self._unanswered: Unanswered | None = None
        try:
            # CloudFormation answers ValidationError if there is no such stack.
            answer = account.ask(
                "cloudformation", "describe_stacks", absent={"ValidationError"}, StackName=deployment.stack
            )
        except Unanswered as unanswered:
            self._unanswered = unanswered
        else:
            self.status = answer["Stacks"][0]["StackStatus"] if answer else None

    def is_yet_to_be_created(self) -> bool:
        """Whether the next deployment creates the stack, perhaps after what failed is deleted."""
        return self._unanswered is None and self.status in {None, "REVIEW_IN_PROGRESS", *NEVER_COMPLETE}

    def check(self) -> Iterator[Prerequisite]:
        """Check that the stack can be created or updated."""
        if self._unanswered:
            raise self._unanswered
        subject, options = f"stack {self._name}", f"--stack-name {self._name} --region {self._region}"
        if self.status is None or self.status == "REVIEW_IN_PROGRESS":
            yield Prerequisite(subject, "ok", "does not exist yet; `sam deploy` creates it")
        elif self.status in USABLE:
            yield Prerequisite(subject, "ok", f"exists ({self.status}); `sam deploy` updates it")
        elif self.status in NEVER_COMPLETE:
            yield Prerequisite(
                subject,
                "failed",
                f"is {self.status}: an earlier deployment failed, and the stack can only be deleted",
                f"read its events, then delete it: `aws cloudformation delete-stack {options}`",
            )
        elif self.status == "UPDATE_ROLLBACK_FAILED":
            yield Prerequisite(
                subject,
                "failed",
                f"is {self.status}: an update failed, and so did its rollback",
                "remove the cause that its events name, then run "
                f"`aws cloudformation continue-update-rollback {options}`",
            )
        else:
            yield Prerequisite(
                subject, "failed", f"is {self.status}", "wait until CloudFormation has finished, then check again"
            )


def check_log_groups(account: Account, deployment: Deployment) -> Iterator[Prerequisite]:
    """Check that no log group has the name of one that the stack creates."""
    found = []
    for name in deployment.log_groups():
        groups = account.ask("logs", "describe_log_groups", logGroupNamePrefix=name)["logGroups"]
        found += [name for group in groups if group["logGroupName"] == name]
    if found:
        yield Prerequisite(
            "log groups",
            "failed",
            f"already exist: {short_list(found)}",
            f"delete each: `aws logs delete-log-group --log-group-name {found[0]} --region {account.region}`; "
            "or choose another stack name",
        )
    else:
        yield Prerequisite("log groups", "ok", "their names are free")


def check_tables(account: Account, deployment: Deployment) -> Iterator[Prerequisite]:
    """Look for tables that an earlier stack of this name left behind."""
    prefixes = tuple(f"{deployment.stack}-{name}-" for name in deployment.names_of("DynamoDB::Table"))
    names = [name for name in account.ask_all("dynamodb", "list_tables", "TableNames[]") if name.startswith(prefixes)]
    yield left_behind("earlier tables", names)


def check_buckets(account: Account, deployment: Deployment) -> Iterator[Prerequisite]:
    """Look for buckets that an earlier stack of this name left behind."""
    prefixes = tuple(f"{deployment.stack}-{name}-".lower() for name in deployment.names_of("S3::Bucket"))
    buckets = (bucket["Name"] for bucket in account.ask_all("s3", "list_buckets", "Buckets[]"))
    yield left_behind("earlier buckets", [name for name in buckets if name.startswith(prefixes)])

"""How many functions may run at the same time, and the parameters that fit an account."""

from collections.abc import Iterator, Mapping
from typing import Final

from infra.account.account import Account, Unanswered
from infra.account.deployment import Deployment
from infra.account.earlier_stack import StackState
from infra.account.prerequisite import Prerequisite

# The parameters of the three queues, with the fewest workers that Lambda accepts for a queue (Lambda's guide,
# "Configuring scaling behavior for SQS event source mappings").
LANES: Final = ("UrgentConcurrency", "MaxConcurrency", "BackgroundConcurrency")
FEWEST: Final = 2
# The parameters that reserve concurrent executions.
RESERVATIONS: Final = ("UploadConcurrency", "ApiConcurrency")
# What the API, new uploads and Sweep need at least beside the workers.
LEAST_REST: Final = 4
# A reservation must leave this for all other functions (Lambda's guide, "Configuring reserved concurrency").
UNRESERVED: Final = 100
DEFAULT_QUOTA: Final = 1000  # Lambda's guide, "Lambda quotas"
QUOTA = {"ServiceCode": "lambda", "QuotaCode": "L-B99A9384"}  # concurrent executions
OPEN_REQUESTS = {"PENDING", "CASE_OPENED"}
# Young accounts may be limited to this, and no request returns the limit (Lambda's guide, "Lambda quotas").
YOUNG_MEMORY = 3008


def rest_of(available: int) -> int:
    """Return how many concurrent executions the queues' workers must leave for the other functions."""
    return max(LEAST_REST, available // 5)


def workers_of(deployment: Deployment) -> int:
    """Return how many workers the three queues may have together."""
    return sum(deployment.number(lane) for lane in LANES)


def propose_workers(available: int, deployment: Deployment) -> Mapping[str, int] | None:
    """Return the workers of each queue that fit, at most those of the deployment; None if the fewest are too many."""
    room = available - rest_of(available)
    if room < FEWEST * len(LANES):
        return None
    urgent, standard, background = (deployment.number(lane) for lane in LANES)
    aside = max(FEWEST, room // 7)  # a seventh each, as in the defaults: 10, 50 and 10
    urgent, background = min(urgent, aside), min(background, aside)
    return dict(zip(LANES, (urgent, min(standard, room - urgent - background), background), strict=True))


def check_concurrency(account: Account, deployment: Deployment, stack: StackState) -> Iterator[Prerequisite]:
    """Check that the queues' workers leave concurrent executions for the API, uploads and Sweep."""
    limits = account.ask("lambda", "get_account_settings")["AccountLimit"]
    quota, available = limits["ConcurrentExecutions"], limits["UnreservedConcurrentExecutions"]
    yield from check_reservations(account, available, deployment, stack)
    workers, rest = workers_of(deployment), rest_of(available)
    lanes = " + ".join(str(deployment.number(lane)) for lane in LANES)
    found = (
        f"the account runs {quota} functions at the same time ({available} without reservations); "
        f"the queues' workers may take {workers} ({lanes})"
    )
    if workers <= available - rest:
        yield Prerequisite("concurrency", "ok", found)
    else:
        proposal = propose_workers(available, deployment)
        fewer = {name: str(number) for name, number in (proposal or {}).items()}
        yield Prerequisite(
            "concurrency",
            "failed",
            f"{found}; the API, uploads and Sweep need {rest} and would not run while there is a backlog",
            "; or ".join(
                [
                    request_of_quota(account),
                    *(
                        [f"deploy with {' '.join(f'{name}={number}' for name, number in fewer.items())}"]
                        if fewer
                        else []
                    ),
                ]
            ),
            fewer,
        )
    memory = deployment.number("WorkerMemory")
    if quota < DEFAULT_QUOTA and memory > YOUNG_MEMORY:
        yield Prerequisite(
            "memory",
            "warning",
            f"WorkerMemory={memory}, but AWS limits the functions of young accounts to {YOUNG_MEMORY:,} MB, "
            "and cannot be asked whether it does so here",
            f"if Lambda refuses it, deploy with WorkerMemory={YOUNG_MEMORY}, and ask AWS Support for more",
        )


def check_reservations(
    account: Account, available: int, deployment: Deployment, stack: StackState
) -> Iterator[Prerequisite]:
    """Check that the account can reserve what the deployment wants to reserve."""
    wanted = {name: deployment.number(name) for name in RESERVATIONS if deployment.number(name)}
    left = available - sum(wanted.values())
    if not wanted or left >= UNRESERVED or not stack.is_yet_to_be_created():  # its own are not in what is available
        return
    none = dict.fromkeys(wanted, "0")
    yield Prerequisite(
        "reserved concurrency",
        "failed",
        f"{' and '.join(f'{name}={number}' for name, number in wanted.items())} would leave {left} of {available} "
        f"executions without reservations; Lambda requires {UNRESERVED}",
        f"deploy with {' '.join(f'{name}={number}' for name, number in none.items())}, or {request_of_quota(account)}",
        none,
    )


def request_of_quota(account: Account) -> str:
    """Return how to get a higher quota of concurrent executions, or that one has been requested."""
    command = (
        "`aws service-quotas request-service-quota-increase --service-code lambda --quota-code "
        f"{QUOTA['QuotaCode']} --desired-value {DEFAULT_QUOTA} --region {account.region}`"
    )
    try:
        requests = account.ask_all(
            "service-quotas", "list_requested_service_quota_change_history_by_quota", "RequestedQuotas[]", **QUOTA
        )
    except Unanswered:
        requests = []
    for request in requests:
        if request["Status"] in OPEN_REQUESTS:
            return f"wait for AWS, which was asked for {request['DesiredValue']:.0f} ({request['Status']})"
    return f"ask AWS for more: {command}"

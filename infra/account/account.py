"""Questions to an AWS account, and the reason if one stays without an answer."""

from collections.abc import Callable, Collection
from typing import Any, Final

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, EndpointConnectionError, NoCredentialsError

from shared.errors import ReelmillError

GLOBAL: Final = "us-east-1"  # where CloudFront looks for certificates
# How services say that credentials may not ask.
DENIED = frozenset(
    {
        "AccessDenied",
        "AccessDeniedException",
        "AuthorizationError",
        "AuthorizationErrorException",
        "NotAuthorizedException",
        "UnauthorizedOperation",
    }
)
SETTINGS = Config(connect_timeout=5, read_timeout=20, retries={"mode": "standard", "total_max_attempts": 3})
Connect = Callable[[str, str], Any]  # returns a client of a service in a region


class Unanswered(ReelmillError):
    """The account did not answer a question: the message says why."""

    code = "Account.Unanswered"


class Unusable(ReelmillError):
    """The account cannot be asked at all: give other credentials or a region."""

    code = "Account.Unusable"


class Account:
    """An AWS account in one region."""

    def __init__(self, connect: Connect, region: str) -> None:
        """Keep how to connect to a service."""
        self._connect = connect
        self.region = region

    def ask(
        self,
        service: str,
        operation: str,
        *,
        region: str = "",
        absent: Collection[str] = (),
        **question: Any,  # noqa: ANN401 - each operation has its own question
    ) -> Any:  # noqa: ANN401 - the same
        """Return the answer to one question; None if the service refuses it with one of the codes in `absent`.

        Raise Unanswered if there is no answer.
        """
        try:
            return getattr(self._connect(service, region or self.region), operation)(**question)
        except (ClientError, BotoCoreError) as error:
            if service_code(error) in absent:
                return None
            raise Unanswered(reason_of(error, service, operation, region or self.region)) from error

    def ask_all(
        self,
        service: str,
        operation: str,
        items: str,
        **question: Any,  # noqa: ANN401 - as above
    ) -> list[Any]:
        """Return all items of all pages, found by a JMESPath expression; raise Unanswered if there is no answer."""
        try:
            pages = self._connect(service, self.region).get_paginator(operation).paginate(**question)
            return [item for item in pages.search(items) if item is not None]
        except (ClientError, BotoCoreError) as error:
            raise Unanswered(reason_of(error, service, operation, self.region)) from error


def open_account(profile: str | None, region: str | None) -> Account:
    """Return the account of this machine's credentials; raise Unusable if there are none, or no region."""
    import boto3  # noqa: PLC0415 - takes 0.3 s, which only calls to AWS need

    try:
        session = boto3.Session(profile_name=profile, region_name=region)
        credentials = session.get_credentials()
    except BotoCoreError as error:
        raise Unusable(str(error)) from error
    if credentials is None:
        raise Unusable("this machine has no AWS credentials")
    if session.region_name is None:
        raise Unusable("no region is set")
    clients: dict[tuple[str, str], Any] = {}

    def connect(service: str, where: str) -> Any:  # noqa: ANN401 - a client
        if (service, where) not in clients:
            clients[service, where] = session.client(service, region_name=where, config=SETTINGS)  # type: ignore[call-overload]
        return clients[service, where]

    return Account(connect, session.region_name)


def service_code(error: Exception) -> str:
    """Return the code of a service's error; empty for an error of the connection."""
    return str(error.response.get("Error", {}).get("Code", "")) if isinstance(error, ClientError) else ""


def reason_of(error: Exception, service: str, operation: str, region: str) -> str:
    """Return in words why a question has no answer."""
    if service_code(error) in DENIED:
        action = "".join(part.capitalize() for part in operation.split("_"))
        return f"these credentials may not call {action} of {service}"
    if isinstance(error, EndpointConnectionError):
        return f"{service} does not respond in {region}"
    if isinstance(error, NoCredentialsError):
        return "this machine has no AWS credentials"
    if isinstance(error, ClientError):
        return f"{service} answered {service_code(error)}: {error.response.get('Error', {}).get('Message', '')}"
    return str(error)

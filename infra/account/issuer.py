"""The issuer of tokens that a person names: API Gateway reads its discovery document when it creates the authorizer."""

import json
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any

from infra.account.deployment import Deployment
from infra.account.prerequisite import Prerequisite

DISCOVERY = "/.well-known/openid-configuration"  # OpenID Connect Discovery 1.0, section 4
PATIENCE = 10  # seconds
MAX_BYTES = 1024**2
ReadPage = Callable[[str], bytes]


def read_page(url: str) -> bytes:
    """Return the beginning of a page; raise OSError if there is no answer, or another than 200."""
    with urllib.request.urlopen(url, timeout=PATIENCE) as answer:  # noqa: S310 - the caller allows only https
        content: bytes = answer.read(MAX_BYTES)
        return content


def check_issuer(deployment: Deployment, read: ReadPage) -> Iterator[Prerequisite]:
    """Check that the issuer has a discovery document, and that its tokens name it exactly as JwtIssuer does."""
    issuer = deployment.text("JwtIssuer")
    if not issuer.startswith("https://"):
        yield Prerequisite("issuer", "failed", f"{issuer} is not an https URL", "pass the issuer of your tokens")
        return
    page = issuer.rstrip("/") + DISCOVERY
    try:
        document: Any = json.loads(read(page))
    except urllib.error.HTTPError as error:
        yield Prerequisite(
            "issuer",
            "failed",
            f"{page} answers {error.code}, so API Gateway would refuse the issuer",
            "pass the `iss` claim of your tokens",
        )
        return
    except OSError as error:
        yield Prerequisite(
            "issuer",
            "unknown",
            f"this machine can't read {page}: {error}",
            "API Gateway must reach it over the internet, with a certificate of a public authority",
        )
        return
    except ValueError:
        document = None
    named = document.get("issuer") if isinstance(document, dict) else None
    if named is None or not document.get("jwks_uri"):
        yield Prerequisite(
            "issuer",
            "failed",
            f"{page} is not a discovery document",
            "pass the `iss` claim of your tokens",
        )
    elif named != issuer:
        yield Prerequisite(
            "issuer",
            "failed",
            f"it calls itself {named}, and API Gateway compares tokens with JwtIssuer exactly",
            f"pass JwtIssuer={named}",
            {"JwtIssuer": str(named)},
        )
    else:
        yield Prerequisite("issuer", "ok", f"{issuer} has a discovery document")

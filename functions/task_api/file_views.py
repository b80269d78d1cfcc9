"""Links and outputs as the API shows them."""

from typing import Any

from functions.task_api.views import IsoTime
from shared.domain.attempt_record import OutputFile
from shared.domain.camel_case import CamelCaseModel
from shared.domain.timestamps import iso_timestamp
from shared.services import Services
from shared.use_cases.links import LINK_SECONDS, Link, link_output


class LinkView(CamelCaseModel):
    """A link to one object. It works until `expiresAt`."""

    url: str
    expires_at: IsoTime
    content_type: str

    @classmethod
    def of(cls, link: Link) -> "LinkView":
        """Return the view."""
        return cls(url=link.url, expires_at=iso_timestamp(link.expires_at), content_type=link.content_type)


class OutputView(CamelCaseModel):
    """A file that a subtask wrote. `url` plays it and `downloadUrl` saves it; both work until `expiresAt`."""

    key: str
    bucket: str
    file_name: str
    number: int | None
    size: int
    content_type: str
    facts: dict[str, Any]
    url: str
    download_url: str
    expires_at: IsoTime

    @classmethod
    def of(cls, services: Services, output: OutputFile) -> "OutputView":
        """Return the view, with fresh links."""
        played = link_output(services, output, LINK_SECONDS, attachment=False)
        return cls(
            key=output.key,
            bucket=output.bucket,
            file_name=output.file_name,
            number=output.number,
            size=output.size,
            content_type=output.content_type,
            facts=dict(output.facts),
            url=played.url,
            download_url=link_output(services, output, LINK_SECONDS, attachment=True).url,
            expires_at=iso_timestamp(played.expires_at),
        )


class OutputList(CamelCaseModel):
    """The files of one subtask."""

    outputs: list[OutputView]

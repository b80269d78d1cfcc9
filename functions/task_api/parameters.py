"""The query parameters that several routes have."""

from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Query

from functions.task_api.views import MAX_RUN

LimitQuery = Annotated[int, Query(alias="maxResults", ge=1, le=100, description="The maximum number of results.")]
TokenQuery = Annotated[
    str | None, Query(alias="nextToken", max_length=200, description="The `nextToken` of the previous page.")
]
RunQuery = Annotated[
    int | None, Query(ge=1, le=MAX_RUN, description="The number of an earlier run (default: the newest run).")
]

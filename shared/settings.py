"""The settings of a deployment, from environment variables that are read on first use."""

import os
from collections.abc import Mapping
from functools import cache

from pydantic import BaseModel, ConfigDict, ValidationError

from shared.errors import SettingsInvalid

PREFIX = "REELMILL_"
FUNCTION_SIZE = "AWS_LAMBDA_FUNCTION_MEMORY_SIZE"  # in MB; Lambda and its emulator set it


class Settings(BaseModel):
    """Names and limits of one deployment. A function gets only those that it needs; the others stay empty.

    `daily_tasks` and `daily_compute_seconds` are the day's budget; 0 means no limit. `function_megabytes` is the memory
    of the function that this process runs; 0 outside of functions.
    """

    model_config = ConfigDict(frozen=True, defer_build=True)

    tasks_table: str = ""
    catalog_table: str = ""
    uploads_table: str = ""
    urgent_queue_url: str = ""
    standard_queue_url: str = ""
    background_queue_url: str = ""
    input_bucket: str = ""
    output_bucket: str = ""
    max_attempts: int = 3
    lease_seconds: int = 120
    resend_after_seconds: int = 900
    daily_tasks: int = 0
    daily_compute_seconds: int = 0
    ai_provider: str = "aws"
    tenant_claim: str = ""
    function_megabytes: int = 0

    def require(self, name: str) -> str:
        """Return a setting; raise SettingsInvalid if it is not set."""
        value = str(getattr(self, name))
        if not value:
            variable = PREFIX + name.upper()
            message = (
                f"the environment variable {variable} is not set; template.yaml sets it for each function that needs it"
            )
            raise SettingsInvalid(message)
        return value

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "Settings":
        """Read the settings; raise SettingsInvalid if a value has the wrong type."""
        variables = {name: PREFIX + name.upper() for name in cls.model_fields} | {"function_megabytes": FUNCTION_SIZE}
        values = {name: environment[variable] for name, variable in variables.items() if variable in environment}
        try:
            return cls.model_validate(values)
        except ValidationError as error:
            problems = ", ".join(f"{variables[str(e['loc'][0])]}: {e['msg']}" for e in error.errors())
            message = f"invalid environment variables: {problems}"
            raise SettingsInvalid(message) from error


@cache
def settings() -> Settings:
    """Return this process's settings."""
    return Settings.from_environment(os.environ)

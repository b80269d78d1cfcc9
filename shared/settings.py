"""What a deployment tells the code through its environment, read once and late."""

import os
from collections.abc import Mapping
from functools import cache

from pydantic import BaseModel, ConfigDict, ValidationError

from shared.errors import SettingsInvalid

PREFIX = "REELMILL_"
FUNCTION_SIZE = "AWS_LAMBDA_FUNCTION_MEMORY_SIZE"  # which Lambda sets, and its emulator: MB


class Settings(BaseModel):
    """One deployment's names and limits. A function is told only what it needs; the rest stays empty.

    `daily_tasks` and `daily_compute_seconds` are the day's budget, 0 for no limit. `function_megabytes` is the memory
    of the function that this process is, 0 if it is none.
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

    def need(self, name: str) -> str:
        """Return a name that must be set; raise SettingsInvalid when it isn't."""
        value = str(getattr(self, name))
        if not value:
            variable = PREFIX + name.upper()
            message = (
                f"the environment variable {variable} is not set; template.yaml sets it on each function that needs it"
            )
            raise SettingsInvalid(message)
        return value

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "Settings":
        """Read the settings; raise SettingsInvalid when one is not of its type."""
        variables = {name: PREFIX + name.upper() for name in cls.model_fields} | {"function_megabytes": FUNCTION_SIZE}
        values = {name: environment[variable] for name, variable in variables.items() if variable in environment}
        try:
            return cls.model_validate(values)
        except ValidationError as error:
            wrong = ", ".join(f"{variables[str(e['loc'][0])]}: {e['msg']}" for e in error.errors())
            message = f"the environment is wrong: {wrong}"
            raise SettingsInvalid(message) from error


@cache
def settings() -> Settings:
    """Return this process's settings."""
    return Settings.from_environment(os.environ)

"""The Lambda functions, one folder each.

Imports create almost no garbage, and collecting it takes a tenth of a cold start. So the collector is off until the
handler is complete; `shared.telemetry.instrument` turns it on again.

boto3 is imported here, before what uses it. Python keeps the frames of calls in chunks, and maps a new chunk each time
a call crosses the end of one. In a deep chain of imports, thousands of calls do.
"""

import gc

gc.disable()

import boto3  # noqa: E402, F401 - while the collector is off

"""The Lambda functions, one folder each.

Imports create almost no garbage, and collecting it takes a tenth of a cold start. So the collector is off until the
handler is complete; `shared.telemetry.instrumented` turns it on again.
"""

import gc

gc.disable()

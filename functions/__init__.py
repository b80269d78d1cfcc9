"""The Lambda functions, one folder each.

All that an import makes stays, so looking through it for garbage is a tenth of a cold start for nothing: the
collector rests until a handler is complete, which `shared.telemetry.instrumented` tells it.
"""

import gc

gc.disable()

"""How long the proofs may take: quick belongs to `make test`, long to `make test-long`."""

import os

VARIABLE = "REELMILL_PROOF"
LONG = os.environ.get(VARIABLE) == "long"

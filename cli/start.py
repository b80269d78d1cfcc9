"""The entry point of `reelmill`: Ctrl-C while the command still loads ends it silently."""

import sys


def main() -> None:
    """Load the command, and run it."""
    try:
        from cli.main import main as run  # noqa: PLC0415 - loading it takes time

        run()
    except KeyboardInterrupt:
        sys.exit(130)  # as `cli.errors.INTERRUPTED`, which may not be loaded yet

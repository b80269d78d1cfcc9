"""The `reelmill` command, a client of the API."""

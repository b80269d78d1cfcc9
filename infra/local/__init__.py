"""The stack on one machine: AWS emulated by ministack, the project's own template, one port for the API."""

"""What all functions share: the task, its stores, the media operations and the use cases."""

__version__ = "0.1.0"

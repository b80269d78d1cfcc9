"""Errors of the stack on this machine. Each message says in one sentence what is wrong and what to do.

ReelmillError
└── StackFailed              the stack cannot start, stop or do its work
    ├── PortTaken            another program uses the port: choose another port
    ├── DataDirUnusable      the folder cannot be written: choose another one or repair it
    ├── RunsElsewhere        the stack is already running on other ports: use them, or stop it first
    ├── SavedStateBroken     the state that an earlier run saved cannot be read: it was set aside
    ├── UnsupportedEmulator  the installed emulator is not the version that the stack needs: install that one
    ├── DeployFailed         the emulated AWS refused the template: read the log
    ├── NotSaved             the stack stopped, but its last state is not on the disk: free space, then start it again
    └── DiskFull             the disk is full: free space
"""

from shared.errors import ReelmillError


class StackFailed(ReelmillError):
    """The stack cannot start, stop or do its work."""

    code = "LocalStack.Failed"


class PortTaken(StackFailed):
    """Another program uses the port: choose another port."""

    code = "LocalStack.PortTaken"


class DataDirUnusable(StackFailed):
    """The folder cannot be written: choose another one or repair it."""

    code = "LocalStack.DataDirUnusable"


class RunsElsewhere(StackFailed):
    """The stack is already running on other ports: use them, or stop it first."""

    code = "LocalStack.RunsElsewhere"


class SavedStateBroken(StackFailed):
    """The state that an earlier run saved cannot be read: it was set aside."""

    code = "LocalStack.SavedStateBroken"


class UnsupportedEmulator(StackFailed):
    """The installed emulator is not the version that the stack needs: install that one."""

    code = "LocalStack.UnsupportedEmulator"


class DeployFailed(StackFailed):
    """The emulated AWS refused the template: read the log."""

    code = "LocalStack.DeployFailed"


class NotSaved(StackFailed):
    """The stack stopped, but its last state is not on the disk: free space, then start it again."""

    code = "LocalStack.NotSaved"


class DiskFull(StackFailed):
    """The disk is full: free space."""

    code = "LocalStack.DiskFull"

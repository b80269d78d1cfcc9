"""How the stack on this machine fails: each says in one sentence what is wrong and what to do.

ReelmillError
└── StackFailed              the stack could not be started or ended, or can't do its work
    ├── PortTaken            something else listens there: choose another port
    ├── DataDirUnusable      nothing can be written there: choose another folder or mend this one
    ├── RunsElsewhere        it runs already, on other ports: use those, or stop it first
    ├── SavedStateBroken     what an earlier run saved can't be read: it was set aside
    ├── DeployFailed         the emulated AWS refused the template: read the log
    ├── NotSaved             it ended, but its last state isn't on the disk: make room, then start it again
    └── DiskFull             the disk takes no more: make room there
"""

from shared.errors import ReelmillError


class StackFailed(ReelmillError):
    """The stack could not be started or ended, or can't do its work."""

    code = "LocalStack.Failed"


class PortTaken(StackFailed):
    """Something else listens there: choose another port."""

    code = "LocalStack.PortTaken"


class DataDirUnusable(StackFailed):
    """Nothing can be written there: choose another folder or mend this one."""

    code = "LocalStack.DataDirUnusable"


class RunsElsewhere(StackFailed):
    """It runs already, on other ports: use those, or stop it first."""

    code = "LocalStack.RunsElsewhere"


class SavedStateBroken(StackFailed):
    """What an earlier run saved can't be read: it was set aside."""

    code = "LocalStack.SavedStateBroken"


class DeployFailed(StackFailed):
    """The emulated AWS refused the template: read the log."""

    code = "LocalStack.DeployFailed"


class NotSaved(StackFailed):
    """It ended, but its last state isn't on the disk: make room, then start it again."""

    code = "LocalStack.NotSaved"


class DiskFull(StackFailed):
    """The disk takes no more: make room there."""

    code = "LocalStack.DiskFull"

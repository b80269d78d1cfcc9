"""A message of the queue becomes one attempt at one subtask: admit, perform, conclude."""

from shared.domain.subtask import SubtaskRef
from shared.services import Services
from shared.worker.admission import admit
from shared.worker.attempt import perform
from shared.worker.conclusion import conclude, conclude_again
from shared.worker.results import Admitted, Finished, Redelivery


def run_subtask(services: Services, ref: SubtaskRef, seconds_left: float) -> Redelivery | None:
    """Make one attempt at the subtask of a message; return when the message must come again, None for never.

    `seconds_left` is the time that this function has before AWS stops it. Raise ServiceBusy if AWS fails outside of
    the attempt itself: then the message comes again.
    """
    match admit(services, ref):
        case Admitted() as admitted:
            return conclude(services, admitted.lease, perform(services, admitted, seconds_left))
        case Finished() as finished:
            return conclude_again(services, finished)
        case refused:
            return refused

"""A parked record gets its effect after all: somebody wrote the reader that it lacked."""

from __future__ import annotations

from trivet_order.application.projecting.ports import NotParked, Place, ProjectionUnits
from trivet_order.application.projecting.reading_records import message_in
from trivet_order.domain import Outcome


class ReplayParkedUseCase:
    """Does for one parked record what projecting does for a batch.

    Which race: two operators replay one record, or one replays it while its partition is read again. Why these guards:
    the parked row is the unit's until it ends, and the inbox decides whether there is an effect. If they were lost, the
    event would be in the timeline twice.
    """

    def __init__(self, units: ProjectionUnits) -> None:
        self._units = units

    async def execute(self, place: Place) -> Outcome:
        """Replay what is parked of a place; ``ALREADY_DONE`` if it was replayed before.

        Raises:
            NotParked: nothing is.
            UnreadableMessage: nobody can read it yet.
            DataRefused: the database still refuses it.
            StoreUnavailable: the database did not answer.
        """
        async with self._units.open() as unit:
            parked = await unit.parked.find(place)
            if parked is None:
                raise NotParked(place)
            if parked.replayed_at is not None:
                return Outcome.ALREADY_DONE
            message = message_in(parked.record)
            if await unit.inbox.admit([message.event_id]):
                await unit.timeline.record([message])
            await unit.parked.mark_replayed(place)
            await unit.commit()
        return Outcome.DONE

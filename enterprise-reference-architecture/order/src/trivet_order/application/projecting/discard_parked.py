"""A parked record is given up: it never was an event of ours."""

from __future__ import annotations

from trivet_order.application.projecting.ports import NotParked, ParkedRecord, Place, ProjectionUnits


class DiscardParkedUseCase:
    """Forgets one parked record, and returns it, so that whoever asked for it can keep it elsewhere."""

    def __init__(self, units: ProjectionUnits) -> None:
        self._units = units

    async def execute(self, place: Place) -> ParkedRecord:
        """Discard what is parked of a place.

        Raises:
            NotParked: nothing is.
            StoreUnavailable: the database did not answer.
        """
        async with self._units.open() as unit:
            parked = await unit.parked.find(place)
            if parked is None:
                raise NotParked(place)
            await unit.parked.discard(place)
            await unit.commit()
        return parked

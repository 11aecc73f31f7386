"""Which real parts stand beside each other, and how a scenario's services are put before them."""

from trivet_lab.topologies.names import link_names, part_names
from trivet_lab.topologies.shop import OF_A_CROWD, OF_A_PERSON, OF_PEOPLE, Shop
from trivet_lab.topologies.stage import Stage, StageFailed

__all__ = ["OF_A_CROWD", "OF_A_PERSON", "OF_PEOPLE", "Shop", "Stage", "StageFailed", "link_names", "part_names"]

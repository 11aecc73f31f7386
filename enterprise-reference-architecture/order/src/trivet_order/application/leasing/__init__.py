"""Who works on which shard: leases with a fence, taken little by little, renewed in time and given back."""

from .held_shards import LOOKS_A_LEASE, HeldShards
from .ports import Lease, LeaseObserverPort, LeasePace, ShardLeasesPort, TimePort

__all__ = [
    "LOOKS_A_LEASE",
    "HeldShards",
    "Lease",
    "LeaseObserverPort",
    "LeasePace",
    "ShardLeasesPort",
    "TimePort",
]

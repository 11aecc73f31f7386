"""The composition root: the one place where settings become objects, a file for each process."""

from .api import Api, build_api
from .process import Process
from .projector import Projection, build_parked, build_projector
from .relay import Relaying, build_relay
from .saga import Checkouts, build_checkouts, build_saga_operations
from .tending import audit, migrate

__all__ = [
    "Api",
    "Checkouts",
    "Process",
    "Projection",
    "Relaying",
    "audit",
    "build_api",
    "build_checkouts",
    "build_parked",
    "build_projector",
    "build_relay",
    "build_saga_operations",
    "migrate",
]

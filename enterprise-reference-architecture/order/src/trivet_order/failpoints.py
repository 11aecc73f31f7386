"""The moments at which a lab may make a process of this member die, stand still or fail: its crash matrix."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

FAILPOINTS: Mapping[str, str] = MappingProxyType({})

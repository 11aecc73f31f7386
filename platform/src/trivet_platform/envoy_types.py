"""How a message of Envoy's is written down: with its type beside it."""

from __future__ import annotations

from typing import Any

HTTP_FILTERS = "envoy.extensions.filters.http"


def typed(name: str, /, **fields: Any) -> dict[str, Any]:
    """Return a message of this type, as it stands in a ``typed_config`` or among resources."""
    return {"@type": f"type.googleapis.com/{name}", **fields}

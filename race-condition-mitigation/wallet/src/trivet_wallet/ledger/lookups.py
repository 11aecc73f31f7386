"""A lookup that takes a whole list as one parameter, so that one statement serves every length."""

from __future__ import annotations

from typing import Any

from django.db.models import CharField, Lookup


@CharField.register_lookup
class OneOf(Lookup):  # type: ignore[type-arg]  # Django has no generic lookups when it runs
    """``id = ANY (ids)``: what ``in`` means, without a placeholder an element."""

    lookup_name = "any"

    def get_prep_lookup(self) -> list[str]:
        """Return the list as it is."""
        return list(self.rhs)

    def get_db_prep_lookup(self, value: Any, connection: Any) -> tuple[str, list[Any]]:  # noqa: ARG002  - the interface
        """Return the list as one parameter."""
        return "%s", [value]

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        """Return the comparison."""
        left, left_params = self.process_lhs(compiler, connection)
        right, right_params = self.process_rhs(compiler, connection)
        return f"{left} = ANY ({right}::text[])", (*left_params, *right_params)

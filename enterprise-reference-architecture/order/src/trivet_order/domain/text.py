"""The words that an order is made of: ids that others gave, and reasons that people read."""

from __future__ import annotations

from trivet_order.domain.errors import InvalidOrder

TEXT_CHARACTERS_MAX = 255


def ensure_text(text: str, what: str) -> None:
    """Refuse what is empty, long, or not to be printed: a line break, a NUL, half a character (InvalidOrder).

    What is printable can be stored, sent and logged by everybody who is told of it.
    """
    if not isinstance(text, str) or not 1 <= len(text) <= TEXT_CHARACTERS_MAX or not text.isprintable():
        raise InvalidOrder(f"{what} is 1 to {TEXT_CHARACTERS_MAX} printable characters")

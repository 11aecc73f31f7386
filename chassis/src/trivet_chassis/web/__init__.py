"""What services on FastAPI share. A face of its own: whoever is built on something else need not have FastAPI."""

from .application import KEY_FIELD, answered, current_subject, make_application
from .documentation import answers, describe
from .strictness import StrictRoute

__all__ = [
    "KEY_FIELD",
    "StrictRoute",
    "answered",
    "answers",
    "current_subject",
    "describe",
    "make_application",
]

"""The staff's pages: Django's admin over the books, all of it to read, and one thing to write."""

__all__: list[str] = []

"""The composition root: the one place where settings become objects and an adapter is chosen."""

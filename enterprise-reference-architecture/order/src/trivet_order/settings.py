"""Everything that can be set, and the only place that reads the environment."""

MEMBER = "order"

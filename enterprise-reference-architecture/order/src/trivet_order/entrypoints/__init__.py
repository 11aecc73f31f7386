"""The ways in: HTTP, the relay, the projector and the operator's command line."""

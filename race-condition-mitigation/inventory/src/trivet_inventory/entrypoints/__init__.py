"""The ways in: HTTP (``api.py``) and the operator's command line (``cli.py``)."""

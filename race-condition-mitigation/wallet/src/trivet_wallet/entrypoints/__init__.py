"""The ways in: HTTP (``api.py``), the staff's pages (``admin``) and the operator's command line (``cli.py``)."""

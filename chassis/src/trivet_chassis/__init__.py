"""What the Python services share."""

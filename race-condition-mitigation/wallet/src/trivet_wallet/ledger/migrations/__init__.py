"""The books' shape, step by step; ``trivet-wallet migrate`` runs them."""

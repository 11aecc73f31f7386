"""The ports in memory: for tests, and to show that nothing but the ports is needed."""

"""What stands behind the ports: PostgreSQL, Kafka, and memory; none knows another."""

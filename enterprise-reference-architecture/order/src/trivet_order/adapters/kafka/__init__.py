"""Kafka behind the ports, by aiokafka."""

"""Makes the topic."""

from __future__ import annotations

from collections.abc import Sequence

from aiokafka.admin import AIOKafkaAdminClient, NewTopic  # type: ignore[import-untyped]  # it has no types
from aiokafka.errors import TopicAlreadyExistsError, for_code  # type: ignore[import-untyped]  # the same

PARTITIONS = 12
"""More than ever read it at once. Another number later would move orders to other partitions, and end their order."""

BROKERS_DEFAULT = -1


async def create_topic(servers: Sequence[str], topic: str, partitions: int = PARTITIONS) -> bool:
    """Make a topic with the broker's own replication, and return whether it was made; one that is there stays.

    Raises:
        KafkaError: Kafka does not answer, or refuses.
    """
    admin = AIOKafkaAdminClient(bootstrap_servers=list(servers))
    await admin.start()
    try:
        # Empty assignments are none; without them the driver refuses to leave the replication to the broker.
        answer = await admin.create_topics([NewTopic(topic, partitions, BROKERS_DEFAULT, replica_assignments={})])
    finally:
        await admin.close()
    for _, code, *_ in answer.topic_errors:
        error = for_code(code)
        if error is TopicAlreadyExistsError:
            return False
        if code:
            raise error(topic)
    return True

SELECT topic, partition, record_offset, reason, replayed_at IS NOT NULL AS replayed
FROM parked
ORDER BY topic, partition, record_offset

-- Of every hold that was settled: how many orders have it now.
SELECT show_id, hold_id, subject, count(*) FILTER (WHERE state <> 'released') AS orders,
    count(*) FILTER (WHERE state <> 'released') <= 1 AS holds
FROM settlements GROUP BY show_id, hold_id, subject

-- How many a rule looked at, how many offend against it, and the first of those.
WITH looked AS ({rule})
SELECT count(*), count(*) FILTER (WHERE holds IS NOT TRUE),
    (SELECT coalesce(json_agg(first), '[]')
    FROM (SELECT * FROM looked WHERE holds IS NOT TRUE ORDER BY 1, 2 LIMIT 5) AS first)
FROM looked

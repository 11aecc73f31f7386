-- Of every charge that was voided or declined: what it took all the same.
WITH taken AS (
    SELECT subject, charge_key AS key, count(*) AS captures
    FROM operations WHERE kind IN ('charge', 'capture') AND transaction_id IS NOT NULL
    GROUP BY subject, charge_key
)
SELECT subject, key, state, captured_minor, coalesce(captures, 0) AS captures,
    captured_minor = 0 AND captures IS NULL AS holds
FROM charges LEFT JOIN taken USING (subject, key)
WHERE state IN ('voided', 'declined')

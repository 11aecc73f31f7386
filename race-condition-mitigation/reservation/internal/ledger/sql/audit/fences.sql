-- Of every fence: how many settlements drew it, and whether the sequence is past it.
SELECT fence, count(*) AS settlements,
    count(*) = 1 AND fence <= (SELECT last_value FROM seat_fence) AS holds
FROM settlements WHERE fence IS NOT NULL GROUP BY fence

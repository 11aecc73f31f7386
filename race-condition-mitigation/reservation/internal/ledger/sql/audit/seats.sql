-- Of every seat that is taken: how many have it.
SELECT show_id, seat_id, count(*) AS holders, count(*) = 1 AS holds
FROM taken GROUP BY show_id, seat_id

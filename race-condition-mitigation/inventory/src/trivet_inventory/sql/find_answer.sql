-- $1 subject, $2 operation, $3 key
SELECT payload, status, body
FROM answers
WHERE subject = $1 AND operation = $2 AND key = $3

-- Deletes the lock's key if, and only if, the caller's token holds it.
-- Reading and deleting in two commands could delete a lock that expired in between and belongs to somebody else now.
-- KEYS[1] the lock's key; ARGV[1] the caller's token. Returns 1 if the key was deleted, else 0.
if redis.call("GET", KEYS[1]) == ARGV[1] then
    return redis.call("DEL", KEYS[1])
end
return 0

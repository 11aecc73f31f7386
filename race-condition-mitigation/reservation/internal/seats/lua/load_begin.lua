-- Opens the loading of a show's memory from PostgreSQL, unless a newer one is there or under way.
-- KEYS boot, loading
-- ARGV epoch, patience_ms
local found = redis.call('MGET', KEYS[1], KEYS[2])
if (found[1] or 0) + 0 >= ARGV[1] + 0 or (found[2] or 0) + 0 > ARGV[1] + 0 then return {'newer'} end
redis.call('SET', KEYS[2], ARGV[1], 'PX', ARGV[2])
return {'loading'}

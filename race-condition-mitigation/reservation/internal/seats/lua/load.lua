-- Marks seats as PostgreSQL has them, a part of all at a time.
-- Which part comes when does not matter, since nobody holds anything before load_end.lua; that all of them come to one
-- memory does: a wipe between two parts takes `loading` with it, and so ends the whole loading. Each part says anew that
-- somebody is at it.
-- KEYS loading
-- ARGV epoch, patience_ms, seat prefix, then seat and mark of each
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return {'lost'} end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
for place = 4, #ARGV, 2 do
  redis.call('SET', ARGV[3] .. ARGV[place], ARGV[place + 1])
end
return {'loading'}

-- Marks seats as PostgreSQL has them, a part of all at a time.
-- Which part comes when does not matter, since nobody holds anything before load_end.lua; that all of them come to one
-- memory does: a wipe between two parts takes `loading` with it, and so ends the whole loading.
-- KEYS loading
-- ARGV epoch, seat prefix, then seat and mark of each
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return {'lost'} end
for place = 3, #ARGV, 2 do
  redis.call('SET', ARGV[2] .. ARGV[place], ARGV[place + 1])
end
return {'loading'}

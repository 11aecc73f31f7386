-- Gives a person's hold back; of one that never came it leaves a tombstone, if the caller knows that no order has it.
-- Only what still carries the hold's own token is deleted: a seat whose time was over may be somebody else's by now.
-- KEYS boot, claim, expiries, changes
-- ARGV memory_ms, seat prefix, tombstone (1 or 0)
local found = redis.call('MGET', KEYS[1], KEYS[2])
if not found[1] then return {'unloaded'} end
local pattern = '^(%a+)|([^|]*)|([^|]*)|([^|]*)|([^|]*)|([^|]*)|(.*)$'
local state, payload, token, granted, till, order, seats
if found[2] then state, payload, token, granted, till, order, seats = string.match(found[2], pattern) end
if not state or state == 'refused' then
  if ARGV[3] ~= '1' then return {'unknown'} end
  redis.call('SET', KEYS[2], 'released||||||', 'PX', ARGV[1])
  return {'released'}
end
if state == 'released' then return {'released'} end
if state ~= 'held' and state ~= 'expired' then return {'late', state} end
local free
for seat in string.gmatch(seats, '[^,]+') do
  if redis.call('GET', ARGV[2] .. seat) == token then
    redis.call('DEL', ARGV[2] .. seat)
    free = free and free .. ',' .. seat or seat
  end
end
redis.call('ZREM', KEYS[3], KEYS[2])
redis.call('SET', KEYS[2], table.concat({'released', payload, token, granted, till, '', seats}, '|'), 'PX', ARGV[1])
if free then redis.call('XADD', KEYS[4], 'MAXLEN', '~', 4096, '*', 'free', free) end
return {'released'}

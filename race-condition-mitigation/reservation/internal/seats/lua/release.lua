-- Gives a person's hold back; of one that never came it leaves a tombstone, if the caller knows that no order has it.
-- Only what still carries the hold's own token is deleted: a seat whose time was over may be somebody else's by now.
-- A record that is there is of a memory that was not lost since, so only a missing one asks for the boot key.
-- KEYS boot, claim, expiries, changes
-- ARGV memory_ms, seat prefix, tombstone (1 or 0)
local found = redis.call('GET', KEYS[2])
if not found and redis.call('EXISTS', KEYS[1]) == 0 then return 'unloaded' end
local state, rest, token, seats
if found then state, rest, token, seats = string.match(found, '^(%a+)()|[^|]*|([^|]*)|[^|]*|[^|]*|[^|]*|(.*)$') end
if not state or state == 'refused' then
  if ARGV[3] ~= '1' then return 'unknown' end
  redis.call('SET', KEYS[2], 'released||||||', 'PX', ARGV[1])
  return 'released'
end
if state == 'released' then return 'released' end
if state ~= 'held' and state ~= 'expired' then return state end
local free
for seat in string.gmatch(seats, '[^,]+') do
  if redis.call('GET', ARGV[2] .. seat) == token then
    redis.call('DEL', ARGV[2] .. seat)
    free = free and free .. ',' .. seat or seat
  end
end
redis.call('ZREM', KEYS[3], KEYS[2])
redis.call('SET', KEYS[2], 'released' .. string.sub(found, rest), 'PX', ARGV[1])
if free then redis.call('XADD', KEYS[4], '*', 'free', free) end
return 'released'

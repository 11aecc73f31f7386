-- Frees what an order gave back, after PostgreSQL committed that.
-- Under that commit's epoch alone: an older memory may be about to be overwritten with what was pinned before it, and
-- whoever frees a seat too early would see it marked again for good.
-- The exact mark is compared, fence and all, so that what somebody pinned since is left alone.
-- KEYS boot, claim, pinning, changes
-- ARGV epoch, fence, order, seats, seat prefix, memory_ms
local found = redis.call('MGET', KEYS[1], KEYS[2])
if found[1] ~= ARGV[1] then return {'stale', found[1] or ''} end
local pattern = '^(%a+)|([^|]*)|([^|]*)|([^|]*)|([^|]*)|([^|]*)|(.*)$'
local state, payload, token, granted, till, order, seats
if found[2] then state, payload, token, granted, till, order, seats = string.match(found[2], pattern) end
local mine = order == ARGV[3] and (state == 'pinning' or state == 'pinned')
local free
for seat in string.gmatch(ARGV[4], '[^,]+') do
  local value = redis.call('GET', ARGV[5] .. seat)
  if value == 'pinned ' .. ARGV[2] or (mine and value == 'pinning ' .. token) then
    redis.call('DEL', ARGV[5] .. seat)
    free = free and free .. ',' .. seat or seat
  end
end
if mine then
  redis.call('SET', KEYS[2], table.concat({'released', payload, token, granted, till, order, seats}, '|'), 'PX', ARGV[6])
  redis.call('ZREM', KEYS[3], KEYS[2])
end
if free then redis.call('XADD', KEYS[4], 'MAXLEN', '~', 4096, '*', 'free', free) end
return {'done'}

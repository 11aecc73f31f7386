-- Lets time run on for a hold whose pin PostgreSQL refused for good; if its time is over it has expired.
-- KEYS boot, claim, expiries, pinning, changes
-- ARGV order, seat prefix, memory_ms
local found = redis.call('MGET', KEYS[1], KEYS[2])
if not found[1] then return {'unloaded'} end
if not found[2] then return {'unknown'} end
local pattern = '^(%a+)|([^|]*)|([^|]*)|([^|]*)|([^|]*)|([^|]*)|(.*)$'
local state, payload, token, granted, till, order, seats = string.match(found[2], pattern)
if state ~= 'pinning' or order ~= ARGV[1] then return {state} end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local alive = now < till + 0
local free
for seat in string.gmatch(seats, '[^,]+') do
  if redis.call('GET', ARGV[2] .. seat) == 'pinning ' .. token then
    if alive then
      redis.call('SET', ARGV[2] .. seat, token, 'PX', till - now)
    else
      redis.call('DEL', ARGV[2] .. seat)
      free = free and free .. ',' .. seat or seat
    end
  end
end
redis.call('ZREM', KEYS[4], KEYS[2])
state = alive and 'held' or 'expired'
if alive then redis.call('ZADD', KEYS[3], till, KEYS[2]) end
redis.call('SET', KEYS[2], table.concat({state, payload, token, granted, till, '', seats}, '|'), 'PX', ARGV[3])
if free then redis.call('XADD', KEYS[5], 'MAXLEN', '~', 4096, '*', 'free', free) end
return {state}

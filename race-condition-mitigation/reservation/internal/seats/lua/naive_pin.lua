-- Takes a hold out of time for an order, without a look at its token or at its seats.
-- KEYS boot, claim, expiries, pinning
-- ARGV token, order, seat prefix
local found = redis.call('MGET', KEYS[1], KEYS[2])
if not found[1] then return {'unloaded'} end
if not found[2] then return {'unknown'} end
local pattern = '^(%a+)|([^|]*)|([^|]*)|([^|]*)|([^|]*)|([^|]*)|(.*)$'
local state, payload, token, granted, till, order, seats = string.match(found[2], pattern)
if state == 'released' then return {state} end
if state ~= 'held' and state ~= 'expired' and order ~= ARGV[2] then return {'other'} end
if state == 'pinned' or state == 'sold' then return {state} end
for seat in string.gmatch(seats, '[^,]+') do redis.call('SET', ARGV[3] .. seat, 'pinning ' .. token) end
redis.call('ZREM', KEYS[3], KEYS[2])
local time = redis.call('TIME')
redis.call('ZADD', KEYS[4], time[1] * 1000 + math.floor(time[2] / 1000), KEYS[2])
local claim = table.concat({'pinning', payload, token, granted, till, ARGV[2], seats}, '|')
redis.call('SET', KEYS[2], claim)
return {'pinning', claim, found[1]}

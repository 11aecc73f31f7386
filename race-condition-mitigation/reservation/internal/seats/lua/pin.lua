-- Takes a hold out of time for an order that shows its token, until PostgreSQL has decided.
-- Comparing the token here, and every seat with it, is what keeps an order from pinning what its customer lost: between
-- a look from outside and this step the hold may expire and its seat be somebody else's.
-- KEYS boot, claim, expiries, pinning
-- ARGV token, order, seat prefix
local found = redis.call('MGET', KEYS[1], KEYS[2])
if not found[1] then return {'unloaded'} end
if not found[2] then return {'unknown'} end
local pattern = '^(%a+)|([^|]*)|([^|]*)|([^|]*)|([^|]*)|([^|]*)|(.*)$'
local state, payload, token, granted, till, order, seats = string.match(found[2], pattern)
if state == 'refused' then return {'unknown'} end
if state == 'released' or state == 'expired' then return {state} end
if token ~= ARGV[1] then return {'forbidden'} end
if state ~= 'held' and order ~= ARGV[2] then return {'other'} end
if state ~= 'held' and state ~= 'pinning' then return {state} end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
if state == 'held' then
  if now >= till + 0 then return {'expired'} end
  local keys = {}
  for seat in string.gmatch(seats, '[^,]+') do keys[#keys + 1] = ARGV[3] .. seat end
  for _, value in ipairs(redis.call('MGET', unpack(keys))) do
    if value ~= token then return {'expired'} end
  end
  for _, key in ipairs(keys) do redis.call('SET', key, 'pinning ' .. token) end
  redis.call('ZREM', KEYS[3], KEYS[2])
end
local claim = table.concat({'pinning', payload, token, granted, till, ARGV[2], seats}, '|')
redis.call('SET', KEYS[2], claim)
redis.call('ZADD', KEYS[4], now, KEYS[2])
return {'pinning', claim, found[1]}

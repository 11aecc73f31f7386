-- Moves a hold's end, never beyond its whole lifetime and never back.
-- KEYS boot, claim, expiries
-- ARGV token, ttl_ms, lifetime_ms, memory_ms, seat prefix
local found = redis.call('MGET', KEYS[1], KEYS[2])
if not found[1] then return {'unloaded'} end
if not found[2] then return {'unknown'} end
local pattern = '^(%a+)|([^|]*)|([^|]*)|([^|]*)|([^|]*)|([^|]*)|(.*)$'
local state, payload, token, granted, till, order, seats = string.match(found[2], pattern)
if state == 'refused' then return {'unknown'} end
if state ~= 'held' then return {state} end
if token ~= ARGV[1] then return {'forbidden'} end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
if now >= till + 0 then return {'expired'} end
local keys = {}
for seat in string.gmatch(seats, '[^,]+') do keys[#keys + 1] = ARGV[5] .. seat end
for _, value in ipairs(redis.call('MGET', unpack(keys))) do
  if value ~= token then return {'expired'} end
end
local last = math.max(till, math.min(now + ARGV[2], granted + ARGV[3]))
for _, key in ipairs(keys) do redis.call('PEXPIREAT', key, last) end
local claim = table.concat({'held', payload, token, granted, last, '', seats}, '|')
redis.call('SET', KEYS[2], claim, 'PX', ARGV[4])
redis.call('ZADD', KEYS[3], last, KEYS[2])
return {'held', claim, tostring(last - now)}

-- Ends holds whose time is over, in the order of the expiry index, a bounded number at a time.
-- The seats went free by their own PX, which is the same instant; what is said here is that they did, and only of those
-- that nobody holds again by now.
-- KEYS boot, expiries, changes
-- ARGV seat prefix, at most
if redis.call('EXISTS', KEYS[1]) == 0 then return {'unloaded'} end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local pattern = '^(%a+)|([^|]*)|([^|]*)|([^|]*)|([^|]*)|([^|]*)|(.*)$'
local over = redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', now, 'LIMIT', 0, ARGV[2])
local free
for _, key in ipairs(over) do
  local claim = redis.call('GET', key)
  if claim then
    local state, payload, token, granted, till, order, seats = string.match(claim, pattern)
    if state == 'held' and now >= till + 0 then
      for seat in string.gmatch(seats, '[^,]+') do
        if redis.call('EXISTS', ARGV[1] .. seat) == 0 then free = free and free .. ',' .. seat or seat end
      end
      local expired = table.concat({'expired', payload, token, granted, till, '', seats}, '|')
      redis.call('SET', key, expired, 'KEEPTTL')
    end
  end
  redis.call('ZREM', KEYS[2], key)
end
if free then redis.call('XADD', KEYS[3], '*', 'free', free) end
redis.call('XTRIM', KEYS[3], 'MAXLEN', '~', 4096)
return {'done', tostring(#over)}

-- Opens a show's memory under its new epoch, once PostgreSQL's part of it is there.
-- A hold that was being pinned and is not marked was not committed under any older epoch, and cannot be any more:
-- its time runs on. One that is marked was, if PostgreSQL has it for its own order: the mark may be of somebody else, whom
-- a broken memory did not know.
-- KEYS boot, loading, expiries, pinning, changes
-- ARGV epoch, seat prefix, memory_ms, then claim and order of each that was under way and is in PostgreSQL
if redis.call('GET', KEYS[2]) ~= ARGV[1] then return {'lost'} end
local owners = {}
for place = 4, #ARGV, 2 do owners[ARGV[place]] = ARGV[place + 1] end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local pattern = '^(%a+)|([^|]*)|([^|]*)|([^|]*)|([^|]*)|([^|]*)|(.*)$'
for _, key in ipairs(redis.call('ZRANGE', KEYS[4], 0, -1)) do
  local claim = redis.call('GET', key)
  local state, payload, token, granted, till, order, seats
  if claim then state, payload, token, granted, till, order, seats = string.match(claim, pattern) end
  if state == 'pinning' then
    local alive = now < till + 0
    local marked
    local own = {}
    for seat in string.gmatch(seats, '[^,]+') do
      local value = redis.call('GET', ARGV[2] .. seat) or ''
      if value == 'pinning ' .. token then own[#own + 1] = ARGV[2] .. seat end
      marked = marked or string.match(value, '^(%a+) %d+$')
    end
    for _, seat in ipairs(own) do
      if alive then redis.call('SET', seat, token, 'PX', till - now) else redis.call('DEL', seat) end
    end
    if #own == 0 and marked and owners[key] == order then
      state = marked
    else
      state = alive and 'held' or 'expired'
      order = ''
      if alive then redis.call('ZADD', KEYS[3], till, key) end
    end
    redis.call('SET', key, table.concat({state, payload, token, granted, till, order, seats}, '|'), 'PX', ARGV[3])
  end
  redis.call('ZREM', KEYS[4], key)
end
redis.call('DEL', KEYS[2])
redis.call('SET', KEYS[1], ARGV[1])
redis.call('XADD', KEYS[5], 'MAXLEN', '~', 4096, '*', 'loaded', ARGV[1])
return {'loaded'}

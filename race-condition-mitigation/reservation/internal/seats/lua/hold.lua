-- Holds seats, all or none, and remembers what was answered, all in one step that nothing can come between.
-- The look at every seat comes before the first SET, so that nobody holds a part of what was asked for; NX then finds
-- them free for certain, and would refuse a seat that is not, whatever became of the look.
-- What the clock is says TIME and not the feed's own entry, whose number never goes back: after a clock that was ahead for
-- a moment every hold would seem to end as far ahead, and its extension keep the seats until then.
-- KEYS boot, claim, expiries, changes, then each seat
-- ARGV token, ttl_ms, payload, memory_ms, refusal_ms, seats joined by commas
local found = redis.call('MGET', KEYS[1], KEYS[2], unpack(KEYS, 5))
if not found[1] then return 'unloaded' end
if found[2] then return found[2] end
local taken
for place = 3, #found do
  if found[place] then taken = (taken and taken .. ',' or '') .. place - 3 end
end
if taken then
  redis.call('SET', KEYS[2], 'refused|' .. ARGV[3] .. '|' .. taken .. '||||' .. ARGV[6], 'PX', ARGV[5])
  return 'taken|' .. taken
end
for place = 5, #KEYS do
  if not redis.call('SET', KEYS[place], ARGV[1], 'NX', 'PX', ARGV[2]) then
    return redis.error_reply('SEATS a free seat was not free')
  end
end
redis.call('XADD', KEYS[4], '*', 'held', ARGV[6])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local till = now + ARGV[2]
local claim = 'held|' .. ARGV[3] .. '|' .. ARGV[1] .. '|' .. now .. '|' .. till .. '||' .. ARGV[6]
redis.call('SET', KEYS[2], claim, 'PX', ARGV[4])
redis.call('ZADD', KEYS[3], till, KEYS[2])
return now

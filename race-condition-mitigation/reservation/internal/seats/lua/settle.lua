-- Marks what PostgreSQL committed: a pin or a sale.
-- Only under the epoch in which it was committed: a later memory was read from PostgreSQL after that commit and has it.
-- And only where the seat still carries this hold's own mark: whoever stood still between his commit and this step may
-- find the seat given back since, and held by somebody else.
-- KEYS boot, claim, pinning, changes
-- ARGV epoch, state (pinned or sold), fence, order, seats, seat prefix, memory_ms
local found = redis.call('MGET', KEYS[1], KEYS[2])
if found[1] ~= ARGV[1] then return {'stale', found[1] or ''} end
local pattern = '^(%a+)|([^|]*)|([^|]*)|([^|]*)|([^|]*)|([^|]*)|(.*)$'
local state, payload, token, granted, till, order, seats
if found[2] then state, payload, token, granted, till, order, seats = string.match(found[2], pattern) end
local mine = order == ARGV[4] and (state == 'pinning' or state == 'pinned')
local mark = ARGV[2] .. ' ' .. ARGV[3]
local changed
for seat in string.gmatch(ARGV[5], '[^,]+') do
  local value = redis.call('GET', ARGV[6] .. seat)
  local before = value == 'pinned ' .. ARGV[3] and ARGV[2] == 'sold'
  if before or (mine and value == 'pinning ' .. token) then
    redis.call('SET', ARGV[6] .. seat, mark)
    changed = changed and changed .. ',' .. seat or seat
  end
end
if mine then
  redis.call('SET', KEYS[2], table.concat({ARGV[2], payload, token, granted, till, order, seats}, '|'), 'PX', ARGV[7])
  redis.call('ZREM', KEYS[3], KEYS[2])
end
if changed then redis.call('XADD', KEYS[4], 'MAXLEN', '~', 4096, '*', ARGV[2], changed) end
return {'done'}

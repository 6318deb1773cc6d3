-- Forgets the oldest entries of the history whole or not at all.
-- KEYS lease, history, its bytes, then the lists of all their subjects
-- ARGV owner, token, the first id and the last of them, how many, their size, the first id that stays
-- Gives how many; 0 when the oldest are others by now; -1 fenced.
local held = redis.call('HMGET', KEYS[1], 'owner', 'token')
if held[1] ~= ARGV[1] or held[2] ~= ARGV[2] then return -1 end
local oldest = redis.call('XRANGE', KEYS[2], '-', '+', 'COUNT', 1)[1]
if not oldest or oldest[1] ~= ARGV[3] then return 0 end

local function parts(id)
  local ms, within = string.match(id, '(%d+)-(%d+)')
  return tonumber(ms), tonumber(within)
end
local last_ms, last_within = parts(ARGV[4])
for i = 4, #KEYS do
  while true do
    local id = redis.call('LINDEX', KEYS[i], 0)
    if not id then break end
    local ms, within = parts(id)
    if ms > last_ms or (ms == last_ms and within > last_within) then break end
    redis.call('LPOP', KEYS[i])
  end
end
redis.call('XTRIM', KEYS[2], 'MINID', '=', ARGV[7])
redis.call('DECRBY', KEYS[3], ARGV[6])
return tonumber(ARGV[5])

-- Prolongs the lease, or with a length of 0 gives it back; the token stays used.
-- KEYS lease; ARGV owner, token, length in ms. Gives 1, or 0: somebody else's.
local held = redis.call('HMGET', KEYS[1], 'owner', 'token')
if held[1] ~= ARGV[1] or held[2] ~= ARGV[2] then return 0 end
if ARGV[3] == '0' then
  redis.call('HDEL', KEYS[1], 'owner', 'until')
else
  local time = redis.call('TIME')
  redis.call('HSET', KEYS[1], 'until', string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000) + ARGV[3]))
end
return 1

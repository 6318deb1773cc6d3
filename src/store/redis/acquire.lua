-- Takes the lease if it is free, over, or already the owner's.
-- KEYS lease; ARGV owner, length in ms. Gives the token, or an empty text: somebody else's.
-- A new holder's token is above all before and at least the server's time in ms, so that it
-- rises even when a fail-over has lost the last ones.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local held = redis.call('HMGET', KEYS[1], 'owner', 'token', 'until')
local running = held[1] and tonumber(held[3]) > now
if running and held[1] ~= ARGV[1] then return '' end
local token = tonumber(held[2] or '0')
if not running then token = math.max(token + 1, now) end
token = string.format('%.0f', token)
if not running then redis.call('HSET', KEYS[1], 'since', string.format('%.0f', now)) end
redis.call('HSET', KEYS[1], 'owner', ARGV[1], 'token', token, 'until', string.format('%.0f', now + ARGV[2]))
return token

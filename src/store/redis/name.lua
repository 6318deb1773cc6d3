-- Names the store: its generation and a note; the documents that are there count as all there are.
-- KEYS lease, inbox, last entry, cursor, then the documents of every kind (seven), then what is to be
-- forgotten; ARGV owner, token, generation, note.
-- Gives the count of commits, or -1: the lease is somebody else's.
local held = redis.call('HMGET', KEYS[1], 'owner', 'token', 'commits')
if held[1] ~= ARGV[1] or held[2] ~= ARGV[2] then return -1 end
for i = 12, #KEYS do redis.call('UNLINK', KEYS[i]) end
local there = 0
for i = 5, 11 do there = there + redis.call('HLEN', KEYS[i]) end
-- Entries that are gone are not waited for: the cursor stands before the first that is there, and
-- places go on behind the last one given.
local function place(entry) return entry and tonumber(string.match(entry[1], '^%d+')) end
local cursor, last = tonumber(redis.call('GET', KEYS[4]) or '0'), tonumber(redis.call('GET', KEYS[3]) or '0')
local first = place(redis.call('XRANGE', KEYS[2], '-', '+', 'COUNT', 1)[1])
last = math.max(last, cursor, place(redis.call('XREVRANGE', KEYS[2], '+', '-', 'COUNT', 1)[1]) or 0)
redis.call('SET', KEYS[3], string.format('%.0f', last))
redis.call('SET', KEYS[4], string.format('%.0f', first and first - 1 or last))
redis.call('HSET', KEYS[1], 'generation', ARGV[3], 'note', ARGV[4], 'documents', there, 'commits', held[3] or '0')
return tonumber(held[3] or '0')

-- Who leads, how far the store has come, and what of it is gone. Reads only.
-- KEYS lease, inbox, last entry, cursor, then the documents of every kind.
-- Gives owner (empty: nobody), ms left, since, generation, commits, note, documents counted by the
-- commits (-1: never counted), documents there, last entry, cursor, entries in the inbox, the time in ms.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local held = redis.call('HMGET', KEYS[1], 'owner', 'until', 'since', 'generation', 'commits', 'note', 'documents')
local left = math.max(tonumber(held[2] or '0') - now, 0)
local there = 0
for i = 5, #KEYS do there = there + redis.call('HLEN', KEYS[i]) end
return {
  left > 0 and held[1] or '', string.format('%.0f', left), held[3] or '0', held[4] or '0', held[5] or '0', held[6] or '',
  held[7] or '-1', there, redis.call('GET', KEYS[3]) or '0', redis.call('GET', KEYS[4]) or '0',
  redis.call('XLEN', KEYS[2]), string.format('%.0f', now),
}

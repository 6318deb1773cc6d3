-- Appends events behind the last entry and behind the cursor: never behind the reader's back.
-- KEYS inbox, last entry, cursor; ARGV events. Gives the id of the last.
local counters = redis.call('MGET', KEYS[2], KEYS[3])
local last, cursor = tonumber(counters[1] or '0'), tonumber(counters[2] or '0')
if cursor > last then last = cursor end
for i = 1, #ARGV do
  redis.call('XADD', KEYS[1], string.format('%.0f-0', last + i), 'e', ARGV[i])
end
last = string.format('%.0f', last + #ARGV)
redis.call('SET', KEYS[2], last)
return last

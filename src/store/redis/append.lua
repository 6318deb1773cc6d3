-- Appends events behind the last entry and behind the cursor: never behind the reader's back.
-- KEYS inbox, last entry, cursor; ARGV events. Gives the id of the last.
local last = tonumber(redis.call('GET', KEYS[2]) or '0')
local cursor = tonumber(redis.call('GET', KEYS[3]) or '0')
if cursor > last then last = cursor end
for i = 1, #ARGV do
  redis.call('XADD', KEYS[1], string.format('%.0f-0', last + i), 'e', ARGV[i])
end
last = string.format('%.0f', last + #ARGV)
redis.call('SET', KEYS[2], last)
return last

-- Documents of a kind in the byte order of their ids. Reads only.
-- KEYS documents, index; ARGV where to begin (as ZRANGEBYLEX takes it), how many.
-- Gives ids and documents in turn.
local ids = redis.call('ZRANGEBYLEX', KEYS[2], ARGV[1], '+', 'LIMIT', 0, ARGV[2])
local found = {}
for i = 1, #ids, 4000 do
  local to = math.min(i + 3999, #ids)
  local part = redis.call('HMGET', KEYS[1], unpack(ids, i, to))
  for j = i, to do
    found[#found + 1] = ids[j]
    found[#found + 1] = part[j - i + 1]
  end
end
return found

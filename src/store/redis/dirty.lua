-- Dirty SKUs of a channel, oldest first. Reads only.
-- KEYS marks, marks by age; ARGV the places of the first and the last. Gives sku, since, version in turn.
local aged = redis.call('ZRANGE', KEYS[2], ARGV[1], ARGV[2], 'WITHSCORES')
local skus, found = {}, {}
for i = 1, #aged, 2 do skus[#skus + 1] = aged[i] end
for i = 1, #skus, 4000 do
  local to = math.min(i + 3999, #skus)
  local part = redis.call('HMGET', KEYS[1], unpack(skus, i, to))
  for j = i, to do
    found[#found + 1] = skus[j]
    found[#found + 1] = aged[j * 2]
    found[#found + 1] = part[j - i + 1]
  end
end
return found

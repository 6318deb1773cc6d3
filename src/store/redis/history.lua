-- Entries about one subject beyond a place. Reads only.
-- KEYS list of ids, history; ARGV the place (milliseconds, number within), `forward` or `back`, how many.
-- Gives ids and bytes in turn.
local function compare(id)
  local ms, within = string.match(id, '(%d+)-(%d+)')
  local by = tonumber(ms) - tonumber(ARGV[1])
  if by == 0 then by = tonumber(within) - tonumber(ARGV[2]) end
  return by
end

local most, forward = tonumber(ARGV[4]), ARGV[3] == 'forward'
if most == 0 then return {} end
-- The first place in the list that is behind the given one (or is it, going back).
local low, high = 0, redis.call('LLEN', KEYS[1])
while low < high do
  local middle = math.floor((low + high) / 2)
  local by = compare(redis.call('LINDEX', KEYS[1], middle))
  if by > 0 or (by == 0 and not forward) then high = middle else low = middle + 1 end
end
local from, to = low, low + most - 1
if not forward then from, to = math.max(0, low - most), low - 1 end
if to < from then return {} end
local ids, found = redis.call('LRANGE', KEYS[1], from, to), {}
local first, last, step = 1, #ids, 1
if not forward then first, last, step = #ids, 1, -1 end
for i = first, last, step do
  local entry = redis.call('XRANGE', KEYS[2], ids[i], ids[i])[1]
  if entry then
    found[#found + 1] = ids[i]
    found[#found + 1] = entry[2][4]
  end
end
return found

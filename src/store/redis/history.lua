-- Entries about one subject beyond a place. Reads only.
-- KEYS list of ids (of an older layout), history, index of its subjects, full blocks of that index
-- ARGV the place (milliseconds, number within), `forward` or `back`, how many, the subject.
-- Gives ids and bytes in turn.
local from_ms, from_within = tonumber(ARGV[1]), tonumber(ARGV[2])
local forward, most = ARGV[3] == 'forward', tonumber(ARGV[4])
if most == 0 then return {} end

-- Which of two places comes first: below zero the one, above zero the other.
local function compare(ms, within, other_ms, other_within)
  if ms == other_ms then return within - other_within end
  return ms - other_ms
end

-- Whether a place lies beyond the given one, in our direction.
local function beyond(ms, within)
  local by = compare(ms, within, from_ms, from_within)
  if forward then return by > 0 end
  return by < 0
end

-- The last place below `high` for which this holds, when it holds for all before that; below `low`: none.
local function last_where(low, high, holds)
  while low < high do
    local middle = math.floor((low + high) / 2)
    if holds(middle) then low = middle + 1 else high = middle end
  end
  return low - 1
end

local function parts(id)
  local ms, within = string.match(id, '(%d+)-(%d+)')
  return { tonumber(ms), tonumber(within) }
end

local function listed()
  local length = redis.call('LLEN', KEYS[1])
  if length == 0 then return {} end
  local before = last_where(0, length, function(place)
    local id = parts(redis.call('LINDEX', KEYS[1], place))
    return beyond(id[1], id[2]) ~= forward
  end)
  local from, to = before + 1, before + most
  if not forward then from, to = math.max(0, before + 1 - most), before end
  local found = {}
  if to < from then return found end
  local ids = redis.call('LRANGE', KEYS[1], from, to)
  local first, last, step = 1, #ids, 1
  if not forward then first, last, step = #ids, 1, -1 end
  for i = first, last, step do found[#found + 1] = parts(ids[i]) end
  return found
end

local function indexed()
  local head, found = redis.call('HMGET', KEYS[3], ARGV[5])[1], {}
  if not head then return found end
  local first, now = struct.unpack('>I4I4', head)
  local function block(number)
    if number == now then return string.sub(head, 9) end
    return redis.call('HMGET', KEYS[4], ARGV[5] .. struct.pack('>I4', number))[1] or ''
  end
  -- Of a block that lies on the other side only, nothing is wanted.
  local before = last_where(first, now + 1, function(number)
    local ids = block(number)
    if ids == '' then return true end
    local ms, within = struct.unpack('>I6I3', ids, forward and #ids - 8 or 1)
    return beyond(ms, within) ~= forward
  end)
  local number, last, step = before + 1, now, 1
  if not forward then number, last, step = before, first, -1 end
  while #found < most and number * step <= last * step do
    local ids = block(number)
    local at, stop, width = 1, #ids - 8, 9
    if not forward then at, stop, width = #ids - 8, 1, -9 end
    for i = at, stop, width do
      local ms, within = struct.unpack('>I6I3', ids, i)
      if #found < most and beyond(ms, within) then found[#found + 1] = { ms, within } end
    end
    number = number + step
  end
  return found
end

local one, other, found = listed(), indexed(), {}
local i, j = 1, 1
while #found < most * 2 and (one[i] or other[j]) do
  local next
  local ours = one[i] and other[j] and compare(one[i][1], one[i][2], other[j][1], other[j][2]) or 0
  if not other[j] or one[i] and (ours < 0) == forward then
    next, i = one[i], i + 1
  else
    next, j = other[j], j + 1
  end
  local id = string.format('%.0f-%.0f', next[1], next[2])
  local entry = redis.call('XRANGE', KEYS[2], id, id)[1]
  if entry then
    found[#found + 1] = id
    found[#found + 1] = entry[2][4]
  end
end
return found

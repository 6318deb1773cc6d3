-- Forgets the oldest entries of the history whole or not at all.
-- KEYS lease, history, its bytes, index of its subjects, full blocks of that index, then lists of an
--      older layout
-- ARGV owner, token, the first id and the last of them, how many, their size, the first id that stays,
--      then all their subjects
-- Gives how many; 0 when the oldest are others by now; -1 fenced.
local CHUNK = 4000
local held = redis.call('HMGET', KEYS[1], 'owner', 'token')
if held[1] ~= ARGV[1] or held[2] ~= ARGV[2] then return -1 end
local oldest = redis.call('XRANGE', KEYS[2], '-', '+', 'COUNT', 1)[1]
if not oldest or oldest[1] ~= ARGV[3] then return 0 end

local function parts(id)
  local ms, within = string.match(id, '(%d+)-(%d+)')
  return tonumber(ms), tonumber(within)
end
local last_ms, last_within = parts(ARGV[4])
local function stays(ms, within) return ms > last_ms or (ms == last_ms and within > last_within) end

-- What is left of a block of ids.
local function left(ids)
  for i = 1, #ids - 8, 9 do
    if stays(struct.unpack('>I6I3', ids, i)) then return string.sub(ids, i) end
  end
  return ''
end

local function call_in_chunks(command, key, values)
  for i = 1, #values, CHUNK do
    redis.call(command, key, unpack(values, i, math.min(i + CHUNK - 1, #values)))
  end
end

local heads, gone, blocks, gone_blocks = {}, {}, {}, {}
local function shorten(subject, head)
  local first, now = struct.unpack('>I4I4', head)
  while first < now do
    local name = subject .. struct.pack('>I4', first)
    local ids = redis.call('HMGET', KEYS[5], name)[1] or ''
    local rest = left(ids)
    if rest ~= '' then
      if rest ~= ids then
        blocks[#blocks + 1] = name
        blocks[#blocks + 1] = rest
      end
      break
    end
    gone_blocks[#gone_blocks + 1] = name
    first = first + 1
  end
  local open = string.sub(head, 9)
  if first == now then open = left(open) end
  if open == '' then
    gone[#gone + 1] = subject
  else
    heads[#heads + 1] = subject
    heads[#heads + 1] = struct.pack('>I4I4', first, now) .. open
  end
end

for i = 8, #ARGV, CHUNK do
  local to = math.min(i + CHUNK - 1, #ARGV)
  for j, head in ipairs(redis.call('HMGET', KEYS[4], unpack(ARGV, i, to))) do
    if head then shorten(ARGV[i + j - 1], head) end
  end
end
call_in_chunks('HSET', KEYS[4], heads)
call_in_chunks('HDEL', KEYS[4], gone)
call_in_chunks('HSET', KEYS[5], blocks)
call_in_chunks('HDEL', KEYS[5], gone_blocks)
for i = 6, #KEYS do
  while true do
    local id = redis.call('LINDEX', KEYS[i], 0)
    if not id or stays(parts(id)) then break end
    redis.call('LPOP', KEYS[i])
  end
end
redis.call('XTRIM', KEYS[2], 'MINID', '=', ARGV[7])
redis.call('DECRBY', KEYS[3], ARGV[6])
return tonumber(ARGV[5])

-- Applies one batch whole or not at all. All checks come before the first write.
--
-- KEYS  lease, cursor, inbox, mark counter; then per kind: documents, index;
--       then per channel: marks, marks by age, intents; then, if there is history: history, its last
--       id, its bytes, and one list per subject
-- ARGV  owner, token, generation, commits that it must have at least, cursor it must have (empty: none),
--       cursor it gets, first entry that stays,
--       number of kinds, number of channels, number of entries of the history;
--       then per entry: milliseconds, subjects as JSON, bytes, size, count and count times the
--         number of a subject;
--       then per kind: count, and count times: id, version it must have, version and bytes
--         (a version is 8 bytes, zeros for none; an empty third value deletes);
--       then per channel: count and count times sku, since; count and count times sku, version;
--         count of listings to open, these; count of listings to close, these
-- Gives 0 done, -1 fenced, -2 cursor moved, n > 0 the n-th document has another version; and how many
-- commits the store has had now.

-- Lua's stack takes 8,000 values at once; even, so that pairs stay together.
local CHUNK = 4000
local NONE = string.rep('\0', 8)

local function call_in_chunks(command, key, values)
  for i = 1, #values, CHUNK do
    redis.call(command, key, unpack(values, i, math.min(i + CHUNK - 1, #values)))
  end
end

local function get_in_chunks(key, fields)
  local found = {}
  for i = 1, #fields, CHUNK do
    local part = redis.call('HMGET', key, unpack(fields, i, math.min(i + CHUNK - 1, #fields)))
    for j = 1, #part do found[i + j - 1] = part[j] end
  end
  return found
end

local at = 10
local function following()
  at = at + 1
  return ARGV[at]
end

local function take(count, width)
  local from = at
  at = at + count * width
  return from
end

-- Checks.
local held = redis.call('HMGET', KEYS[1], 'owner', 'token', 'generation', 'commits')
if held[1] ~= ARGV[1] or held[2] ~= ARGV[2] then return { -1, 0 } end
-- A restored store may hold our lease again: it is behind what we have seen of it.
if (held[3] or '0') ~= ARGV[3] or tonumber(held[4] or '0') < tonumber(ARGV[4]) then return { -1, 0 } end
if ARGV[5] ~= '' and (redis.call('GET', KEYS[2]) or '0') ~= ARGV[5] then return { -2, 0 } end

local kinds, channels = tonumber(ARGV[8]), tonumber(ARGV[9])
local told = {}
for entry = 1, tonumber(ARGV[10]) do
  told[entry] = at
  at = at + 5 + tonumber(ARGV[at + 5])
end
local places, ordinal = {}, 0
for kind = 1, kinds do
  local count = tonumber(following())
  local from = take(count, 3)
  local ids = {}
  for i = 1, count do ids[i] = ARGV[from + (i - 1) * 3 + 1] end
  local documents = get_in_chunks(KEYS[3 + kind * 2], ids)
  for i = 1, count do
    local document = documents[i]
    if (document and string.sub(document, 1, 8) or NONE) ~= ARGV[from + (i - 1) * 3 + 2] then return { ordinal + i, 0 } end
  end
  ordinal = ordinal + count
  places[kind] = { from, count }
end

-- History. First of all, because the server refuses an entry that is not behind the last one.
if #told > 0 then
  local key = 4 + kinds * 2 + channels * 3
  local lists, bytes, id = {}, 0, redis.call('GET', KEYS[key + 2]) or '0-0'
  local ms, within = string.match(id, '(%d+)-(%d+)')
  ms, within = tonumber(ms), tonumber(within)
  for _, from in ipairs(told) do
    local given = tonumber(ARGV[from + 1])
    if given > ms then
      ms, within = given, 0
    elseif within < 1048575 then
      within = within + 1
    else
      ms, within = ms + 1, 0
    end
    id = string.format('%.0f-%.0f', ms, within)
    redis.call('XADD', KEYS[key + 1], id, 'a', ARGV[from + 2], 'b', ARGV[from + 3])
    bytes = bytes + tonumber(ARGV[from + 4])
    for i = 1, tonumber(ARGV[from + 5]) do
      local list = tonumber(ARGV[from + 5 + i])
      lists[list] = lists[list] or {}
      lists[list][#lists[list] + 1] = id
    end
  end
  for list = 1, #lists do call_in_chunks('RPUSH', KEYS[key + 3 + list], lists[list]) end
  redis.call('SET', KEYS[key + 2], id)
  redis.call('INCRBY', KEYS[key + 3], bytes)
end

-- Documents.
local more = 0
for kind = 1, kinds do
  local from, count = places[kind][1], places[kind][2]
  local put, add, gone = {}, {}, {}
  for i = 0, count - 1 do
    local id, expected, value = ARGV[from + i * 3 + 1], ARGV[from + i * 3 + 2], ARGV[from + i * 3 + 3]
    if value == '' then
      gone[#gone + 1] = id
      if expected ~= NONE then more = more - 1 end
    else
      put[#put + 1] = id
      put[#put + 1] = value
      if expected == NONE then
        add[#add + 1] = 0
        add[#add + 1] = id
        more = more + 1
      end
    end
  end
  call_in_chunks('HSET', KEYS[3 + kind * 2], put)
  call_in_chunks('ZADD', KEYS[4 + kind * 2], add)
  call_in_chunks('HDEL', KEYS[3 + kind * 2], gone)
  call_in_chunks('ZREM', KEYS[4 + kind * 2], gone)
end

-- Marks keep their age; each gets the next version of the merchant.
local function mark(versions, ages)
  local count = tonumber(following())
  if count == 0 then return end
  local from = take(count, 2)
  local last = redis.call('INCRBY', KEYS[4], count) - count
  local numbered, aged = {}, {}
  for i = 0, count - 1 do
    local sku = ARGV[from + i * 2 + 1]
    numbered[#numbered + 1] = sku
    numbered[#numbered + 1] = string.format('%.0f', last + i + 1)
    aged[#aged + 1] = ARGV[from + i * 2 + 2]
    aged[#aged + 1] = sku
  end
  call_in_chunks('HSET', versions, numbered)
  for i = 1, #aged, CHUNK do
    redis.call('ZADD', ages, 'NX', unpack(aged, i, math.min(i + CHUNK - 1, #aged)))
  end
end

local function clear(versions, ages)
  local count = tonumber(following())
  if count == 0 then return end
  local from = take(count, 2)
  local skus, gone = {}, {}
  for i = 0, count - 1 do skus[i + 1] = ARGV[from + i * 2 + 1] end
  local seen = get_in_chunks(versions, skus)
  for i = 0, count - 1 do
    if seen[i + 1] == ARGV[from + i * 2 + 2] then gone[#gone + 1] = skus[i + 1] end
  end
  call_in_chunks('HDEL', versions, gone)
  call_in_chunks('ZREM', ages, gone)
end

local function listings(command, key)
  local count = tonumber(following())
  local from = take(count, 1)
  local values = {}
  for i = 1, count do values[i] = ARGV[from + i] end
  call_in_chunks(command, key, values)
end

for channel = 0, channels - 1 do
  local key = 4 + kinds * 2 + channel * 3
  mark(KEYS[key + 1], KEYS[key + 2])
  clear(KEYS[key + 1], KEYS[key + 2])
  listings('SADD', KEYS[key + 3])
  listings('SREM', KEYS[key + 3])
end

-- The cursor, and the entries that nobody needs any more.
if ARGV[5] ~= '' then
  redis.call('SET', KEYS[2], ARGV[6])
  redis.call('XTRIM', KEYS[3], 'MINID', '=', ARGV[7])
end
-- What is there is counted, so that it is noticed when it is gone.
local commits = redis.call('HINCRBY', KEYS[1], 'commits', 1)
if more ~= 0 then redis.call('HINCRBY', KEYS[1], 'documents', more) end
return { 0, commits }

-- Applies one batch whole or not at all. All checks come before the first write.
-- Every command here is counted in docs/benchmarks.md: what belongs to one key goes in one command.
--
-- KEYS  lease, cursor, mark counter, last id of the history, its bytes, inbox;
--       then per kind: documents, index; then per channel: marks, marks by age, intents;
--       then, if there is history: history, index of its subjects, full blocks of that index
-- ARGV  owner, token, generation, commits that it must have at least, cursor it must have (empty: none),
--       cursor it gets, first entry that stays,
--       number of kinds, number of channels, number of marks, number of entries of the history, number
--         of its subjects;
--       then the subjects; then per entry: milliseconds, subjects as JSON, bytes, size, count and count
--         times the number of a subject;
--       then per kind: count, and count times: id, version it must have, version and bytes
--         (a version is 8 bytes, zeros for none; an empty third value deletes);
--       then per channel: count and count times sku, since; count and count times sku, version;
--         count of listings to open, these; count of listings to close, these
-- Gives 0 done, -1 fenced, -2 cursor moved, n > 0 the n-th document has another version; and how many
-- commits the store has had now.

-- Lua's stack takes 8,000 values at once; even, so that pairs stay together.
local CHUNK = 4000
local NONE = string.rep('\0', 8)
-- Ids of the history in one block of the index, 9 bytes each.
local BLOCK = 32 * 9

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

local at = 12
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
local held = redis.call('HMGET', KEYS[1], 'owner', 'token', 'generation', 'commits', 'documents')
if held[1] ~= ARGV[1] or held[2] ~= ARGV[2] then return { -1, 0 } end
-- A restored store may hold our lease again: it is behind what we have seen of it.
if (held[3] or '0') ~= ARGV[3] or tonumber(held[4] or '0') < tonumber(ARGV[4]) then return { -1, 0 } end
local kinds, channels, entries = tonumber(ARGV[8]), tonumber(ARGV[9]), tonumber(ARGV[11])
-- Cursor, mark counter, last id of the history, its bytes.
local counters = {}
if ARGV[5] ~= '' or ARGV[10] ~= '0' or entries > 0 then
  counters = redis.call('MGET', KEYS[2], KEYS[3], KEYS[4], KEYS[5])
end
if ARGV[5] ~= '' and (counters[1] or '0') ~= ARGV[5] then return { -2, 0 } end

local subjects, told = {}, {}
for i = 1, tonumber(ARGV[12]) do subjects[i] = following() end
for entry = 1, entries do
  told[entry] = at
  at = at + 5 + tonumber(ARGV[at + 5])
end
local places, ordinal = {}, 0
for kind = 1, kinds do
  local count = tonumber(following())
  local from = take(count, 3)
  local ids = {}
  for i = 1, count do ids[i] = ARGV[from + (i - 1) * 3 + 1] end
  local documents = get_in_chunks(KEYS[5 + kind * 2], ids)
  for i = 1, count do
    local document = documents[i]
    if (document and string.sub(document, 1, 8) or NONE) ~= ARGV[from + (i - 1) * 3 + 2] then return { ordinal + i, 0 } end
  end
  ordinal = ordinal + count
  places[kind] = { from, count }
end

-- History. First of all, because the server refuses an entry that is not behind the last one.
local changed = {}
if entries > 0 then
  local key = 6 + kinds * 2 + channels * 3
  local lists, bytes, id = {}, 0, counters[3] or '0-0'
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
    local packed = struct.pack('>I6I3', ms, within)
    for i = 1, tonumber(ARGV[from + 5]) do
      local list = tonumber(ARGV[from + 5 + i])
      lists[list] = lists[list] or {}
      lists[list][#lists[list] + 1] = packed
    end
  end
  -- Per subject: the number of its oldest full block, the number of the block that is filled now, and
  -- the ids in that one. Full blocks stand apart, under the subject and their number.
  local heads, filled = {}, {}
  for i, head in ipairs(get_in_chunks(KEYS[key + 2], subjects)) do
    local first, now, open = 0, 0, ''
    if head then first, now = struct.unpack('>I4I4', head); open = string.sub(head, 9) end
    for _, packed in ipairs(lists[i]) do
      if #open >= BLOCK then
        filled[#filled + 1] = subjects[i] .. struct.pack('>I4', now)
        filled[#filled + 1] = open
        now, open = now + 1, ''
      end
      open = open .. packed
    end
    heads[#heads + 1] = subjects[i]
    heads[#heads + 1] = struct.pack('>I4I4', first, now) .. open
  end
  call_in_chunks('HSET', KEYS[key + 3], filled)
  call_in_chunks('HSET', KEYS[key + 2], heads)
  changed = { KEYS[4], id, KEYS[5], string.format('%.0f', tonumber(counters[4] or '0') + bytes) }
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
  call_in_chunks('HSET', KEYS[5 + kind * 2], put)
  call_in_chunks('ZADD', KEYS[6 + kind * 2], add)
  call_in_chunks('HDEL', KEYS[5 + kind * 2], gone)
  call_in_chunks('ZREM', KEYS[6 + kind * 2], gone)
end

-- Marks keep their age; each gets the next version of the merchant.
local last_mark = tonumber(counters[2] or '0')
local function mark(versions, ages)
  local count = tonumber(following())
  if count == 0 then return end
  local from = take(count, 2)
  local numbered, aged = {}, {}
  for i = 0, count - 1 do
    local sku = ARGV[from + i * 2 + 1]
    numbered[#numbered + 1] = sku
    numbered[#numbered + 1] = string.format('%.0f', last_mark + i + 1)
    aged[#aged + 1] = ARGV[from + i * 2 + 2]
    aged[#aged + 1] = sku
  end
  last_mark = last_mark + count
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
  local key = 6 + kinds * 2 + channel * 3
  mark(KEYS[key + 1], KEYS[key + 2])
  clear(KEYS[key + 1], KEYS[key + 2])
  listings('SADD', KEYS[key + 3])
  listings('SREM', KEYS[key + 3])
end

-- The counters, the cursor, and the entries that nobody needs any more.
if ARGV[10] ~= '0' then
  changed[#changed + 1] = KEYS[3]
  changed[#changed + 1] = string.format('%.0f', last_mark)
end
if ARGV[5] ~= '' then
  changed[#changed + 1] = KEYS[2]
  changed[#changed + 1] = ARGV[6]
  redis.call('XTRIM', KEYS[6], 'MINID', '=', ARGV[7])
end
if #changed > 0 then redis.call('MSET', unpack(changed)) end
-- What is there is counted, so that it is noticed when it is gone.
local commits = tonumber(held[4] or '0') + 1
local count = { 'commits', string.format('%.0f', commits) }
if more ~= 0 then
  count[3], count[4] = 'documents', string.format('%.0f', tonumber(held[5] or '0') + more)
end
redis.call('HSET', KEYS[1], unpack(count))
return { 0, commits }

-- Brings one dead letter back into its queue, or says why not; all of it happens at once or not at all.
-- KEYS: those of BullMQ's reprocessJob (job, events, failed, wait, meta, active, marker, prioritized, pc), then completed and
-- the queue's key prefix with its last colon.
-- ARGV: job id, LPUSH or RPUSH, the token of this try, 1 to answer what would happen and change nothing, when the letter's job
-- failed (ms).
-- The function `reprocess` above this text is BullMQ's own script, so that what happens to the job is what BullMQ does.
local job, failed, queue = KEYS[1], KEYS[3], KEYS[11]
local id, push, token, only_look, failed_at = ARGV[1], ARGV[2], ARGV[3], ARGV[4] == "1", tonumber(ARGV[5])
local call = redis.call

-- A token is the letter's id, the number of the try and the version of the letter that was claimed.
local function letter_and_version(text)
  local letter, version = string.match(text, "^(.*):%d+:(%d+)$")
  return letter, tonumber(version)
end

local has_failed = call("ZSCORE", failed, id)
local exists = call("EXISTS", job) == 1
local held = call("HGET", job, "mbops:try")
if held == token then
  if has_failed then
    return "failed_again"
  end
  return "redriven"
end
if held then
  -- A process that slept since it claimed must not act after later tries did.
  local letter, version = letter_and_version(token)
  local newest_letter, newest_version = letter_and_version(held)
  if letter and letter == newest_letter and version < newest_version then
    return "superseded"
  end
end
if exists and not has_failed then
  return "not_failed"
end
local meta = call("HMGET", KEYS[5], "paused", "version")
-- Who is not known to keep paused jobs as BullMQ 6 does, such as its Pro edition, may keep them as 5 does.
local release = tonumber(string.match(meta[2] or "", "^bullmq:(%d+)%.") or 0)
if meta[1] and release < 6 then
  return "paused_v5"
end
if not exists then
  -- Who trims a failed set takes the oldest; who removes a job seldom takes all that are as old.
  local oldest = call("ZRANGE", failed, 0, 0, "WITHSCORES")
  if oldest[2] and tonumber(oldest[2]) > failed_at then
    return "trimmed"
  end
  return "gone"
end
local deduplication = call("HGET", job, "deid")
if deduplication and call("EXISTS", queue .. "de:" .. deduplication) == 1 then
  return "deduplicated"
end
local children = call("SRANDMEMBER", job .. ":dependencies", 100)
for _, child in ipairs(call("ZRANGE", job .. ":unsuccessful", 0, 99)) do
  table.insert(children, child)
end
for _, child in ipairs(children) do
  if call("EXISTS", child) == 0 then
    return "child_removed"
  end
end
if #children > 0 then
  return "waits_for_children"
end
if only_look then
  return "redriven"
end
reprocess(KEYS, { id, push, "failedReason", "failed", "1", "1" })
call("HDEL", job, "stc")
call("HSET", job, "mbops:try", token)
return "redriven"

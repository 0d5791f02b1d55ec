-- Brings one dead letter back into its queue, or says why not; all of it happens at once or not at all.
-- KEYS: those of BullMQ's reprocessJob (job, events, failed, wait, meta, active, marker, prioritized, pc), then completed and
-- the queue's key prefix with its last colon.
-- ARGV: job id, LPUSH or RPUSH, the token of this try.
-- The function `reprocess` above this text is BullMQ's own script, so that what happens to the job is what BullMQ does.
local job, failed, completed, queue = KEYS[1], KEYS[3], KEYS[10], KEYS[11]
local id, push, token = ARGV[1], ARGV[2], ARGV[3]
local call = redis.call

local has_failed = call("ZSCORE", failed, id)
if call("EXISTS", job) == 0 then
  return "gone"
end
if call("HGET", job, "mbops:try") == token then
  if has_failed then
    return "failed_again"
  end
  return "redriven"
end
if not has_failed then
  return "not_failed"
end
local meta = call("HMGET", KEYS[5], "paused", "version")
if meta[1] and (not meta[2] or string.match(meta[2], "^bullmq:[1-5]%.")) then
  return "paused_v5"
end
local deduplication = call("HGET", job, "deid")
if deduplication and call("EXISTS", queue .. "de:" .. deduplication) == 1 then
  return "deduplicated"
end
if call("SCARD", job .. ":dependencies") > 0 or call("ZCARD", job .. ":unsuccessful") > 0 then
  return "waits_for_children"
end
reprocess(KEYS, { id, push, "failedReason", "failed", "1", "1" })
call("HDEL", job, "stc")
call("HSET", job, "mbops:try", token)
return "redriven"

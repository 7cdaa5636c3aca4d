/**
 * The scripts that run inside Redis. Each is atomic.
 *
 * A script may draw numbers only if the server has lost no data since the epoch was opened. The script checks that
 * itself: the epoch's hash names the run in which it was opened. A server that was restarted, restored, or promoted
 * from a replica has another run id or replication id. So no draw succeeds on a server that was not checked, on any
 * connection. A command that is sent twice costs a gap, never a repetition. (INFO, which shows these ids, takes 5 µs,
 * once a round.)
 */
import type { Cluster, Redis, Result } from 'ioredis';

const RUN = `
local info = redis.call('INFO', 'server', 'replication')
local run = string.match(info, 'run_id:(%x+)') .. ':' .. string.match(info, 'master_replid:(%x+)')
`;

/**
 * KEYS: the epoch's hash, the keys of the operations, then the gone keys of the applications that these draw in.
 * ARGV: the epoch, the seconds that a counter lives, the seconds that an idempotency key lives, the number of gone keys,
 * then the operations. Returns nothing if the epoch is not this one, is not
 * open, or was opened in another run of the server. Else returns the time in milliseconds and a reply for each
 * operation (its keys | its arguments: the reply):
 * - d counter | count: the last of the drawn numbers, -1 if there is no counter, -3 if the application or chat was
 *   deleted.
 * - k counter, key | count, body, event, absent: the same, or the key's stored result if it has one and there is a
 *   counter. Without a counter only the store may know that the application or chat was deleted.
 * - r counter, rate | messages a second, burst, how many counts, counts: like d, but instead of a number an array: the
 *   last number, how many of the counts were drawn (the longest prefix that fits), how many more messages fit (a text).
 * - q counter, key, rate | as for k, messages a second, burst: like k, but instead of a number an array as for r. What
 *   the key repeats is never limited.
 * - a key | body, event, absent, token: 0, or the key's stored result if it has one.
 *   Both k and a: -2 if only the store can know the result. `absent` is 1 if the store was found not to know the key.
 * - c key | event: 0. The key is confirmed, if it still belongs to this event.
 * - s counter | highest: 0. The counter exists, perhaps as that of a deleted application or chat.
 * - n | : 0. Only checks the epoch.
 */
const ROUND = `${RUN}
local epoch = redis.call('HMGET', KEYS[1], 'n', 'run', 'state', 'opened')
if epoch[1] ~= ARGV[1] or epoch[2] ~= run or epoch[3] ~= 'open' then return false end
local counterSeconds, keySeconds = ARGV[2], ARGV[3]
local time = redis.call('TIME')
local at = time[1] .. string.format('%03d', math.floor(time[2] / 1000))

local nextKey, nextArgument = 1, 5
local function key()
  nextKey = nextKey + 1
  return KEYS[nextKey]
end
local function argument()
  nextArgument = nextArgument + 1
  return ARGV[nextArgument - 1]
end

-- One call looks for all applications. Almost always none is gone.
local goneKeys = tonumber(ARGV[4])
local gone = nil
if goneKeys > 0 and redis.call('EXISTS', unpack(KEYS, #KEYS - goneKeys + 1)) > 0 then
  gone = {}
  for i = #KEYS - goneKeys + 1, #KEYS do
    if redis.call('EXISTS', KEYS[i]) == 1 then gone[string.match(KEYS[i], '([^:]+)$')] = true end
  end
end

-- Returns why nothing can be drawn from a counter: -1 or -3; nil if numbers can be drawn.
local function refusal(counter)
  if gone and gone[string.match(counter, '}:e%d+:%a+:([^:]+)')] then return -3 end
  local last = redis.call('GETEX', counter, 'EX', counterSeconds)
  if not last then return -1 end
  if last == 'gone' then return -3 end
  return nil
end
local function remember(name, body, first, event, token)
  redis.call('SET', name, table.concat({ 'd', body, first, event, ARGV[1], at, token }, ' '), 'EX', keySeconds)
end
-- Returns a key's stored result, or -2 if only the store can know it: keys may be lost with the last epoch, and an
-- unconfirmed draw of that epoch may be stored or not.
local young = ARGV[1] ~= '1' and tonumber(at) - tonumber(epoch[4]) < keySeconds * 1000
local function recall(name, absent)
  local known = redis.call('GET', name)
  if known then
    local drawnIn = string.match(known, '^d %S+ %S+ %S+ (%d+) ')
    if drawnIn == nil or drawnIn == ARGV[1] then return known end
    if absent == '0' then return -2 end
  elseif young and absent == '0' then
    return -2
  end
  return nil
end

-- Returns the reply to a draw with a key for which nothing can be drawn, or was drawn before; nil if it can draw now.
local function answeredBefore(counter, name, absent)
  local refused = refusal(counter)
  if refused == -3 then return refused end
  local known = recall(name, absent)
  if known == -2 then return known end
  return refused or known
end

-- How many messages of an application fit (GCRA). Redis keeps the share of the burst that is used up, from 0 to 1. It
-- falls evenly with time. (A share, not the time at which all is free again: if the limit is raised from 1 to 100 a
-- second, an application that has used up its burst would else wait for a quarter of an hour.)
local now = time[1] * 1000000 + time[2]
local buckets = {}
local function bucketOf(name, perSecond, burst)
  local bucket = buckets[name]
  if not bucket then
    bucket = { used = 0, changed = false }
    local known = redis.call('GET', name)
    if known then
      local usedAt, used = string.match(known, '^(%S+) (%S+)$')
      local passed = now - usedAt
      -- After the clock was set back, time counts from now on: else nothing would become free until it is as late again.
      if passed < 0 then passed, bucket.changed = 0, true end
      bucket.used = math.max(0, used - passed * perSecond / (burst * 1000000))
    end
    buckets[name] = bucket
  end
  bucket.perSecond, bucket.burst = tonumber(perSecond), tonumber(burst)
  return bucket
end
-- Draws for the longest prefix of the counts that fits. The sums of shares may be off by less than 1e-6 of a message.
local function take(counter, bucket, counts)
  local room = (1 - bucket.used) * bucket.burst
  local sum, granted, last = 0, 0, 0
  for _, count in ipairs(counts) do
    if sum + count > room + 0.000001 then break end
    sum, granted = sum + count, granted + 1
  end
  if granted > 0 then
    last = redis.call('INCRBY', counter, string.format('%.0f', sum))
    bucket.used = bucket.used + sum / bucket.burst
    bucket.changed = true
  end
  return { last, granted, string.format('%.17g', room - sum) }
end
-- What is drawn is paid for at the end of the script, once for all operations. Each key lives until it says nothing.
local function keepBuckets()
  for name, bucket in pairs(buckets) do
    if bucket.changed then
      local freeAfterMs = math.ceil(bucket.used * bucket.burst / bucket.perSecond * 1000)
      local used = string.format('%.0f %.17g', now, bucket.used)
      redis.call('SET', name, used, 'PX', string.format('%.0f', math.max(1, freeAfterMs)))
    end
  end
end

local operations = {
  d = function()
    local counter, count = key(), argument()
    return refusal(counter) or redis.call('INCRBY', counter, count)
  end,
  k = function()
    local counter, name = key(), key()
    local count, body, event, absent = argument(), argument(), argument(), argument()
    local answered = answeredBefore(counter, name, absent)
    if answered then return answered end
    local last = redis.call('INCRBY', counter, count)
    remember(name, body, string.format('%.0f', last - count + 1), event, '-')
    return last
  end,
  r = function()
    local counter, rate = key(), key()
    local perSecond, burst, length = argument(), argument(), argument()
    local counts = {}
    for i = 1, tonumber(length) do counts[i] = tonumber(argument()) end
    return refusal(counter) or take(counter, bucketOf(rate, perSecond, burst), counts)
  end,
  q = function()
    local counter, name, rate = key(), key(), key()
    local count, body, event, absent = argument(), argument(), argument(), argument()
    local perSecond, burst = argument(), argument()
    local answered = answeredBefore(counter, name, absent)
    if answered then return answered end
    local taken = take(counter, bucketOf(rate, perSecond, burst), { tonumber(count) })
    if taken[2] == 1 then remember(name, body, string.format('%.0f', taken[1] - count + 1), event, '-') end
    return taken
  end,
  a = function()
    local name, body, event, absent, token = key(), argument(), argument(), argument(), argument()
    local known = recall(name, absent)
    if known then return known end
    remember(name, body, '0', event, token)
    return 0
  end,
  c = function()
    local name, event = key(), argument()
    local known = redis.call('GET', name)
    if known and string.match(known, '^%S+ %S+ %S+ (%S+) ') == event then redis.call('SETRANGE', name, 0, 'c') end
    return 0
  end,
  s = function()
    redis.call('SET', key(), argument(), 'NX', 'EX', counterSeconds)
    return 0
  end,
  n = function() return 0 end,
}

local replies = { at }
while nextArgument <= #ARGV do replies[#replies + 1] = operations[argument()]() end
keepBuckets()
return replies
`;

/**
 * Ends the numbers of a deleted application or chat. KEYS: the epoch's hash, the application's gone key if that was
 * deleted. ARGV: the beginning of the partition's keys, the name of the counter without its epoch, the seconds that a
 * counter lives, the seconds that a gone key lives. Returns 1; 0 if no epoch is open in this run of the server. The
 * counter's name is built from the epoch; it shares the key's hash tag.
 */
const RETIRE = `${RUN}
local epoch = redis.call('HMGET', KEYS[1], 'n', 'run', 'state')
if epoch[2] ~= run or epoch[3] ~= 'open' then return 0 end
redis.call('SET', ARGV[1] .. 'e' .. epoch[1] .. ':' .. ARGV[2], 'gone', 'EX', ARGV[3])
if KEYS[2] then redis.call('SET', KEYS[2], '1', 'EX', ARGV[4]) end
return 1
`;

/**
 * KEYS: the epoch's hash. Returns the id of the server's run, and the epoch's number n, run and state if there is one.
 */
const READ_EPOCH = `${RUN}
local epoch = redis.call('HMGET', KEYS[1], 'n', 'run', 'state')
return { run, epoch[1], epoch[2], epoch[3] }
`;

/**
 * KEYS: the epoch's hash. ARGV: n, a run. Ends all epochs older than n and returns 1, if this is still the server's run
 * and no newer epoch is known; else 0.
 */
const CLAIM_EPOCH = `${RUN}
if run ~= ARGV[2] then return 0 end
local n = redis.call('HGET', KEYS[1], 'n')
if n and tonumber(n) >= tonumber(ARGV[1]) then return 0 end
redis.call('HSET', KEYS[1], 'n', ARGV[1], 'run', run, 'state', 'opening')
return 1
`;

/**
 * KEYS: the epoch's hash. ARGV: n, a run. Opens epoch n for draws and returns 1, if n was claimed in this run and is
 * unchanged since; else 0.
 */
const OPEN_EPOCH = `${RUN}
local epoch = redis.call('HMGET', KEYS[1], 'n', 'run', 'state')
if run ~= ARGV[2] or epoch[1] ~= ARGV[1] or epoch[2] ~= run then return 0 end
if epoch[3] ~= 'opening' then return 0 end
local time = redis.call('TIME')
redis.call('HSET', KEYS[1], 'state', 'open', 'opened', time[1] .. string.format('%03d', math.floor(time[2] / 1000)))
return 1
`;

/**
 * KEYS: the epoch's hash, a counter that was used in it. ARGV: n. Ends epoch n and returns 1 if the counter does not
 * exist.
 */
const LOSE_EPOCH = `
local epoch = redis.call('HMGET', KEYS[1], 'n', 'state')
if epoch[1] ~= ARGV[1] or epoch[2] ~= 'open' or redis.call('EXISTS', KEYS[2]) == 1 then return 0 end
redis.call('HSET', KEYS[1], 'state', 'lost')
return 1
`;

/**
 * Adds live counts. KEYS: the set of generations, the present generation's hashes of chats and of messages. ARGV: that
 * generation, seconds to live, then for each count the hash (1: chats, 2: messages), the field, the count.
 */
const ADD_COUNTS = `
redis.call('ZADD', KEYS[1], ARGV[1], ARGV[1])
for i = 3, #ARGV, 3 do redis.call('HINCRBY', KEYS[1 + ARGV[i]], ARGV[i + 1], ARGV[i + 2]) end
redis.call('EXPIRE', KEYS[2], ARGV[2])
redis.call('EXPIRE', KEYS[3], ARGV[2])
`;

/**
 * Sums live counts. KEYS: the set of generations. ARGV: the last generation that is already summed, the beginning of
 * the partition's keys, `chats` or `messages`, fields. Returns a sum for each field. The hashes' names are built from
 * the generations; they share the key's hash tag.
 */
const PENDING_COUNTS = `
local fields, sums = {}, {}
for i = 4, #ARGV do
  fields[#fields + 1] = ARGV[i]
  sums[#sums + 1] = 0
end
for _, generation in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '(' .. ARGV[1], '+inf')) do
  local counts = redis.call('HMGET', ARGV[2] .. 'g' .. generation .. ':' .. ARGV[3], unpack(fields))
  for i, count in ipairs(counts) do if count then sums[i] = sums[i] + count end end
end
return sums
`;

/**
 * Deletes live counts. KEYS: the set of generations. ARGV: the last one to delete, the beginning of the partition's
 * keys.
 */
const DROP_COUNTS = `
for _, generation in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', ARGV[1])) do
  redis.call('UNLINK', ARGV[2] .. 'g' .. generation .. ':chats', ARGV[2] .. 'g' .. generation .. ':messages')
end
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ARGV[1])
`;

/**
 * Tells a hint, with the next number. KEYS: the counter of the hints, whose name is also that of the channel. ARGV: the
 * hint.
 */
const TELL_HINT = `
redis.call('PUBLISH', KEYS[1], string.format('%.0f ', redis.call('INCR', KEYS[1])) .. ARGV[1])
`;

/**
 * KEYS: the sorted set of programs, the figures of one. ARGV: its id, the figures, how many milliseconds they are kept,
 * the most programs.
 */
const PUT_FIGURES = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('SET', KEYS[2], ARGV[2], 'PX', ARGV[3])
redis.call('ZADD', KEYS[1], string.format('%.0f', now), ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', string.format('(%.0f', now - ARGV[3]))
redis.call('ZREMRANGEBYRANK', KEYS[1], 0, -1 - ARGV[4])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
`;

/**
 * KEYS: the sorted set of programs. ARGV: the beginning of the figures' keys, the most programs. Returns their figures.
 * The names of the keys are built from the ids; they share the key's hash tag.
 */
const ALL_FIGURES = `
local names = redis.call('ZREVRANGE', KEYS[1], 0, ARGV[2] - 1)
if #names == 0 then return names end
for i, id in ipairs(names) do names[i] = ARGV[1] .. 'of:' .. id end
return redis.call('MGET', unpack(names))
`;

type Argument = string | number;

declare module 'ioredis' {
  interface RedisCommander<Context> {
    parleyRound(keyCount: number, ...keysAndArguments: Argument[]): Result<unknown, Context>;
    parleyRetire(keyCount: number, ...keysAndArguments: Argument[]): Result<unknown, Context>;
    parleyReadEpoch(epochKey: string): Result<unknown, Context>;
    parleyClaimEpoch(epochKey: string, n: number, run: string): Result<unknown, Context>;
    parleyOpenEpoch(epochKey: string, n: number, run: string): Result<unknown, Context>;
    parleyLoseEpoch(epochKey: string, counter: string, n: number): Result<unknown, Context>;
    parleyAddCounts(
      generations: string,
      chats: string,
      messages: string,
      ...args: Argument[]
    ): Result<unknown, Context>;
    parleyPendingCounts(generations: string, ...args: Argument[]): Result<unknown, Context>;
    parleyDropCounts(generations: string, through: number, base: string): Result<unknown, Context>;
    parleyTellHint(counter: string, hint: string): Result<unknown, Context>;
    parleyPutFigures(
      programs: string,
      figures: string,
      id: string,
      text: string,
      keptMs: number,
      programsMax: number,
    ): Result<unknown, Context>;
    parleyAllFigures(programs: string, base: string, programsMax: number): Result<unknown, Context>;
  }
}

export function defineScripts(client: Redis | Cluster): void {
  client.defineCommand('parleyRound', { lua: ROUND });
  client.defineCommand('parleyRetire', { lua: RETIRE });
  client.defineCommand('parleyReadEpoch', { lua: READ_EPOCH, numberOfKeys: 1 });
  client.defineCommand('parleyClaimEpoch', { lua: CLAIM_EPOCH, numberOfKeys: 1 });
  client.defineCommand('parleyOpenEpoch', { lua: OPEN_EPOCH, numberOfKeys: 1 });
  client.defineCommand('parleyLoseEpoch', { lua: LOSE_EPOCH, numberOfKeys: 2 });
  client.defineCommand('parleyAddCounts', { lua: ADD_COUNTS, numberOfKeys: 3 });
  client.defineCommand('parleyPendingCounts', { lua: PENDING_COUNTS, numberOfKeys: 1 });
  client.defineCommand('parleyDropCounts', { lua: DROP_COUNTS, numberOfKeys: 1 });
  client.defineCommand('parleyTellHint', { lua: TELL_HINT, numberOfKeys: 1 });
  client.defineCommand('parleyPutFigures', { lua: PUT_FIGURES, numberOfKeys: 2 });
  client.defineCommand('parleyAllFigures', { lua: ALL_FIGURES, numberOfKeys: 1 });
}

import type { Cluster, Redis, Result } from 'ioredis';

/**
 * The scripts that run inside Redis, each atomic.
 *
 * What a script may rely on is that the server has not forgotten anything since the epoch was opened. It can tell by
 * itself: the epoch's hash names the run that it was opened in, and a server that was restarted, restored or promoted
 * from a replica has another run id or replication id. So no draw can pass on a server that nobody has looked at, on
 * whatever connection it arrives, and a command that is sent twice costs a gap and never a repetition.
 * (INFO of these two sections takes 5 µs, once a round.)
 */
const RUN = `
local info = redis.call('INFO', 'server', 'replication')
local run = string.match(info, 'run_id:(%x+)') .. ':' .. string.match(info, 'master_replid:(%x+)')
`;

/**
 * KEYS: the epoch's hash, then those of the operations. ARGV: the epoch, seconds that a counter and that a key live,
 * then the operations. Answers nothing where the epoch is another or was opened in another run; else the time in
 * milliseconds and a reply for each operation:
 * - d counter | count: the last of the drawn numbers, -1 where there is no counter.
 * - k counter, key | count, body, event: the same, or what the key says where it is known.
 * - a key | body, event, epoch, token: 0, or what the key says where it is known.
 * - c key | : 0. The key is confirmed.
 * - s counter | highest: 0. The counter exists.
 * - n | : 0. Nothing, but the epoch was still this one.
 */
const ROUND = `${RUN}
local epoch = redis.call('HMGET', KEYS[1], 'n', 'run_id')
if epoch[1] ~= ARGV[1] or epoch[2] ~= run then return false end
local counterSeconds, keySeconds = ARGV[2], ARGV[3]
local time = redis.call('TIME')
local at = time[1] .. string.format('%03d', math.floor(time[2] / 1000))

local nextKey, nextArgument = 1, 4
local function key()
  nextKey = nextKey + 1
  return KEYS[nextKey]
end
local function argument()
  nextArgument = nextArgument + 1
  return ARGV[nextArgument - 1]
end

local function draw(counter, count)
  if not redis.call('GETEX', counter, 'EX', counterSeconds) then return -1 end
  return redis.call('INCRBY', counter, count)
end
local function remember(name, body, first, event, epoch, token)
  redis.call('SET', name, table.concat({ 'd', body, first, event, epoch, at, token }, ' '), 'EX', keySeconds)
end

local operations = {
  d = function() return draw(key(), argument()) end,
  k = function()
    local counter, name, count, body, event = key(), key(), argument(), argument(), argument()
    local known = redis.call('GET', name)
    if known then return known end
    local last = draw(counter, count)
    if last ~= -1 then remember(name, body, string.format('%.0f', last - count + 1), event, ARGV[1], '-') end
    return last
  end,
  a = function()
    local name, body, event, own, token = key(), argument(), argument(), argument(), argument()
    local known = redis.call('GET', name)
    if known then return known end
    remember(name, body, '0', event, own, token)
    return 0
  end,
  c = function()
    local name = key()
    if redis.call('EXISTS', name) == 1 then redis.call('SETRANGE', name, 0, 'c') end
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
return replies
`;

/** KEYS: the epoch's hash. Answers the run that this is, and n and the run of the epoch where there is one. */
const READ_EPOCH = `${RUN}
local epoch = redis.call('HMGET', KEYS[1], 'n', 'run_id')
return { run, epoch[1], epoch[2] }
`;

/** KEYS: the epoch's hash. ARGV: n, a run. Opens epoch n if this is still that run and no such epoch is open. */
const OPEN_EPOCH = `${RUN}
if run ~= ARGV[2] then return 0 end
local n = redis.call('HGET', KEYS[1], 'n')
if n and tonumber(n) >= tonumber(ARGV[1]) then return 0 end
redis.call('HSET', KEYS[1], 'n', ARGV[1], 'run_id', run)
return 1
`;

/** KEYS: the generations, the hashes of chats and of messages. ARGV: the generation, seconds to live, then hash (1: chats, 2: messages), field, count. */
const ADD_COUNTS = `
redis.call('ZADD', KEYS[1], ARGV[1], ARGV[1])
for i = 3, #ARGV, 3 do redis.call('HINCRBY', KEYS[1 + ARGV[i]], ARGV[i + 1], ARGV[i + 2]) end
redis.call('EXPIRE', KEYS[2], ARGV[2])
redis.call('EXPIRE', KEYS[3], ARGV[2])
`;

/**
 * KEYS: the generations. ARGV: the generation above which counts wait, the partition's base, the hash's name, fields.
 * Answers a sum for each field. The hashes' names follow from the generations; they have the hash tag of the key.
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

/** KEYS: the generations. ARGV: the last generation to forget, the partition's base. */
const DROP_COUNTS = `
for _, generation in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', ARGV[1])) do
  redis.call('UNLINK', ARGV[2] .. 'g' .. generation .. ':chats', ARGV[2] .. 'g' .. generation .. ':messages')
end
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ARGV[1])
`;

type Argument = string | number;

declare module 'ioredis' {
  interface RedisCommander<Context> {
    parleyRound(keyCount: number, ...keysAndArguments: Argument[]): Result<unknown, Context>;
    parleyReadEpoch(epochKey: string): Result<unknown, Context>;
    parleyOpenEpoch(epochKey: string, n: number, run: string): Result<unknown, Context>;
    parleyAddCounts(
      generations: string,
      chats: string,
      messages: string,
      ...args: Argument[]
    ): Result<unknown, Context>;
    parleyPendingCounts(generations: string, ...args: Argument[]): Result<unknown, Context>;
    parleyDropCounts(generations: string, through: number, base: string): Result<unknown, Context>;
  }
}

/** Makes the scripts commands of the client. */
export function defineScripts(client: Redis | Cluster): void {
  client.defineCommand('parleyRound', { lua: ROUND });
  client.defineCommand('parleyReadEpoch', { lua: READ_EPOCH, numberOfKeys: 1 });
  client.defineCommand('parleyOpenEpoch', { lua: OPEN_EPOCH, numberOfKeys: 1 });
  client.defineCommand('parleyAddCounts', { lua: ADD_COUNTS, numberOfKeys: 3 });
  client.defineCommand('parleyPendingCounts', { lua: PENDING_COUNTS, numberOfKeys: 1 });
  client.defineCommand('parleyDropCounts', { lua: DROP_COUNTS, numberOfKeys: 1 });
}

internal import GatehouseCore
internal import RedisClient

/// What Redis does in one step. Redis' own clock decides every end; a script names every key that it touches in KEYS, and
/// touches keys of one person alone. A session that is not there, or is over, is never written to: nothing brings one
/// back.
enum SessionScripts {
    /// How long the traces of an ended session stay, in milliseconds.
    static let memoryOfEnds: Int64 = 600_000
    /// Longer than any session may last (`sessions.absolute` is at most 400 days): a person's epoch outlives all that it
    /// voids.
    static let longest: Int64 = 400 * 86_400_000

    /// `now`, in milliseconds, by Redis' clock.
    static let clock: StaticString =
        """
        local time = redis.call('TIME')
        local now = time[1] * 1000 + math.floor(time[2] / 1000)

        """

    /// KEYS: session, epoch, tombstone. Answers { now, record, epoch, cause }; reads alone, so that it works on a Redis that
    /// is full.
    static let find = RedisScript(
        clock,
        """
        return {now, redis.call('HGETALL', KEYS[1]), redis.call('GET', KEYS[2]) or '', redis.call('GET', KEYS[3]) or ''}
        """,
        readOnly: true
    )

    /// KEYS: session, index, epoch. ARGV: id, idle, absolute, token field, host, memory of ends, sessions per person, field,
    /// value, … Answers { now, record, epoch, '', ids of those that are too many, … }.
    static let create = RedisScript(
        clock,
        """
        local idle, absolute, memory = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[6])
        local idleEnd = math.min(now + idle, now + absolute)
        redis.call('HSET', KEYS[1], 'created', now, 'absolute', now + absolute, 'idle', idle, 'idle_end', idleEnd,
            ARGV[4], now .. ' ' .. ARGV[5], unpack(ARGV, 8))
        if tonumber(redis.call('HGET', KEYS[1], 'checked')) > now then redis.call('HSET', KEYS[1], 'checked', now) end
        redis.call('PEXPIREAT', KEYS[1], idleEnd + memory)
        redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now)
        redis.call('ZADD', KEYS[2], now + absolute, ARGV[1])
        if redis.call('PTTL', KEYS[2]) < absolute + memory then redis.call('PEXPIRE', KEYS[2], absolute + memory) end
        local excess, surplus = redis.call('ZCARD', KEYS[2]) - tonumber(ARGV[7]), {}
        if excess > 0 then surplus = redis.call('ZRANGE', KEYS[2], 0, excess - 1) end
        return {now, redis.call('HGETALL', KEYS[1]), redis.call('GET', KEYS[3]) or '', '', unpack(surplus)}
        """
    )

    /// Whether the session of KEYS[1] is live under the epoch of KEYS[2]; `now`, `isLive` and `ends` for what follows.
    private static let judgement: StaticString =
        """
        local facts = redis.call('HMGET', KEYS[1], 'created', 'absolute', 'idle', 'idle_end')
        local created, absolute = tonumber(facts[1]), tonumber(facts[2])
        local idle, idleEnd = tonumber(facts[3]), tonumber(facts[4])
        local isLive = created and absolute and idle and idleEnd and now < absolute and now < idleEnd
            and created > tonumber(redis.call('GET', KEYS[2]) or '-1')

        """

    /// KEYS: session, epoch. ARGV: least movement, memory of ends. Answers 1 when the idle end moved.
    static let touch = RedisScript(
        clock,
        judgement,
        """
        if not isLive then return 0 end
        local moved = math.min(now + idle, absolute)
        if moved - idleEnd < tonumber(ARGV[1]) then return 0 end
        redis.call('HSET', KEYS[1], 'idle_end', moved)
        redis.call('PEXPIREAT', KEYS[1], moved + tonumber(ARGV[2]))
        return 1
        """
    )

    /// KEYS: session, epoch. ARGV: token field, host, tokens per host. Answers as `find` does, and the field that had to go.
    static let addToken = RedisScript(
        clock,
        judgement,
        """
        if not isLive then return {now, {}, '', ''} end
        local held = redis.call('HGETALL', KEYS[1])
        local count, oldest, oldestAt = 0, nil, nil
        for i = 1, #held, 2 do
            if string.sub(held[i], 1, 2) == 't:' then
                local at, host = string.match(held[i + 1], '^(%d+) (.*)$')
                if host == ARGV[2] then
                    count = count + 1
                    if not oldestAt or tonumber(at) < oldestAt then oldest, oldestAt = held[i], tonumber(at) end
                end
            end
        end
        if count >= tonumber(ARGV[3]) then redis.call('HDEL', KEYS[1], oldest) else oldest = nil end
        redis.call('HSET', KEYS[1], ARGV[1], now .. ' ' .. ARGV[2])
        return {now, redis.call('HGETALL', KEYS[1]), redis.call('GET', KEYS[2]) or '', '', oldest}
        """
    )

    /// KEYS: waiting tickets of a session. ARGV: ticket, lifetime, limit. Answers the ticket that has to go, or nothing.
    static let wait = RedisScript(
        """
        redis.call('RPUSH', KEYS[1], ARGV[1])
        redis.call('PEXPIRE', KEYS[1], ARGV[2])
        if redis.call('LLEN', KEYS[1]) > tonumber(ARGV[3]) then return redis.call('LPOP', KEYS[1]) end
        return false
        """
    )

    /// KEYS: session, epoch. ARGV: token field, host, authentication methods. Every other token is gone afterwards.
    static let rotate = RedisScript(
        clock,
        judgement,
        """
        if not isLive then return {now, {}, '', ''} end
        for _, field in ipairs(redis.call('HKEYS', KEYS[1])) do
            if string.sub(field, 1, 2) == 't:' then redis.call('HDEL', KEYS[1], field) end
        end
        redis.call('HSET', KEYS[1], ARGV[1], now .. ' ' .. ARGV[2], 'amr', ARGV[3])
        return {now, redis.call('HGETALL', KEYS[1]), redis.call('GET', KEYS[2]) or '', ''}
        """
    )

    /// KEYS: session, epoch. ARGV: moment at which the directory was asked, field, value, … What was asked later stays.
    static let renew = RedisScript(
        clock,
        judgement,
        """
        if not isLive then return {now, {}, '', ''} end
        local asked = math.min(tonumber(ARGV[1]), now)
        if tonumber(redis.call('HGET', KEYS[1], 'checked') or '0') <= asked then
            redis.call('HSET', KEYS[1], unpack(ARGV, 2))
            redis.call('HSET', KEYS[1], 'checked', asked)
        end
        return {now, redis.call('HGETALL', KEYS[1]), redis.call('GET', KEYS[2]) or '', ''}
        """
    )

    /// KEYS: session, epoch, tombstone, index. ARGV: id, cause, memory of ends, channel, message. Delete, tombstone, publish.
    /// Answers 1 when it was live.
    static let end = RedisScript(
        clock,
        judgement,
        """
        redis.call('ZREM', KEYS[4], ARGV[1])
        if redis.call('DEL', KEYS[1]) == 0 then return 0 end
        local cause = ARGV[2]
        if not isLive then
            cause = absolute and now >= absolute and 'absolute' or idleEnd and now >= idleEnd and 'idle' or 'revoked'
        end
        local left = math.max((absolute or now) - now, 0) + tonumber(ARGV[3])
        redis.call('SET', KEYS[3], cause, 'PX', left)
        redis.call('PUBLISH', ARGV[4], ARGV[5])
        return isLive and 1 or 0
        """
    )

    /// What `end` is told besides its keys.
    static func endArguments(_ id: SessionID, _ keys: PersonKeys, _ cause: SessionEnd) -> [RedisArgument] {
        [
            RedisArgument(id.description), RedisArgument(cause.rawValue), RedisArgument(memoryOfEnds),
            RedisArgument(RedisKeys.revocations), RedisArgument("\(keys.tag) \(id)"),
        ]
    }

    /// KEYS: epoch. ARGV: moment, longest. Voids what began at that moment or before.
    static let void = RedisScript(
        """
        if tonumber(redis.call('GET', KEYS[1]) or '-1') < tonumber(ARGV[1]) then
            redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
        end
        return 1
        """
    )

    /// KEYS: epoch, index, then session and tombstone of each that was listed. ARGV: cause, memory of
    /// ends, longest, channel, message. What began at this moment or before, listed or not, is void. Answers how many
    /// were live, and the moment.
    static let endAll = RedisScript(
        clock,
        """
        local before = tonumber(redis.call('GET', KEYS[1]) or '-1')
        local count = 0
        for i = 3, #KEYS, 2 do
            local facts = redis.call('HMGET', KEYS[i], 'created', 'absolute', 'idle_end')
            local created, absolute, idleEnd = tonumber(facts[1]), tonumber(facts[2]), tonumber(facts[3])
            if created and absolute and idleEnd then
                redis.call('DEL', KEYS[i])
                if now < absolute and now < idleEnd and created > before then
                    count = count + 1
                    redis.call('SET', KEYS[i + 1], ARGV[1], 'PX', absolute - now + tonumber(ARGV[2]))
                end
            end
        end
        redis.call('DEL', KEYS[2])
        local epoch = math.max(now, before)
        redis.call('SET', KEYS[1], epoch, 'PX', ARGV[3])
        redis.call('PUBLISH', ARGV[4], ARGV[5] .. ' ' .. string.format('%.0f', epoch))
        return {count, epoch}
        """
    )
}

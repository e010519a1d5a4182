package import Cryptography
package import GatehouseCore
package import NIOCore
package import RedisClient

/// Counts failed sign-ins for all nodes together.
///
/// A name, a person and a network have one small value each, under a key that says nothing of whose it is: an HMAC under
/// the gateway's key, cut to 22 bits. So there are never more than four million keys of each kind, whoever types whatever
/// names; two names that share a key share their failures, which is one chance in four million for each pair. Every value
/// ends by itself.
package final class RedisSignInLimiter: SignInLimiter {
    private let redis: RedisClient
    private let key: GatewayKey
    private let limits: @Sendable () -> SignInLimits

    /// - Parameter limits: those in force, asked at each attempt, because a reload changes them.
    package init(redis: RedisClient, key: GatewayKey, limits: @escaping @Sendable () -> SignInLimits) {
        self.redis = redis
        self.key = key
        self.limits = limits
    }

    package func reserve(
        name: FoldedName?,
        address: SourceAddress,
        on eventLoop: any EventLoop
    ) -> EventLoopFuture<SignInAdmission> {
        let limits = limits()
        let reservation = SignInReservation(name: name, address: address, nonce: SignInReservation.makeNonce())
        return spend(.reserve, address, limits, on: eventLoop).flatMap { wait in
            if let wait {
                return eventLoop.makeSucceededFuture(
                    .refused(SignInRefusal(reason: .networkThrottled, retryAfter: wait))
                )
            }
            guard let name else { return eventLoop.makeSucceededFuture(.admitted(reservation)) }
            return self.count(.reserve, LimitKey.name(name), reservation, limits, on: eventLoop).map { wait in
                wait.map { .refused(SignInRefusal(reason: .accountLocked, retryAfter: $0)) }
                    ?? .admitted(reservation)
            }
        }
    }

    package func admit(
        _ subject: SubjectID,
        _ reservation: SignInReservation,
        on eventLoop: any EventLoop
    ) -> EventLoopFuture<Bool> {
        count(.reserve, LimitKey.person(subject), reservation, limits(), on: eventLoop).map { $0 == nil }
    }

    package func settle(
        _ reservation: SignInReservation,
        _ outcome: SignInOutcome,
        on eventLoop: any EventLoop
    ) -> EventLoopFuture<SignInRefusal?> {
        let limits = limits()
        let step: Step =
            switch outcome {
            case .unanswered: .giveBack
            case .succeeded: .clear
            case .failed: .fail
            }
        func judge(_ key: String?) -> EventLoopFuture<Duration?> {
            key.map { count(step, $0, reservation, limits, on: eventLoop) } ?? eventLoop.makeSucceededFuture(nil)
        }
        let name = judge(reservation.name.map(LimitKey.name))
        let person = judge(reservation.person.map(LimitKey.person))
        // A failure has paid already.
        let network =
            step == .fail
            ? eventLoop.makeSucceededFuture(nil) : spend(.giveBack, reservation.address, limits, on: eventLoop)
        return name.and(person.and(network)).map { wait, _ in
            step == .fail ? wait.map { SignInRefusal(reason: .accountLocked, retryAfter: $0) } : nil
        }
    }

    private enum Step: String {
        case reserve
        case giveBack = "give_back"
        case fail
        case clear
    }

    /// - Returns: how long to wait where the name or person is locked, or has no place left.
    private func count(
        _ step: Step,
        _ subject: String,
        _ reservation: SignInReservation,
        _ limits: SignInLimits,
        on eventLoop: any EventLoop
    ) -> EventLoopFuture<Duration?> {
        run(
            SignInScripts.account,
            bucket("gh:l:", subject),
            [
                RedisArgument(step.rawValue), RedisArgument(reservation.nonce),
                RedisArgument(Int64(limits.perAccount.count)),
                RedisArgument(limits.perAccount.period.wholeMilliseconds),
                RedisArgument(limits.lockout.wholeMilliseconds),
                RedisArgument(AccountFailures.judgingTime.wholeMilliseconds),
            ],
            on: eventLoop
        )
    }

    /// - Returns: how long to wait where the network has spent all that it may.
    private func spend(
        _ step: Step,
        _ address: SourceAddress,
        _ limits: SignInLimits,
        on eventLoop: any EventLoop
    ) -> EventLoopFuture<Duration?> {
        run(
            SignInScripts.network,
            bucket("gh:n:", LimitKey.network(address)),
            [
                RedisArgument(step.rawValue), RedisArgument(Int64(limits.perNetwork.count)),
                RedisArgument(limits.perNetwork.period.wholeMilliseconds),
            ],
            on: eventLoop
        )
    }

    private func run(
        _ script: RedisScript,
        _ key: String,
        _ arguments: [RedisArgument],
        on eventLoop: any EventLoop
    ) -> EventLoopFuture<Duration?> {
        redis.evaluate(script, keys: [key], arguments: arguments, on: eventLoop).flatMapThrowing { value in
            guard let wait = value.int else { throw MalformedReply() }
            return wait > 0 ? .milliseconds(wait) : nil
        }
    }

    private func bucket(_ prefix: String, _ text: String) -> String {
        let code = key.authenticate(Array(text.utf8), for: .limitNames)
        let number = (UInt32(code[0]) << 16 | UInt32(code[1]) << 8 | UInt32(code[2])) >> 2
        return prefix + String(number, radix: 36)
    }
}

/// Values are short texts, not hashes or lists: with millions of keys each byte counts.
private enum SignInScripts {
    /// KEYS: account. ARGV: step, nonce, count, period, lockout, judging time. The value is
    /// `LOCKED_UNTIL|AT NONCE,AT NONCE,…`, with `!` before the nonce of a failure; the others are still being judged and
    /// stay for the judging time at least. Answers for how many milliseconds to wait, or 0. What it keeps and why is said
    /// at ``AccountFailures``.
    static let account = RedisScript(
        """
        local time = redis.call('TIME')
        local now = time[1] * 1000 + math.floor(time[2] / 1000)
        local step, nonce = ARGV[1], ARGV[2]
        local limit, period, lockout = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
        local judging = math.max(period, tonumber(ARGV[6]))
        local value = redis.call('GET', KEYS[1]) or '0|'
        local bar = string.find(value, '|', 1, true) or 0
        local locked = tonumber(string.sub(value, 1, bar - 1)) or 0
        if locked > now then return locked - now end
        local kept, failures, last = {}, 0, now
        local function keep(at, mark, name)
            local till = at + (mark == '!' and period or judging)
            if till <= now then return end
            kept[#kept + 1] = string.format('%.0f', at) .. ' ' .. mark .. name
            if mark == '!' then failures = failures + 1 end
            last = math.max(last, till)
        end
        for at, mark, name in string.gmatch(string.sub(value, bar + 1), '(%d+) (!?)([%w_-]+)') do
            local own = name == nonce and step ~= 'reserve'
            if not own and not (step == 'clear' and mark == '!') then keep(tonumber(at), mark, name) end
        end
        if step == 'reserve' then
            if #kept >= limit then return 1000 end
            keep(now, '', nonce)
        elseif step == 'fail' then
            keep(now, '!', nonce)
            if failures >= limit then
                redis.call('SET', KEYS[1], string.format('%.0f', now + lockout) .. '|', 'PX', lockout)
                return lockout
            end
        end
        if #kept == 0 then
            redis.call('DEL', KEYS[1])
        else
            redis.call('SET', KEYS[1], '0|' .. table.concat(kept, ','), 'PX', math.max(last - now, 1))
        end
        return 0
        """
    )

    /// KEYS: network. ARGV: step, count, period. GCRA: the value is the moment at which everything spent is paid back.
    /// Answers for how many milliseconds to wait, or 0.
    static let network = RedisScript(
        """
        local time = redis.call('TIME')
        local now = time[1] * 1000 + math.floor(time[2] / 1000)
        local count, period = tonumber(ARGV[2]), tonumber(ARGV[3])
        local cost = period / count
        local arrival = tonumber(redis.call('GET', KEYS[1]) or '0') or 0
        if ARGV[1] == 'reserve' then
            local following = math.max(arrival, now) + cost
            if following > now + period then return math.max(math.ceil(following - now - period), 1000) end
            arrival = following
        else
            arrival = arrival - cost
        end
        if arrival <= now then
            redis.call('DEL', KEYS[1])
        else
            redis.call('SET', KEYS[1], string.format('%.3f', arrival), 'PX', math.ceil(arrival - now))
        end
        return 0
        """
    )
}

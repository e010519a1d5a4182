package import GatehouseCore
package import NIOCore
internal import RedisClient

/// Beginnings, changes and ends: each decided by one script over the keys of one person.
extension RedisSessionStore {
    package func create(_ beginning: SessionBeginning, on eventLoop: any EventLoop) -> EventLoopFuture<Session> {
        let id = SessionID.random()
        let subject = beginning.facts.subject.id
        let keys = PersonKeys(subject)
        let pointer = TokenPointer(session: id, keys, host: beginning.host)
        let life = beginning.lifetime.absolute.wholeMilliseconds
        var arguments: [RedisArgument] = [
            RedisArgument(id.description), RedisArgument(beginning.lifetime.idle.wholeMilliseconds),
            RedisArgument(life), RedisArgument(RedisKeys.tokenField(beginning.token)),
            RedisArgument(beginning.host), RedisArgument(SessionScripts.memoryOfEnds),
            RedisArgument(Int64(Self.sessionsPerPerson)),
        ]
        arguments += SessionRecord.fields(beginning.facts, beginning.authenticationMethods, beginning.client)
            .map { RedisArgument($0) }
        let made = redis.evaluate(
            SessionScripts.create,
            keys: [keys.session(id), keys.index, keys.epoch],
            arguments: arguments,
            on: eventLoop
        )
        // Without authority: it may stand before there is a session, and after.
        return write(pointer, for: beginning.token, life + SessionScripts.memoryOfEnds, on: eventLoop)
            .and(made).flatMapThrowing { [self] (_, value) in
                let reading = try SessionReading(value, keys, id, self.recent)
                saw(redisNow: reading.redisNow)
                guard let record = reading.live else { throw MalformedReply() }
                for oldest in reading.more.compactMap(\.text) {
                    _ = end(SessionID(oldest), of: subject, cause: .replaced, on: eventLoop)
                }
                return record.session
            }
    }

    package func end(
        _ session: SessionID,
        of subject: SubjectID,
        cause: SessionEnd,
        on eventLoop: any EventLoop
    ) -> EventLoopFuture<Bool> {
        let keys = PersonKeys(subject)
        return redis.evaluate(
            SessionScripts.end,
            keys: [keys.session(session), keys.epoch, keys.tombstone(session), keys.index],
            arguments: SessionScripts.endArguments(session, keys, cause),
            on: eventLoop
        ).flatMap { value in
            self.remember(.session(keys, session), cause)
            if value.int == 1 { self.ended(cause, 1) }
            return self.evict(.session(keys, session), on: eventLoop).map { value.int == 1 }
        }
    }

    package func endAll(
        of subject: SubjectID,
        cause: SessionEnd,
        on eventLoop: any EventLoop
    ) -> EventLoopFuture<Int> {
        let keys = PersonKeys(subject)
        return redis.send(RedisCommand("ZRANGE", keys.index, "0", "-1"), on: eventLoop).flatMap {
            (value: RedisValue) -> EventLoopFuture<RedisValue> in
            let ids = (value.elements ?? []).compactMap(\.text).map { SessionID($0) }
            return self.redis.evaluate(
                SessionScripts.endAll,
                keys: [keys.epoch, keys.index] + ids.flatMap { [keys.session($0), keys.tombstone($0)] },
                arguments: [
                    RedisArgument(cause.rawValue), RedisArgument(SessionScripts.memoryOfEnds),
                    RedisArgument(SessionScripts.longest), RedisArgument(RedisKeys.revocations),
                    RedisArgument("\(keys.tag) *"),
                ],
                on: eventLoop
            )
        }.flatMap { (value: RedisValue) in
            let count = Int(value.elements?.first?.int ?? 0)
            self.remember(.person(keys), cause, until: value.elements?.last?.int)
            if count > 0 { self.ended(cause, count) }
            return self.evict(.person(keys), on: eventLoop).map { count }
        }
    }

    package func rotate(
        _ session: SessionID,
        of subject: SubjectID,
        token: TokenDigest,
        host: String,
        authenticationMethods: [String],
        on eventLoop: any EventLoop
    ) -> EventLoopFuture<Session?> {
        let keys = PersonKeys(subject)
        return redis.evaluate(
            SessionScripts.rotate,
            keys: [keys.session(session), keys.epoch],
            arguments: [
                RedisArgument(RedisKeys.tokenField(token)), RedisArgument(host),
                RedisArgument(SessionRecord.methods(authenticationMethods)),
            ],
            on: eventLoop
        ).flatMap { value in self.point(token, to: session, keys, host: host, value, on: eventLoop) }
    }

    package func renew(
        _ session: SessionID,
        facts: SessionFacts,
        on eventLoop: any EventLoop
    ) -> EventLoopFuture<Session?> {
        let keys = PersonKeys(facts.subject.id)
        return redis.evaluate(
            SessionScripts.renew,
            keys: [keys.session(session), keys.epoch],
            arguments: [RedisArgument(facts.checkedAt.milliseconds)]
                + SessionRecord.fields(facts).map { RedisArgument($0) },
            on: eventLoop
        ).flatMap { value in
            self.evict(.session(keys, session), on: eventLoop).flatMapThrowing {
                try SessionReading(value, keys, session, self.recent).live?.session
            }
        }
    }

    /// Makes the pointer of a token that a script has just written into its session's record.
    func point(
        _ token: TokenDigest,
        to session: SessionID,
        _ keys: PersonKeys,
        host: String,
        _ value: RedisValue,
        on eventLoop: any EventLoop
    ) -> EventLoopFuture<Session?> {
        let reading: SessionReading
        do {
            reading = try SessionReading(value, keys, session, self.recent)
        } catch {
            return eventLoop.makeFailedFuture(error)
        }
        guard let live = reading.live?.session else { return eventLoop.makeSucceededFuture(nil) }
        if let gone = reading.more.first?.text {
            // Worth nothing already; it need not wait for its end.
            _ = redis.send(RedisCommand("DEL", RedisKeys.token(ofField: gone)), on: eventLoop)
        }
        let life = (live.absoluteEnd - reading.redisNow).wholeMilliseconds + SessionScripts.memoryOfEnds
        return write(TokenPointer(session: session, keys, host: host), for: token, life, on: eventLoop)
            .and(evict(.session(keys, session), on: eventLoop)).map { _ in live }
    }

    /// - Parameter life: in milliseconds.
    func write(
        _ pointer: TokenPointer,
        for token: TokenDigest,
        _ life: Int64,
        on eventLoop: any EventLoop
    ) -> EventLoopFuture<Void> {
        redis.send(
            RedisCommand(words: [
                "SET", RedisArgument(RedisKeys.token(token)), RedisArgument(pointer.encoded), "PX",
                RedisArgument(life),
            ]),
            on: eventLoop
        ).map { _ in }
    }
}

internal import GatehouseCore
internal import NIOCore
internal import RedisClient

/// What Redis answers about one session: judged by Redis' clock.
struct SessionReading: Sendable {
    enum Finding: Sendable {
        case live(SessionRecord)
        case ended(SessionEnd)
        case unknown
    }

    let finding: Finding
    let redisNow: Timestamp
    /// What stands behind the four parts that every script answers.
    let more: [RedisValue]

    /// - Parameters:
    ///   - value: { now, record, epoch, cause, … } as the scripts answer.
    ///   - recent: what this node knows to have ended, whatever the server says.
    init(
        _ value: RedisValue,
        _ keys: PersonKeys,
        _ id: SessionID,
        _ recent: RecentEnds
    ) throws(MalformedReply) {
        guard let parts = value.elements, parts.count >= 4, let now = parts[0].int, SessionRecord.isMoment(now),
            let record = parts[1].elements,
            record.count.isMultiple(of: 2), let epoch = parts[2].text, let cause = parts[3].text
        else { throw MalformedReply() }
        redisNow = Timestamp(milliseconds: now)
        more = Array(parts[4...])
        guard !record.isEmpty else {
            finding = SessionEnd(rawValue: cause).map { .ended($0) } ?? .unknown
            return
        }
        var fields: [String: [UInt8]] = [:]
        for index in stride(from: 0, to: record.count, by: 2) {
            guard let name = record[index].text, let bytes = record[index + 1].bytes else { throw MalformedReply() }
            fields[name] = bytes
        }
        guard let found = SessionRecord(id: id, keys: keys, fields: fields) else {
            finding = .unknown
            return
        }
        let session = found.session
        if let epoch = Int64(epoch), session.createdAt.milliseconds <= epoch {
            finding = .ended(.revoked)
        } else if redisNow >= session.absoluteEnd {
            finding = .ended(.absolute)
        } else if redisNow >= session.idleEnd {
            finding = .ended(.idle)
        } else if let cause = recent.knows(session, keys) {
            finding = .ended(cause)
        } else {
            finding = .live(found)
        }
    }

    var live: SessionRecord? {
        if case .live(let record) = finding { record } else { nil }
    }

    /// What a token is worth: it has to be one that the session itself names.
    func lookUp(_ token: TokenDigest, host: String) -> SessionLookup {
        switch finding {
        case .live(let record): record.tokens[token] == host ? .live(record.session) : .ended(.replaced)
        case .ended(let cause): .ended(cause)
        case .unknown: .unknown
        }
    }
}

/// A reply of another shape than the script's: somebody else wrote to our keys, or to our script.
struct MalformedReply: Error, CustomStringConvertible {
    var description: String { "Redis answered in a form that is not ours" }
}

extension RedisSessionStore {
    /// Reads a token's session: the pointer, then the record.
    func read(
        _ token: TokenDigest,
        host: String,
        touching: Bool,
        on eventLoop: any EventLoop
    ) -> EventLoopFuture<SessionLookup> {
        let bound = NIOLoopBound(cache(on: eventLoop), eventLoop: eventLoop)
        if case .ask(let slot?)? = bound.value?.known(token, host: host) {
            return readSession(slot.keys, slot.id, token, host: host, touching: touching, on: eventLoop)
        }
        return redis.send(RedisCommand("GET", RedisKeys.token(token)), on: eventLoop).flatMap { value in
            guard let bytes = value.bytes, let pointer = TokenPointer(encoded: bytes) else {
                return eventLoop.makeSucceededFuture(.unknown)
            }
            switch pointer {
            case .dropped(let cause, let at):
                return eventLoop.makeSucceededFuture(at == host ? .ended(cause) : .unknown)
            case .session(let keys, let id, let at):
                guard at == host else { return eventLoop.makeSucceededFuture(.unknown) }
                return self.readSession(keys, id, token, host: host, touching: touching, on: eventLoop)
            }
        }
    }

    private func readSession(
        _ keys: PersonKeys,
        _ id: SessionID,
        _ token: TokenDigest,
        host: String,
        touching: Bool,
        on eventLoop: any EventLoop
    ) -> EventLoopFuture<SessionLookup> {
        reading(keys, id, remembering: (token, host), on: eventLoop).flatMap { reading in
            let found = reading.lookUp(token, host: host)
            guard case .live = found, let record = reading.live else { return eventLoop.makeSucceededFuture(found) }
            let left = record.session.idleEnd - reading.redisNow
            let moves = min(record.idle, record.session.absoluteEnd - reading.redisNow) - left
            guard touching, moves >= SessionTouch.least(of: record.idle) else {
                return eventLoop.makeSucceededFuture(found)
            }
            return self.moveIdleEnd(keys, id, record, token, host: host, on: eventLoop)
        }
    }

    /// Asks for a session's record, and keeps it at hand where nothing happened to it meanwhile.
    func reading(
        _ keys: PersonKeys,
        _ id: SessionID,
        remembering token: (TokenDigest, host: String)? = nil,
        on eventLoop: any EventLoop
    ) -> EventLoopFuture<SessionReading> {
        let asked = localClock.now()
        let begun = NIOLoopBound(cache(on: eventLoop).map { ($0, $0.beginRead(keys, id)) }, eventLoop: eventLoop)
        return redis.evaluate(
            SessionScripts.find,
            keys: [keys.session(id), keys.epoch, keys.tombstone(id)],
            arguments: [],
            on: eventLoop
        ).flatMapThrowing { [self] value in
            let reading = try SessionReading(value, keys, id, recent)
            saw(redisNow: reading.redisNow)
            if let (cache, (slot, read)) = begun.value, let record = reading.live {
                if let (token, host) = token, record.tokens[token] == host {
                    cache.remember(token, slot, host: host)
                }
                cache.finishRead(
                    slot,
                    read,
                    record,
                    asked: asked,
                    redisNow: reading.redisNow,
                    at: localClock.now()
                )
            }
            return reading
        }.always { result in
            guard let (cache, (slot, read)) = begun.value else { return }
            // After a reply that was kept there is nothing left to cancel.
            if case .success(let reading) = result, reading.live != nil { return }
            cache.cancelRead(slot, read)
        }
    }

    /// Activity, written down before the answer, which says the new end.
    func moveIdleEnd(
        _ keys: PersonKeys,
        _ id: SessionID,
        _ record: SessionRecord,
        _ token: TokenDigest,
        host: String,
        on eventLoop: any EventLoop
    ) -> EventLoopFuture<SessionLookup> {
        redis.evaluate(
            SessionScripts.touch,
            keys: [keys.session(id), keys.epoch],
            arguments: [
                RedisArgument(SessionTouch.least(of: record.idle).wholeMilliseconds),
                RedisArgument(SessionScripts.memoryOfEnds),
            ],
            on: eventLoop
        ).flatMap { _ in
            self.reading(keys, id, on: eventLoop).map { $0.lookUp(token, host: host) }
        }.flatMapError { error in
            // Redis is full: it can be read from and not written to. The session is what it was.
            guard let error = error as? RedisError, error.code == .unusable else {
                return eventLoop.makeFailedFuture(error)
            }
            return eventLoop.makeSucceededFuture(.live(record.session))
        }
    }
}

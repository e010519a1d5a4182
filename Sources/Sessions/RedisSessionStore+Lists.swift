package import GatehouseCore
package import NIOCore
internal import RedisClient

extension RedisSessionStore {
    package func sessions(of subject: SubjectID?, on eventLoop: any EventLoop) -> EventLoopFuture<[Session]> {
        let names: EventLoopFuture<[(PersonKeys, SessionID)]>
        if let subject {
            let keys = PersonKeys(subject)
            names = redis.send(RedisCommand("ZRANGE", keys.index, "0", "-1"), on: eventLoop).map { value in
                (value.elements ?? []).compactMap(\.text).map { (keys, SessionID($0)) }
            }
        } else {
            names = scan(from: "0", found: [:], on: eventLoop)
        }
        return names.flatMap { self.readAll($0[...], [], on: eventLoop) }
            .map { sessions in sessions.sorted { $0.createdAt < $1.createdAt } }
    }

    /// Past the cache: a list of everybody's sessions must not push those in use out of it. A few at a time, so that
    /// requests get their turn between them.
    private func readAll(
        _ names: ArraySlice<(PersonKeys, SessionID)>,
        _ found: [Session],
        on eventLoop: any EventLoop
    ) -> EventLoopFuture<[Session]> {
        guard !names.isEmpty else { return eventLoop.makeSucceededFuture(found) }
        let readings = names.prefix(100).map { (keys, id) in
            redis.evaluate(
                SessionScripts.find,
                keys: [keys.session(id), keys.epoch, keys.tombstone(id)],
                arguments: [],
                on: eventLoop
            ).flatMapThrowing { try SessionReading($0, keys, id, self.recent).live?.session }
        }
        let rest = names.dropFirst(100)
        return EventLoopFuture.whenAllSucceed(readings, on: eventLoop).flatMap { sessions in
            self.readAll(rest, found + sessions.compactMap { $0 }, on: eventLoop)
        }
    }

    /// SCAN may name a key several times.
    private func scan(
        from cursor: String,
        found: [PersonKeys: Set<SessionID>],
        on eventLoop: any EventLoop
    ) -> EventLoopFuture<[(PersonKeys, SessionID)]> {
        let command = RedisCommand("SCAN", cursor, "MATCH", RedisKeys.everySession, "COUNT", "500")
        return redis.send(command, on: eventLoop).flatMap { value in
            guard let parts = value.elements, parts.count == 2, let next = parts[0].text,
                let keys = parts[1].elements
            else { return eventLoop.makeFailedFuture(MalformedReply()) }
            var found = found
            for key in keys.compactMap(\.text) {
                if case .session(let keys, let id) = KeyMeaning(key) { found[keys, default: []].insert(id) }
            }
            guard next == "0" else { return self.scan(from: next, found: found, on: eventLoop) }
            return eventLoop.makeSucceededFuture(found.flatMap { keys, ids in ids.map { (keys, $0) } })
        }
    }
}

package import GatehouseCore
package import NIOCore
internal import RedisClient

/// The hand-over of a session to a host, and the return of one token. A token's pointer and a ticket lie in other slots than
/// the session's record, so each step leaves a state in which nothing opens that should not.
extension RedisSessionStore {
    package func drop(_ token: TokenDigest, on eventLoop: any EventLoop) -> EventLoopFuture<Void> {
        redis.send(RedisCommand("GET", RedisKeys.token(token)), on: eventLoop).flatMap { value in
            guard let bytes = value.bytes, case .session(let keys, let id, let host)? = TokenPointer(encoded: bytes)
            else { return eventLoop.makeSucceededVoidFuture() }
            let field = RedisKeys.tokenField(token)
            return self.redis.send(RedisCommand("HDEL", keys.session(id), field), on: eventLoop).flatMap { removed in
                // A session that is over keeps the cause of that.
                guard removed.int == 1 else { return eventLoop.makeSucceededVoidFuture() }
                let dropped = TokenPointer.dropped(.signedOut, host: host)
                // The token is worth nothing already; that a late request learns why is not worth an error.
                return self.write(dropped, for: token, SessionScripts.memoryOfEnds, on: eventLoop)
                    .flatMapErrorThrowing { _ in }
                    .and(self.evict(.session(keys, id), on: eventLoop)).map { _ in }
            }
        }
    }

    package func keep(_ ticket: Ticket, on eventLoop: any EventLoop) -> EventLoopFuture<Bool> {
        let stored = StoredTicket(ticket)
        return eventLoop.flatSubmit { self.reading(stored.keys, stored.session, on: eventLoop) }.flatMap { reading in
            guard reading.live != nil else { return eventLoop.makeSucceededFuture(false) }
            let life = RedisArgument(Ticket.lifetime.wholeMilliseconds)
            let key = RedisKeys.ticket(ticket.digest)
            let kept = self.redis.send(
                RedisCommand(words: ["SET", RedisArgument(key), RedisArgument(stored.encoded), "PX", life]),
                on: eventLoop
            )
            return self.redis.evaluate(
                SessionScripts.wait,
                keys: [stored.keys.tickets(stored.session)],
                arguments: [RedisArgument(key), life, RedisArgument(Int64(Self.ticketsPerSession))],
                on: eventLoop
            ).flatMap { oldest in
                guard let oldest = oldest.text else { return kept.map { _ in true } }
                return self.redis.send(RedisCommand("DEL", oldest), on: eventLoop).and(kept).map { _ in true }
            }
        }
    }

    package func redeem(
        _ ticket: TokenDigest,
        host: String,
        state: String,
        token: TokenDigest,
        on eventLoop: any EventLoop
    ) -> EventLoopFuture<TicketRedemption> {
        // Taken and gone in one step: whoever comes second finds nothing, on whichever node.
        redis.send(RedisCommand("GETDEL", RedisKeys.ticket(ticket)), on: eventLoop).flatMap { value in
            guard let bytes = value.bytes, let stored = StoredTicket(encoded: bytes), stored.host == host,
                stored.state == state
            else { return eventLoop.makeSucceededFuture(.refused) }
            return self.redis.evaluate(
                SessionScripts.addToken,
                keys: [stored.keys.session(stored.session), stored.keys.epoch],
                arguments: [
                    RedisArgument(RedisKeys.tokenField(token)), RedisArgument(host),
                    RedisArgument(Int64(Self.tokensPerHost)),
                ],
                on: eventLoop
            ).flatMap { value in
                self.point(token, to: stored.session, stored.keys, host: host, value, on: eventLoop)
            }.map { session in
                session.map { .redeemed(session: $0, destination: stored.destination) } ?? .refused
            }
        }
    }
}

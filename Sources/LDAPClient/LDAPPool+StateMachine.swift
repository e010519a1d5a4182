extension LDAPPool {
    /// Who may use which connection: decides, and does nothing itself. Generic so that tests need no connections.
    struct StateMachine<Connection: Sendable> {
        struct Idle: Sendable {
            let connection: Connection
            /// The position of its server in the configuration.
            let server: Int
        }

        /// What a caller got.
        enum Grant: Sendable {
            case connection(Idle)
            /// The right to open one connection.
            case slot
            case refused(LDAPError)
        }

        private struct Waiter {
            let number: UInt64
            let resume: @Sendable (Grant) -> Void
        }

        /// Everything to be done once the lock is let go.
        struct Actions {
            var resumed: [(resume: @Sendable (Grant) -> Void, grant: Grant)] = []
            /// Connections to let go of.
            var closed: [Idle] = []
            var drained: [@Sendable () -> Void] = []
        }

        private let limit: Int
        private let waiterLimit: Int
        /// Last used last.
        private var idle: [Idle] = []
        /// Connections that exist or are being opened: idle, lent and granted slots.
        private(set) var total = 0
        private var waiters: [Waiter] = []
        private var lastNumber: UInt64 = 0
        private var isClosing = false
        private var drained: [@Sendable () -> Void] = []

        init(limit: Int, waiterLimit: Int) {
            self.limit = max(1, limit)
            self.waiterLimit = waiterLimit
        }

        var waiting: Int { waiters.count }

        func isWaiting(_ number: UInt64) -> Bool {
            waiters.contains { $0.number == number }
        }

        mutating func nextNumber() -> UInt64 {
            lastNumber += 1
            return lastNumber
        }

        /// - Parameter favourite: the server whose connections are wanted now.
        /// - Parameter number: unique; names the caller for ``cancel(_:with:)`` if it has to wait.
        mutating func acquire(
            _ number: UInt64,
            favourite: Int,
            resume: @escaping @Sendable (Grant) -> Void
        ) -> Actions {
            var actions = Actions()
            func now(_ grant: Grant) -> Actions {
                actions.resumed.append((resume, grant))
                return actions
            }
            if isClosing { return now(.refused(.poolIsShutDown)) }
            if let position = idle.lastIndex(where: { $0.server == favourite }) {
                return now(.connection(idle.remove(at: position)))
            }
            if total < limit {
                total += 1
                return now(.slot)
            }
            if !idle.isEmpty {
                // A connection to a server that is second choice makes room for one to the favourite.
                actions.closed.append(idle.removeFirst())
                return now(.slot)
            }
            guard waiters.count < waiterLimit else { return now(.refused(.poolIsOverloaded)) }
            waiters.append(Waiter(number: number, resume: resume))
            return actions
        }

        /// A lent connection comes back in good order.
        mutating func giveBack(_ connection: Idle) -> Actions {
            var actions = Actions()
            if isClosing {
                actions.closed.append(connection)
                forget(1, &actions)
            } else if waiters.isEmpty {
                idle.append(connection)
            } else {
                actions.resumed.append((waiters.removeFirst().resume, .connection(connection)))
            }
            return actions
        }

        /// A lent connection was let go of, or a slot came to nothing.
        mutating func giveUp() -> Actions {
            var actions = Actions()
            forget(1, &actions)
            return actions
        }

        /// Connections that wait for work on a server that stopped answering would fail one caller each.
        mutating func drop(server: Int) -> Actions {
            var actions = Actions()
            actions.closed = idle.filter { $0.server == server }
            idle.removeAll { $0.server == server }
            forget(actions.closed.count, &actions)
            return actions
        }

        mutating func cancel(_ number: UInt64, with error: LDAPError) -> Actions {
            var actions = Actions()
            if let position = waiters.firstIndex(where: { $0.number == number }) {
                actions.resumed.append((waiters.remove(at: position).resume, .refused(error)))
            }
            return actions
        }

        /// - Parameter drained: called once nothing is lent any more.
        mutating func shutDown(_ drained: @escaping @Sendable () -> Void) -> Actions {
            var actions = Actions()
            isClosing = true
            actions.closed = idle
            actions.resumed = waiters.map { ($0.resume, .refused(.poolIsShutDown)) }
            idle = []
            waiters = []
            self.drained.append(drained)
            forget(actions.closed.count, &actions)
            return actions
        }

        private mutating func forget(_ count: Int, _ actions: inout Actions) {
            total -= count
            while total < limit, !waiters.isEmpty {
                total += 1
                actions.resumed.append((waiters.removeFirst().resume, .slot))
            }
            if isClosing, total == 0 {
                actions.drained = drained
                drained = []
            }
        }
    }
}

extension LDAPError {
    fileprivate static var poolIsShutDown: LDAPError {
        LDAPError(.shutDown, "The connections to the directory are shut down.")
    }

    fileprivate static var poolIsOverloaded: LDAPError {
        LDAPError(.overloaded, "Too many callers wait for a connection to the directory.")
    }
}

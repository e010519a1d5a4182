package import Cryptography
package import GatehouseCore

/// The keys that sign assertions, shared by all nodes: a key signs for 30 days, its successor is published an hour
/// before it signs, and it stays published for a day after it signed last (docs/contract.md, "Headers to
/// applications").
///
/// A value; ``rotated(at:makeKey:)`` makes the next one. Where nodes share a ring, `now` should be one clock's for all.
package struct SigningKeyRing: Sendable {
    /// How long a key signs.
    package static let period: Duration = .seconds(30 * 86_400)
    /// How long a key is published before it signs.
    package static let lead: Duration = .seconds(3600)
    /// How long a key stays published after it was replaced. Its last assertion is dead after 5 minutes.
    package static let retention: Duration = .seconds(86_400)
    /// What is read as a ring has no more keys than this; a rotation leaves one or two.
    package static let largest = 16

    /// The oldest first, by `activeFrom`. Empty until the first rotation.
    package let keys: [SigningKey]

    package init() {
        keys = []
    }

    init(keys: [SigningKey]) {
        self.keys = keys
    }

    /// The key that signs now: the youngest that may. `nil` only of an empty ring: where the clock was put back to
    /// before the oldest, that one goes on.
    package func current(at now: Timestamp) -> SigningKey? {
        keys.last { $0.activeFrom <= now } ?? keys.first
    }

    /// What applications may meet in assertions now or within the hour. Always has the current key.
    package func published(at now: Timestamp) -> [SigningKey] {
        keys.indices.filter { !isRetired($0, at: now) }.map { keys[$0] }
    }

    /// The ring as it has to be now. The very first key signs at once.
    ///
    /// - Parameter makeKey: called at most once.
    /// - Returns: `nil` when nothing is due.
    package func rotated(
        at now: Timestamp,
        makeKey: () -> ES256PrivateKey = ES256PrivateKey.generate
    ) -> SigningKeyRing? {
        let (settled, isChanged) = settled(at: now)
        var next = settled
        guard let youngest = next.last else {
            return SigningKeyRing(keys: [SigningKey(privateKey: makeKey(), publishedAt: now, activeFrom: now)])
        }
        let end = youngest.activeFrom + Self.period
        if end <= now + Self.lead {
            let activeFrom = max(end, now + Self.lead)
            // The youngest has signed for weeks, so that all before it are over: two keys are the most that there are.
            next.append(SigningKey(privateKey: makeKey(), publishedAt: now, activeFrom: activeFrom))
        } else if !isChanged {
            return nil
        }
        return SigningKeyRing(keys: next)
    }

    /// Without the keys that are over, and with those brought nearer that a clock which ran ahead left in the far
    /// future: otherwise the key of before would sign until then.
    private func settled(at now: Timestamp) -> (keys: [SigningKey], isChanged: Bool) {
        var isChanged = false
        var kept = keys.indices.filter { !isRetired($0, at: now) }.map { keys[$0] }
        if kept.count < keys.count { isChanged = true }
        let horizon = now + Self.lead + Self.retention
        let signs = current(at: now)?.id
        for index in kept.indices where kept[index].activeFrom > horizon {
            let earliest = kept[index].id == signs ? now : now + Self.lead
            let before = index > 0 ? kept[index - 1].activeFrom : earliest
            kept[index] = kept[index].activated(from: max(before, earliest))
            isChanged = true
        }
        return (kept, isChanged)
    }

    private func isRetired(_ index: Int, at now: Timestamp) -> Bool {
        let successor = index + 1
        return successor < keys.count && keys[successor].activeFrom + Self.retention <= now
    }
}

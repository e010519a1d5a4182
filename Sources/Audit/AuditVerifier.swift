package import Cryptography
package import GatehouseCore

/// Checks files of one trail, the oldest first: every line's number, hash and place in the chain, and the seals.
///
/// Lines behind the last seal prove nothing: whoever can write to the file can have written them. They are noted while
/// a running gateway may still seal them (``sealPatience``), and wrong later. A trail that was cut exactly behind a
/// seal looks like one that ended there, unless it has to end with the seal of a rotation or of a gateway that stopped.
package struct AuditVerifier {
    /// How old the youngest unsealed line may be. The gateway seals within a minute.
    package static let sealPatience: Duration = .seconds(120)

    /// More notes than that are passed over.
    private static let noteLimit = 1000

    private let keys: [ES256PublicKey]
    /// A line that is none, whose recording must follow.
    private var torn: (place: Place, bytes: [UInt8], what: String)?
    private var file = ""
    private var line = 0
    private var chain: AuditChain?
    private var unsealed: (first: Place, sequence: UInt64, youngest: Timestamp?)?
    /// The last line, if it is a seal that holds.
    private var lastSeal: AuditSeal?
    private var unknownKeys: Set<String> = []
    private var result = AuditVerification()

    private struct Place {
        let file: String
        let line: Int
    }

    private init(keys: [ES256PublicKey]) {
        self.keys = keys
    }

    /// - Parameters:
    ///   - files: the oldest first; `-` is standard input.
    ///   - keys: those whose seals count.
    ///   - mustEnd: whether the last line has to be the seal of a rotation or of a gateway that stopped.
    /// - Throws: ``AuditError/Code/unreadable``.
    package static func verify(
        files: [String],
        keys: [ES256PublicKey],
        mustEnd: Bool = false,
        now: Timestamp = WallClock.system.now()
    ) throws(AuditError) -> AuditVerification {
        var verifier = AuditVerifier(keys: keys)
        for file in files where verifier.result.isGood { try verifier.read(file) }
        if verifier.result.isGood { verifier.end(mustEnd: mustEnd, now: now) }
        return verifier.result
    }

    private mutating func read(_ path: String) throws(AuditError) {
        if !file.isEmpty, lastSeal.map({ $0.occasion == AuditSeal.Occasion.interval.rawValue }) ?? true {
            note("does not end with the seal of a rotation; the next file goes on where it ends")
        }
        file = path
        line = 0
        var reader = try AuditLineReader(path)
        while result.isGood, let next = try reader.next() {
            line += 1
            switch next {
            case .whole(let bytes):
                judge(bytes)
            case .unended(let bytes):
                refuse(torn ?? (here, bytes, "torn: the file ends in the middle of a line"))
            case .tooLong:
                refuse(torn ?? (here, [], "no line of an audit trail: it has more than 64 KiB"))
            }
        }
        if let torn, result.isGood { refuse(torn) }
    }

    private mutating func judge(_ bytes: [UInt8]) {
        guard let head = AuditLineHead(bytes), head.isHash(of: bytes) else {
            if let torn { return refuse(torn) }
            let isLine = AuditLineHead(bytes) != nil
            torn = (here, bytes, isLine ? "hash does not match: the line was changed" : "no line of an audit trail")
            return
        }
        guard judgeTorn(before: head, bytes) else { return }
        if let problem = followingProblem(head) { return refuse(problem) }
        chain = AuditChain(sequence: head.sequence, hash: head.hash)
        result.lines += 1
        result.sequences = (result.sequences?.lowerBound ?? head.sequence)...head.sequence
        lastSeal = nil
        switch AuditEvent.Name(rawValue: head.event) {
        case .sealed: judgeSeal(head, bytes)
        case .adminAuditGap: noteGap(bytes)
        default: break
        }
        guard result.isGood, lastSeal == nil else { return }
        let time = MomentText.parseRFC3339(head.time)
        if let known = unsealed {
            unsealed?.youngest = [known.youngest, time].compactMap(\.self).max()
        } else {
            unsealed = (here, head.sequence, time)
        }
    }

    /// - Returns: what is wrong with the line's place in the chain.
    private mutating func followingProblem(_ head: AuditLineHead) -> String? {
        guard let chain else {
            if head.sequence > 1 {
                note("begins with seq \(head.sequence): earlier lines are in files that were not named")
            } else if head.sequence == 0 || head.previous != AuditChain.noHash {
                return "seq \(head.sequence) is not the beginning of a trail"
            }
            return nil
        }
        guard head.sequence == chain.sequence &+ 1 else {
            let places = "seq \(head.sequence) follows \(chain.sequence)"
            if head.sequence > chain.sequence { return "\(places): lines are missing" }
            if head.sequence == 1, head.previous == AuditChain.noHash {
                return "\(places): another trail begins here, and what followed is missing"
            }
            return "\(places): lines are repeated or out of order"
        }
        return head.previous == chain.hash ? nil : "prev does not match: the line before was changed or exchanged"
    }
}

/// Torn lines and gaps.
extension AuditVerifier {
    /// A line that is none may stand before the event that tells its digest, and nowhere else.
    private mutating func judgeTorn(before head: AuditLineHead, _ bytes: [UInt8]) -> Bool {
        let digest =
            head.event == AuditEvent.Name.adminAuditGap.rawValue ? AuditRecord(bytes)?.text("torn_sha256") : nil
        switch (torn, digest) {
        case (nil, nil):
            return true
        case (nil, _?):
            refuse("the torn line that this tells of is not there")
        case (let torn?, let digest):
            guard Hexadecimal.encode(SHA256.hash(torn.bytes)) == digest else {
                refuse(torn)
                return false
            }
            self.torn = nil
            return true
        }
        return false
    }

    private mutating func noteGap(_ bytes: [UInt8]) {
        guard let record = AuditRecord(bytes) else { return refuse("no line of an audit trail") }
        let details = record.members.drop { $0.name != "reason" }.map { member in
            "\(AuditRecord.shown(member.name)) \(AuditRecord.quoted(member.value.description))"
        }
        note("a gap was recorded: \(details.joined(separator: ", "))")
    }
}

/// Seals and the end.
extension AuditVerifier {
    private mutating func judgeSeal(_ head: AuditLineHead, _ bytes: [UInt8]) {
        guard let record = AuditRecord(bytes), let key = record.text("key"), let occasion = record.text("reason"),
            let signature = record.text("signature").flatMap({ Base64URL.decode($0.utf8) })
        else { return refuse("the seal has no signature") }
        let seal = AuditSeal(sequence: head.sequence - 1, hash: head.previous, time: head.time, occasion: occasion)
        guard record.number("sealed_seq") == Int64(exactly: seal.sequence), record.text("sealed_hash") == seal.hash
        else { return refuse("the seal is not one of the line before it") }
        guard let known = keys.first(where: { $0.thumbprint == key }) else {
            if unknownKeys.count < Self.noteLimit, unknownKeys.insert(key).inserted {
                let name = AuditRecord.shown(key)
                note("sealed with a key that is not among those given, which counts for nothing: \(name)")
            }
            return
        }
        guard known.verify(signature: signature, message: seal.message) else {
            return refuse("the signature does not match: the seal was made by somebody else")
        }
        result.sealedSequence = head.sequence
        lastSeal = seal
        unsealed = nil
    }

    private mutating func end(mustEnd: Bool, now: Timestamp) {
        guard let chain else { return refuse("there is no line") }
        let patience = Self.sealPatience.wholeMilliseconds
        if let unsealed {
            let what = "seq \(unsealed.sequence) to \(chain.sequence) are not sealed"
            let isYoung = unsealed.youngest.map { abs(now.milliseconds - $0.milliseconds) <= patience } ?? false
            guard !mustEnd, isYoung else {
                return refuse(at: unsealed.first, "\(what): nothing proves that the gateway wrote them")
            }
            note(at: unsealed.first, "\(what) yet; a running gateway seals within a minute")
        } else if let lastSeal, lastSeal.occasion == AuditSeal.Occasion.interval.rawValue {
            let what = "ends with a seal of \(lastSeal.time), not with that of a rotation or of a gateway that stopped"
            if mustEnd { refuse("\(what): it may be cut off here") } else { note(what) }
        }
    }

    private var here: Place { Place(file: file, line: max(line, 1)) }

    private mutating func refuse(at place: Place? = nil, _ what: String) {
        result.problem = finding(place, what)
    }

    private mutating func refuse(_ torn: (place: Place, bytes: [UInt8], what: String)) {
        refuse(at: torn.place, torn.what)
    }

    private mutating func note(at place: Place? = nil, _ what: String) {
        guard result.notes.count < Self.noteLimit else { return }
        result.notes.append(finding(place, what))
    }

    private func finding(_ place: Place?, _ what: String) -> AuditVerification.Finding {
        let place = place ?? here
        return AuditVerification.Finding(file: place.file, line: place.line, what: what)
    }
}

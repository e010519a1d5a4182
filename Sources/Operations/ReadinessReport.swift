internal import GatehouseCore

/// What `/readyz` says.
package struct ReadinessReport: Sendable, Equatable {
    package enum Status: String, Sendable, CaseIterable {
        case ready
        case starting
        case draining
        /// Redis has been unusable for too long.
        case unready
    }

    /// Something that does not work as it should, while requests are still served.
    package struct Problem: Sendable, Equatable {
        /// What kind of thing it is: `directory`, `redis`, `upstream`, `audit`.
        package let check: String
        /// Which one of them; empty where there is only one.
        package let name: String
        /// In one sentence, for an administrator.
        package let problem: String

        package init(check: String, name: String, problem: String) {
            self.check = check
            self.name = name
            self.problem = problem
        }
    }

    package let status: Status
    /// In the order of check and name.
    package let degraded: [Problem]

    package init(status: Status, degraded: [Problem]) {
        self.status = status
        self.degraded = degraded
    }

    /// 200, or 503 where requests should go to another node.
    package var httpStatus: Int { status == .ready ? 200 : 503 }

    /// `{"status":"ready","degraded":[{"check":"directory","name":"staff","problem":"…"}]}` and a line feed.
    package var json: [UInt8] {
        var bytes = Array("{\"status\":\"\(status.rawValue)\",\"degraded\":[".utf8)
        for (place, problem) in degraded.enumerated() {
            if place > 0 { bytes.append(UInt8(ascii: ",")) }
            var line = JSONLine()
            line.add("check", problem.check)
            line.add("name", problem.name)
            line.add("problem", problem.problem)
            bytes += line.finish().dropLast()
        }
        bytes += Array("]}\n".utf8)
        return bytes
    }
}

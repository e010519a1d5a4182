internal import Glibc

/// What `scripts/test` tells the tests about the machine.
package enum TestEnvironment {
    package static func value(_ name: String) -> String? {
        guard let text = unsafe getenv(name) else { return nil }
        let value = unsafe String(cString: text)
        return value.isEmpty ? nil : value
    }

    /// The package's folder.
    package static var root: String { value("GATEHOUSE_TEST_ROOT") ?? "." }
    /// A Python that has the packages of `scripts/requirements.txt`.
    package static var python: String { value("GATEHOUSE_TEST_PYTHON") ?? "\(root)/.build/venv/bin/python" }
    package static var chromium: String { value("GATEHOUSE_TEST_CHROMIUM") ?? "/usr/bin/chromium" }
}

internal import Glibc

/// The numbers about a process that every Prometheus library gives, under their usual names
/// (https://prometheus.io/docs/instrumenting/writing_clientlibs/#process-metrics).
package enum ProcessReadings {
    package static func declare(in registry: MetricsRegistry) throws(OperationsError) {
        let start = startTime()
        try registry.reading("process_start_time_seconds", "When the process began, in Unix time.", kind: .gauge) {
            start
        }
        try registry.reading(
            "process_cpu_seconds_total",
            "Processor time used, of the process and of the kernel for it.",
            kind: .counter,
            read: processorTime
        )
        try registry.reading(
            "process_resident_memory_bytes",
            "Memory that is really there.",
            kind: .gauge,
            read: residentMemory
        )
        try registry.reading("process_open_fds", "Open file descriptors.", kind: .gauge, read: openDescriptors)
        try registry.reading("process_max_fds", "File descriptors that may be open.", kind: .gauge) {
            var limits = rlimit()
            guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limits) == 0 else { return nil }
            return Double(limits.rlim_cur)
        }
    }

    private static func processorTime() -> Double? {
        var usage = rusage()
        guard unsafe getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage) == 0 else { return nil }
        return [usage.ru_utime, usage.ru_stime].reduce(0) { $0 + Double($1.tv_sec) + Double($1.tv_usec) / 1e6 }
    }

    /// The second number of statm counts pages (proc_pid_statm(5)).
    private static func residentMemory() -> Double? {
        let words = text(of: "/proc/self/statm").split(separator: " ")
        guard words.count > 1, let pages = Double(words[1]) else { return nil }
        return pages * Double(sysconf(Int32(_SC_PAGESIZE)))
    }

    private static func openDescriptors() -> Double? {
        guard let folder = unsafe opendir("/proc/self/fd") else { return nil }
        defer { unsafe closedir(folder) }
        var count = 0
        while unsafe readdir(folder) != nil { count += 1 }
        // Not the two dots and the descriptor of the folder itself.
        return Double(max(0, count - 3))
    }

    /// The 22nd field of stat counts clock ticks since the machine was started (proc_pid_stat(5)). When that was comes
    /// from two clocks: `/proc/stat`, which says it too, is hidden from a unit with `ProcSubset=pid`.
    private static func startTime() -> Double? {
        let stat = text(of: "/proc/self/stat")
        // The second field is a name in parentheses, in which there may be anything.
        guard let end = stat.lastIndex(of: ")") else { return nil }
        let words = stat[end...].split(separator: " ")
        guard words.count > 20, let ticks = Double(words[20]) else { return nil }
        var wall = timespec()
        var sinceBoot = timespec()
        unsafe clock_gettime(CLOCK_REALTIME, &wall)
        unsafe clock_gettime(CLOCK_BOOTTIME, &sinceBoot)
        let boot = Double(wall.tv_sec - sinceBoot.tv_sec) + Double(wall.tv_nsec - sinceBoot.tv_nsec) / 1e9
        return ((boot + ticks / Double(sysconf(Int32(_SC_CLK_TCK)))) * 100).rounded() / 100
    }

    /// Of a file in `/proc`, at most 4 KiB; empty where it cannot be read.
    private static func text(of path: String) -> String {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return "" }
        defer { _ = close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 4096)
        let count = unsafe read(descriptor, &bytes, bytes.count)
        return String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
    }
}

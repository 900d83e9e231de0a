import Glibc

/// Figures of the running process that no event holds, given to a scrape by whoever serves it.
public struct RuntimeSample: Sendable {
    /// Requests on their way, by group.
    public var inFlight: [(group: String, count: Int)] = []
    /// Upstream keys by group and state (`ok`, `cooling`, `out`).
    public var keys: [(group: String, state: String, count: Int)] = []
    /// Parts of a stated usage that exceeded their whole, and totals that do not reconcile, since the start.
    public var usageAnomalies: UInt64 = 0
    /// Answers that could not be read for their usage, since the start.
    public var unreadableAnswers: UInt64 = 0
    /// The ledger's last committed sequence.
    public var ledgerHead: UInt64 = 0
    /// Records waiting for the ledger's writer.
    public var ledgerQueue: Int = 0
    /// The most records that may wait for it; 0 when not known.
    public var ledgerQueueLimit: Int = 0
    /// Events that the ledger did not take at once, in this process.
    public var ledgerRefusals: UInt64 = 0
    /// Requests that this process refused because the ledger could not write.
    public var refusedForLedger: UInt64 = 0
    /// Bytes free on the disk of the ledger; nil when nobody looks.
    public var freeBytes: UInt64?
    /// Whether that is too little.
    public var isShortOfSpace = false
    /// Records committed by this process.
    public var ledgerRecords: UInt64 = 0
    /// Batches committed by this process.
    public var ledgerBatches: UInt64 = 0
    /// Commits by duration: upper bounds in seconds with cumulative counts, without the open bucket.
    public var commitBuckets: [(bound: Double, count: UInt64)] = []
    /// Sum of commit durations in seconds.
    public var commitSeconds: Double = 0
    /// Bytes of records that this process committed.
    public var ledgerBytes: UInt64 = 0
    /// Commits that failed.
    public var ledgerErrors: UInt64 = 0
    /// Seconds since the last checkpoint; nil when there is none.
    public var checkpointAge: Double?
    /// Whether the ledger takes records.
    public var isWritable = true
    /// Events of the ledger that the view does not hold yet.
    public var viewLag: UInt64 = 0
    /// Figures of the process.
    public var process: ProcessSample?

    /// Nothing known.
    public init() {}
}

/// Figures of the process, from `/proc/self`.
public struct ProcessSample: Equatable, Sendable {
    /// User and system time in seconds.
    public var cpuSeconds: Double = 0
    /// Resident memory in bytes.
    public var residentBytes: UInt64 = 0
    /// Virtual memory in bytes.
    public var virtualBytes: UInt64 = 0
    /// Open file descriptors.
    public var openFiles: Int = 0
    /// The limit of open file descriptors.
    public var fileLimit: UInt64 = 0
    /// When the process began, in seconds since 1970 (UTC).
    public var startTime: Double = 0

    /// The figures now; zero where `/proc` does not say. Some system calls: not for an event loop.
    public static func now() -> ProcessSample {
        var sample = ProcessSample()
        let ticks = Double(max(1, sysconf(Int32(_SC_CLK_TCK))))
        let page = UInt64(max(1, sysconf(Int32(_SC_PAGESIZE))))
        let text = read("/proc/self/stat")
        // The name in parentheses may hold anything; the fields begin behind its last bracket with number 3.
        if let end = text.lastIndex(of: ")") {
            let fields = text[text.index(after: end)...].split(separator: " ")
            func field(_ number: Int) -> UInt64 {
                number - 3 < fields.count ? UInt64(fields[number - 3]) ?? 0 : 0
            }
            sample.cpuSeconds = Double(field(14) &+ field(15)) / ticks
            sample.virtualBytes = field(23)
            sample.residentBytes = field(24) &* page
            if let line = read("/proc/stat").split(separator: "\n").first(where: { $0.hasPrefix("btime ") }),
                let boot = UInt64(line.dropFirst(6))
            {
                sample.startTime = Double(boot) + Double(field(22)) / ticks
            }
        }
        if let folder = opendir("/proc/self/fd") {
            while let entry = readdir(folder) {
                if entry.pointee.d_name.0 != 0x2e { sample.openFiles += 1 }
            }
            closedir(folder)
            // The folder itself was one of them.
            sample.openFiles -= 1
        }
        var limit = rlimit()
        if getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 {
            sample.fileLimit = UInt64(limit.rlim_cur)
        }
        return sample
    }

    private static func read(_ path: String) -> String {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return "" }
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: 65_536)
        var filled = 0
        while filled < bytes.count {
            let got = bytes.withUnsafeMutableBytes { pointer in
                Glibc.read(file, pointer.baseAddress?.advanced(by: filled), pointer.count - filled)
            }
            if got <= 0 { break }
            filled += got
        }
        return String(decoding: bytes[..<filled], as: UTF8.self)
    }
}

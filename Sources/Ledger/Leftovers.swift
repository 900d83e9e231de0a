internal import Glibc

/// In-flight records of earlier processes.
///
/// A table with records in it is put aside as `inflight.<n>` and stays until the caller has dealt with them, so that
/// a crash in between loses nothing; the new process starts with an empty table of its own geometry.
struct Leftovers {
    private static let limit = 64

    let records: [[UInt8]]
    private let files: [String]

    static func collect(_ directory: String, head: UInt64, putAside: Bool) throws(LedgerError) -> Leftovers {
        let current = directory + "/inflight"
        let numbered = (1...limit).map { "\(current).\($0)" }
        var files = numbered.filter(Files.exists)
        var records: [[UInt8]] = []
        for file in files { records += try InFlightFile.existing(file)?.leftovers(head: head) ?? [] }
        let newest = try InFlightFile.existing(current)?.leftovers(head: head) ?? []
        if !newest.isEmpty {
            records += newest
            if putAside {
                guard let free = numbered.first(where: { !files.contains($0) }) else {
                    throw LedgerError(
                        .ioError,
                        "\(directory) holds \(limit) in-flight tables of earlier starts that never came to an end; look into "
                            + "why the server stops right after its start"
                    )
                }
                try Files.rename(current, to: free)
                files.append(free)
            }
        }
        return Leftovers(records: records, files: files)
    }

    func clear() {
        for file in files { unlink(file) }
    }
}

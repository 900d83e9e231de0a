internal import Glibc

/// The memory that only the start of the server needed.
enum StartupMemory {
    /// Gives it back: free heap, and the pages of the program itself, of which what runs again comes back one by one.
    ///
    /// The kernel maps sixteen pages around each one that is touched, so a start leaves most of the program resident
    /// for good. Its pages stay in the page cache: coming back costs a soft fault and no read.
    static func release() {
        trimHeap()
        guard let program = realpath("/proc/self/exe", nil) else { return }
        defer { free(program) }
        let suffix = " " + String(cString: program)
        guard let maps = fopen("/proc/self/maps", "r") else { return }
        defer { fclose(maps) }
        var line: UnsafeMutablePointer<CChar>?
        var capacity = 0
        defer { free(line) }
        while getline(&line, &capacity, maps) > 0, let bytes = line {
            let text = String(cString: bytes)
            // Writable mappings hold what the program has changed, which exists nowhere else.
            guard text.contains(" r-xp "), text.dropLast().hasSuffix(suffix) else { continue }
            let bounds = text.prefix { $0 != " " }.split(separator: "-").compactMap { UInt($0, radix: 16) }
            guard bounds.count == 2, bounds[0] < bounds[1] else { continue }
            madvise(UnsafeMutableRawPointer(bitPattern: bounds[0]), Int(bounds[1] - bounds[0]), MADV_DONTNEED)
        }
    }

    /// Lets the heap have as many arenas as there are event loops, two at least, before threads make one each: what
    /// each of them keeps for itself adds up, and the loops are the only ones in a hurry.
    static func limitArenas(loops: Int) {
        let arenaMaximum: Int32 = -8
        guard let symbol = dlsym(nil, "mallopt") else { return }
        let mallopt = unsafeBitCast(symbol, to: (@convention(c) (Int32, Int32) -> Int32).self)
        _ = mallopt(arenaMaximum, Int32(clamping: max(2, loops)))
    }

    /// glibc's `malloc_trim`, which Swift's module of the C library leaves out.
    private static func trimHeap() {
        guard let symbol = dlsym(nil, "malloc_trim") else { return }
        _ = unsafeBitCast(symbol, to: (@convention(c) (Int) -> Int32).self)(0)
    }
}

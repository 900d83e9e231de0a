internal import Glibc
internal import Synchronization

/// The mapped file behind the in-flight table.
///
/// A page of header (magic, lanes, slots per lane, bytes per slot), then one state word per slot side by side so that
/// looking them over touches little memory, then the slots: sequence (8 bytes), checksum (8), length (4), 4 unused,
/// record. Integers in the machine's byte order: the file never leaves the machine.
final class InFlightFile: @unchecked Sendable {
    struct Geometry: Equatable, Sendable {
        var lanes: Int
        var slotsPerLane: Int
        var slotBytes: Int

        var count: Int { lanes * slotsPerLane }
        var slotsOffset: Int { InFlightFile.page + (count * 8 + page - 1) / page * page }
        var fileBytes: Int { slotsOffset + count * slotBytes }

        var isSound: Bool {
            (1...1_024).contains(lanes) && (1...(1 << 20)).contains(slotsPerLane)
                && (64...(1 << 16)).contains(slotBytes) && slotBytes % 8 == 0 && fileBytes <= 1 << 32
        }
    }

    static let page = 4_096
    private static let magic: UInt64 = 0x3130_544C_464E_4954  // "TINFLT01"

    let geometry: Geometry
    private let base: UnsafeMutableRawPointer
    private let mapped: Int

    private init(geometry: Geometry, base: UnsafeMutableRawPointer, mapped: Int) {
        self.geometry = geometry
        self.base = base
        self.mapped = mapped
    }

    deinit { munmap(base, mapped) }

    /// Makes a new, empty file in place of any other. All of its blocks are allocated now: writing to a mapped page
    /// that the disk has no room for would end the process.
    static func create(_ path: String, geometry: Geometry) throws(LedgerError) -> InFlightFile {
        unlink(path)
        let descriptor = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw LedgerError("create", path, errno: errno) }
        defer { close(descriptor) }
        let failed = posix_fallocate(descriptor, 0, geometry.fileBytes)
        guard failed == 0 else { throw LedgerError("allocate \(geometry.fileBytes) bytes for", path, errno: failed) }
        let file = try map(descriptor, path, geometry: geometry, writable: true)
        file.base.storeBytes(of: UInt32(geometry.lanes), toByteOffset: 8, as: UInt32.self)
        file.base.storeBytes(of: UInt32(geometry.slotsPerLane), toByteOffset: 12, as: UInt32.self)
        file.base.storeBytes(of: UInt32(geometry.slotBytes), toByteOffset: 16, as: UInt32.self)
        file.base.storeBytes(of: magic, as: UInt64.self)
        return file
    }

    /// A table that is backed by nothing, for readers.
    static func anonymous(_ geometry: Geometry) throws(LedgerError) -> InFlightFile {
        let base = mmap(nil, geometry.fileBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        guard let base, base != MAP_FAILED else { throw LedgerError("map memory for", "in-flight slots", errno: errno) }
        return InFlightFile(geometry: geometry, base: base, mapped: geometry.fileBytes)
    }

    /// Maps a file an earlier process left; nil when there is none or it is not such a file.
    static func existing(_ path: String) throws(LedgerError) -> InFlightFile? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            if errno == ENOENT { return nil }
            throw LedgerError("open", path, errno: errno)
        }
        defer { close(descriptor) }
        var header = [UInt32](repeating: 0, count: 5)
        let length = header.count * 4
        guard pread(descriptor, &header, length, 0) == length else { return nil }
        let found = UInt64(header[0]) | UInt64(header[1]) << 32
        let geometry = Geometry(
            lanes: Int(header[2]),
            slotsPerLane: Int(header[3]),
            slotBytes: Int(header[4])
        )
        var status = stat()
        guard found == magic, geometry.isSound, fstat(descriptor, &status) == 0, status.st_size >= geometry.fileBytes
        else { return nil }
        return try map(descriptor, path, geometry: geometry, writable: false)
    }

    private static func map(
        _ descriptor: Int32,
        _ path: String,
        geometry: Geometry,
        writable: Bool
    ) throws(LedgerError) -> InFlightFile {
        let protection = writable ? PROT_READ | PROT_WRITE : PROT_READ
        let base = mmap(nil, geometry.fileBytes, protection, MAP_SHARED, descriptor, 0)
        guard let base, base != MAP_FAILED else { throw LedgerError("map", path, errno: errno) }
        return InFlightFile(geometry: geometry, base: base, mapped: geometry.fileBytes)
    }

    func word(_ index: Int) -> UnsafeMutablePointer<Atomic<UInt64>> {
        (base + InFlightFile.page + index * 8).assumingMemoryBound(to: Atomic<UInt64>.self)
    }

    private func slot(_ index: Int) -> UnsafeMutableRawPointer {
        base + geometry.slotsOffset + index * geometry.slotBytes
    }

    /// Writes a record that fits into a slot nobody else uses.
    func write(_ record: UnsafeRawBufferPointer, at index: Int) {
        let slot = slot(index)
        slot.storeBytes(of: 0, as: UInt64.self)
        slot.storeBytes(of: InFlightFile.checksum(record), toByteOffset: 8, as: UInt64.self)
        slot.storeBytes(of: UInt32(truncatingIfNeeded: record.count), toByteOffset: 16, as: UInt32.self)
        if let source = record.baseAddress {
            (slot + InFlightTable.headerBytes).copyMemory(from: source, byteCount: record.count)
        }
    }

    func setSequence(_ sequence: UInt64, at index: Int) { slot(index).storeBytes(of: sequence, as: UInt64.self) }

    func sequence(at index: Int) -> UInt64 { slot(index).load(as: UInt64.self) }

    /// The record in a slot; nil when its length or checksum is wrong.
    func record(at index: Int) -> [UInt8]? {
        let slot = slot(index)
        let length = Int(slot.load(fromByteOffset: 16, as: UInt32.self))
        guard length <= geometry.slotBytes - InFlightTable.headerBytes else { return nil }
        let record = [UInt8](UnsafeRawBufferPointer(start: slot + InFlightTable.headerBytes, count: length))
        let stored = slot.load(fromByteOffset: 8, as: UInt64.self)
        return record.withUnsafeBytes(InFlightFile.checksum) == stored ? record : nil
    }

    /// Records of the slots that are occupied, the oldest claim first, without those that were settled by a
    /// committed record.
    func leftovers(head: UInt64) -> [[UInt8]] {
        var found: [(time: UInt64, record: [UInt8])] = []
        for index in 0..<geometry.count {
            let word = SlotWord(word(index).pointee.load(ordering: .relaxed))
            guard word.state != .free, let record = record(at: index) else { continue }
            let settled = sequence(at: index)
            guard settled == 0 || settled > head else { continue }
            found.append((word.milliseconds, record))
        }
        return found.sorted { $0.time < $1.time }.map(\.record)
    }

    /// A fast 64-bit checksum against torn copies, eight bytes a step; no protection against intent.
    private static func checksum(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
        var hash = 0x9E37_79B9_7F4A_7C15 ^ UInt64(truncatingIfNeeded: bytes.count)
        var offset = 0
        func mix(_ value: UInt64) {
            let product = (hash ^ value).multipliedFullWidth(by: 0xD6E8_FEB8_6659_FD93)
            hash = product.high ^ product.low &+ 0x2545_F491_4F6C_DD1D
        }
        while offset + 8 <= bytes.count {
            mix(bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
            offset += 8
        }
        var rest: UInt64 = 0
        while offset < bytes.count {
            rest = rest << 8 | UInt64(bytes[offset])
            offset += 1
        }
        mix(rest)
        return hash
    }
}

/// A list of texts of at most 32 bytes, each in a slot of that size.
///
/// A copy of a fixed size is a single move, one of a few bytes that nobody knows beforehand is a call. So the text is
/// copied with what stands behind it in its slot, and what comes next is written over that.
struct ShortTexts: Sendable {
    static let slot = 32

    private var bytes: [UInt8] = []
    private var lengths: [UInt8] = []

    /// A text that is too long gets an empty slot with no length, which ``length(of:)`` tells.
    init(_ texts: [[UInt8]]) {
        for text in texts {
            let kept = text.count <= Self.slot ? text : []
            bytes += kept + [UInt8](repeating: 0, count: Self.slot - kept.count)
            lengths.append(UInt8(kept.count))
        }
    }

    /// Bytes of a text; 0 when there is none of that number.
    @inline(__always)
    func length(of number: Int) -> Int { number >= 0 && number < lengths.count ? Int(lengths[number]) : 0 }

    /// Writes the slot of a text; the room is that of a slot at least.
    ///
    /// - Returns: the length of the text; 0 when there is none of that number.
    @inline(__always)
    func copy(_ number: Int, to space: UnsafeMutableRawPointer) -> Int {
        let length = length(of: number)
        guard length > 0 else { return 0 }
        bytes.withUnsafeBytes { bytes in
            let text = bytes.loadUnaligned(fromByteOffset: number &* Self.slot, as: SIMD32<UInt8>.self)
            space.storeBytes(of: text, as: SIMD32<UInt8>.self)
        }
        return length
    }
}

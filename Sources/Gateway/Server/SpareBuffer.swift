package import NIOCore

/// Memory to write with, used again once what was last written with it has gone out.
package struct SpareBuffer {
    /// What is larger is given back to the system: a connection may be idle for long.
    private static let most = 16_384

    private var spare = ByteBuffer()

    package init() {}

    /// An empty buffer of at least a capacity.
    package mutating func take(capacity: Int) -> ByteBuffer {
        var buffer = ByteBuffer()
        swap(&buffer, &spare)
        // Makes new memory where a write that is not out yet still refers to the old.
        buffer.clear(minimumCapacity: capacity)
        return buffer
    }

    /// Keeps the memory of a buffer that has been handed on.
    package mutating func keep(_ buffer: ByteBuffer) {
        if buffer.storageCapacity <= Self.most { spare = buffer }
    }
}

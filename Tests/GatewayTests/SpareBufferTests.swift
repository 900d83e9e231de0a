import Gateway
import NIOCore
import Testing

@Suite("Memory for what is written")
struct SpareBufferTests {
    private func address(_ buffer: ByteBuffer) -> UnsafeRawPointer? {
        buffer.withVeryUnsafeBytes { $0.baseAddress }
    }

    @Test("Memory that has gone out is used again, and what has not keeps its bytes")
    func reuse() {
        var spare = SpareBuffer()
        var pending: ByteBuffer? = spare.take(capacity: 100)
        pending?.writeString("first")
        let first = pending.flatMap(address)
        if let pending { spare.keep(pending) }

        // It waits for the socket still: the next bytes go elsewhere.
        var second = spare.take(capacity: 100)
        second.writeString("other")
        #expect(address(second) != first)
        #expect(pending == ByteBuffer(string: "first"))
        spare.keep(second)
        pending = nil

        let place = address(second)
        second = ByteBuffer()
        let third = spare.take(capacity: 50)
        #expect(address(third) == place)
        #expect(third.readableBytes == 0)
    }

    @Test("A large buffer is not kept, and a small one grows")
    func bounds() {
        var spare = SpareBuffer()
        spare.keep(ByteBufferAllocator().buffer(capacity: 1 << 20))
        #expect(spare.take(capacity: 16).storageCapacity < 1024)
        spare.keep(ByteBufferAllocator().buffer(capacity: 64))
        #expect(spare.take(capacity: 4096).writableBytes >= 4096)
    }
}

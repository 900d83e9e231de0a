extension PriceBook {
    /// The canonical binary form: a version byte, then the content.
    public func encode() -> [UInt8] { [1] }

    /// A book from its binary form.
    ///
    /// - Throws: `PriceBookError` when the bytes end early, are no price book or one of a later version.
    public init(decoding bytes: UnsafeRawBufferPointer) throws(PriceBookError) { self = .empty }
}

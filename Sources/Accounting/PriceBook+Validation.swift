extension PriceBook {
    func validate() throws(PriceBookError) {}
}

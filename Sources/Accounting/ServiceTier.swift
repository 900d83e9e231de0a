extension PriceConditions {
    /// The conditions with their names in the form that requests are compared in.
    var normalized: PriceConditions {
        PriceConditions(
            serviceTier: serviceTier.map(Self.normalizedTier),
            speed: speed?.asciiLowercased,
            region: region?.asciiLowercased,
            window: window
        )
    }

    /// Whether a request fulfils every condition; call on normalised conditions.
    ///
    /// - Parameter seconds: When it started, in seconds since 1970 (UTC).
    func hold(tier: String?, speed: String?, region: String?, seconds: Int64) -> Bool {
        if let wanted = serviceTier, wanted != tier { return false }
        if let wanted = self.speed, wanted != speed { return false }
        if let wanted = self.region, wanted != region { return false }
        return window?.contains(seconds) ?? true
    }

    /// The common name of a tier: Vertex spells `flex` as `ON_DEMAND_FLEX`, and the usual tier has several names.
    static func normalizedTier(_ name: String) -> String {
        let name = name.asciiLowercased
        return switch name {
        case "standard", "auto", "on_demand", "traffic_type_unspecified": "default"
        case "on_demand_flex": "flex"
        case "on_demand_priority": "priority"
        case "on_demand_offpeak": "offpeak"
        default: name
        }
    }
}

extension StringProtocol {
    /// The text with the letters A to Z in lower case.
    var asciiLowercased: String {
        guard utf8.contains(where: { $0 >= 65 && $0 <= 90 }) else { return String(self) }
        return String(decoding: utf8.map { $0 >= 65 && $0 <= 90 ? $0 | 0x20 : $0 }, as: UTF8.self)
    }
}

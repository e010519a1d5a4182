internal import GatehouseCore

/// What the browser says about where a POST came from. Pages of the portal answer with `Referrer-Policy: same-origin`:
/// under `no-referrer` a browser would send `Origin: null` with the portal's own forms (Fetch, section 3.2).
enum RequestProvenance: Equatable {
    case sameOrigin
    case otherSite
    /// Neither field came: no browser of the last years, or no browser at all.
    case unknown

    init(of request: PortalRequest, on origin: Origin) {
        let sites = request.values(of: "sec-fetch-site")
        let origins = request.values(of: "origin")
        guard sites.count <= 1, origins.count <= 1 else {
            self = .otherSite
            return
        }
        // `none` is the person's own doing (a reload, a restored tab); it does not say whose form it was.
        if let site = sites.first, !ByteText.isSame(site, "same-origin"), !ByteText.isSame(site, "none") {
            self = .otherSite
        } else if let stated = origins.first, !ByteText.isSame(stated, "null") {
            self = Origin(stated) == origin ? .sameOrigin : .otherSite
        } else if let site = sites.first, ByteText.isSame(site, "same-origin") {
            self = .sameOrigin
        } else {
            self = origins.isEmpty ? .unknown : .otherSite
        }
    }
}

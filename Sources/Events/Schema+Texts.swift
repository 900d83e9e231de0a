extension Schema {
    /// The layouts of the released versions, oldest first. A text never changes once a version was released.
    static let texts = [
        """
        tollgate events, schema version 1
        record: version u8 (1), kind u8, body; numbers LEB128 (u), zigzag LEB128 (s), little-endian fixed (f16, f64),
        string: length u, UTF-8; bytes: length u, octets; id: 16 octets; time: f64, microseconds since 1970 UTC
        1 schema.adopted: time, version u8, hash bytes
        2 pricebook.adopted: time, revision u, hash bytes, origin string, book bytes
        3 node.started: time, program string
        4 node.stopped: time, reason string
        5 request.started: id, time, operation u8, group, client, provider, model strings
        6 request.completed: id, time, profile bytes, mask f16, total s, [1] first byte s, upstream s, request s,
          response s, source u8, units, cost state u8, picodollars s, book u, [4] row u, attempts u *, [8] reported
          total s, [16] tier string, [32] speed string, [64] region string, [128] provider picodollars s, [256]
          additional u * (u8 named, model string, units), path u (0: string, else table), [512] response id string,
          [1024] raw bytes (dictionary coding 1); [2] usage complete
          profile: mask u8, operation u8, dialect u8, outcome u8, status f16, group, client, [not 2] provider,
          [4] requested, [8] sent, [16] sent is requested, [32] reported, [64] error; [1] stream
          units: mask u, a count u for each set bit in ascending order
          attempt: mask u8, upstream string, [1] key f64, [2] key string, [4] status f16, [8] failure u8, duration s
        7 request.interrupted: body of request.started, time
        8 config.changed: time, hash bytes, summary string
        9 history.truncated: time, first u, last u
        10 ledger.gap: time, since f64, requests u

        """,
        """
        tollgate events, schema version 2
        record: version u8 (2), kind u8, body; numbers LEB128 (u), zigzag LEB128 (s), little-endian fixed (f16, f64),
        string: length u, UTF-8; bytes: length u, octets; id: 16 octets; time: f64, microseconds since 1970 UTC
        1 schema.adopted: time, version u8, hash bytes; carries the version that it adopts, as all records behind it do
        2 pricebook.adopted: time, revision u, hash bytes, origin string, book bytes
        3 node.started: time, program string
        4 node.stopped: time, reason string
        5 request.started: id, time, operation u8, group, client, provider, model strings
        6 request.completed: id, time, profile bytes, mask f16, total s, [1] first byte s, upstream s, request s,
          response s, source u8, [2048] normaliser u8, units, cost state u8, picodollars s, book u, [4] row u, attempts
          u *, [8] reported total s, [16] tier string, [32] speed string, [64] region string, [128] provider
          picodollars s, [256] additional u * (u8 named, model string, units), path u (0: string, else table), [512]
          response id string, [4096] session string, [8192] tags u * (name string, value string) in ascending order of
          their names, [1024] raw bytes (dictionary coding 1); [2] usage complete
          profile: mask u8, operation u8, dialect u8, outcome u8, status f16, group, client ([128] f64: c_ and 16 hex
          digits, else string), [not 2] provider, [4] requested, [8] sent, [16] sent is requested, [32] reported, [64]
          error; [1] stream
          units: mask u, a count u for each set bit in ascending order
          attempt: mask u8, upstream string, [1] key f64, [2] key string, [4] status f16, [8] failure u8, duration s
        7 request.interrupted: body of request.started, time
        8 config.changed: time, hash bytes, summary string
        9 history.truncated: time, first u, last u
        10 ledger.gap: time, since f64, requests u

        """,
    ]
}

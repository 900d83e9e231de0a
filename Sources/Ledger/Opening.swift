internal import Glibc
internal import LevelDB

/// Opening a ledger: the checks between the directory and the first record.
struct Opening {
    let options: LedgerOptions
    let store: Store
    let key: NodeKey
    let tree: MerkleTree
    let checkpointSize: UInt64
    let lostRange: ClosedRange<UInt64>?

    static func checkpointPath(_ directory: String) -> String { directory + "/checkpoint" }
    static func keyPath(_ directory: String) -> String { directory + "/node.key" }

    init(_ options: LedgerOptions) throws(LedgerError) {
        var options = options
        try Opening.validate(options)
        let directory = options.directory
        try Files.makeDirectory(directory, writable: !options.readOnlyIntent)
        let checkpointPath = Opening.checkpointPath(directory)
        let note = try Files.read(checkpointPath)
        let stated = note.flatMap { try? Checkpoint(note: $0, key: nil) }
        let copy = options.checkpointCopy
        let keptNotes = try copy.map { path throws(LedgerError) in try CheckpointCopy(path) }
        let keptBefore = keptNotes?.newest(of: nil).flatMap { try? Checkpoint(note: $0, key: nil) }
        // A store that may not be looked into must not be taken for one that is gone.
        let folder = directory + "/ledger"
        if Files.exists(folder), access(folder, R_OK | W_OK | X_OK) != 0 {
            throw LedgerError("use the ledger", folder, errno: errno)
        }
        if !Files.exists(directory + "/ledger/CURRENT") {
            // The store would start anew there and remove what it takes for left over.
            let names = (try? Files.names(in: directory + "/ledger")) ?? []
            guard !names.contains(where: { $0.hasSuffix(".ldb") || $0.hasSuffix(".log") }) else {
                throw LedgerError(
                    .damaged,
                    "\(directory)/ledger/CURRENT is missing, although the store's other files are there; \(LedgerError.salvage)"
                )
            }
            for (checkpoint, path) in [(stated, checkpointPath), (keptBefore, copy ?? "")] {
                guard let checkpoint, checkpoint.size > 0, !options.acceptLoss || options.readOnlyIntent else {
                    continue
                }
                throw Opening.lost(head: 0, checkpoint: checkpoint, at: path, options)
            }
            guard !options.readOnlyIntent else {
                throw LedgerError(.notFound, "there is no ledger in \(directory); name the data directory of a server")
            }
        }
        options.databaseOptions.createIfMissing = !options.readOnlyIntent
        let store = try Store(directory: directory, options: options.databaseOptions)
        var isNew = false
        let origin: String
        if let found = try store.origin() {
            origin = found
        } else {
            guard !options.readOnlyIntent else {
                throw LedgerError(.notFound, "there is no ledger in \(directory); name the data directory of a server")
            }
            var generator = SystemRandomNumberGenerator()
            let random = withUnsafeBytes(of: generator.next()) { hexadecimal($0) }
            origin = "\(options.name)/\(random)"
            isNew = true
        }
        let head = try store.lastSequence()
        let tree = try store.tree(size: head)
        var lost = try PendingLoss.read(directory)
        func lose(_ range: ClosedRange<UInt64>?) {
            guard let range else { return }
            lost = min(lost?.lowerBound ?? .max, range.lowerBound)...max(lost?.upperBound ?? 0, range.upperBound)
        }

        if isNew {
            if note != nil, !options.acceptLoss {
                guard let stated else {
                    throw LedgerError(
                        .checkpointInvalid,
                        "\(checkpointPath) is not a checkpoint, and there is no ledger beside it; restore the data directory, "
                            + "or start a new ledger with --accept-loss"
                    )
                }
                if stated.size > 0 { throw Opening.lost(head: 0, checkpoint: stated, at: checkpointPath, options) }
            }
            if let keptBefore, keptBefore.size > 0, !options.acceptLoss {
                throw Opening.lost(head: 0, checkpoint: keptBefore, at: copy ?? "", options)
            }
            let size = max(stated?.size ?? 0, keptBefore?.size ?? 0)
            if size > 0 { lose(1...size) }
            if let lost { try PendingLoss.write(lost, directory) }
            try Opening.putAside(directory)
        }
        let key = try Opening.key(options, origin: origin, head: head)
        if isNew { try store.create(origin: origin) }

        if let note, !isNew {
            lose(
                try Opening.compare(note, at: checkpointPath, key: key, tree: tree, store: store, options: options)
            )
        } else if head > 0 {
            guard options.acceptLoss else {
                throw LedgerError(
                    .checkpointInvalid,
                    "\(checkpointPath) is missing although the ledger holds \(head) records, so nothing tells whether some "
                        + "are gone; restore the file, or go on without it with --accept-loss"
                )
            }
            lose(1...head)
        }
        if let copy, let keptNotes, !isNew, !keptNotes.isMissing {
            // What holds no note is compared as it is, so that it is told for what it is.
            let kept = keptNotes.newest(of: origin, key: key.verifier) ?? keptNotes.newest(of: nil) ?? ""
            let found = try Opening.compare(
                Array(kept.utf8),
                at: copy,
                key: key,
                tree: tree,
                store: store,
                options: options
            )
            lose(found)
            if found != nil, !options.readOnlyIntent {
                if let lost { try PendingLoss.write(lost, directory) }
                try CheckpointCopy.acceptLoss(tree, key: key, at: copy)
            }
        }
        if let copy, keptNotes?.isMissing == true, head > 0 { options.notify?(.copyMissing(copy)) }
        if !options.readOnlyIntent {
            // Before the checkpoint that shows the loss is replaced.
            if let lost { try PendingLoss.write(lost, directory) }
            try Checkpointer.write(tree, key: key, path: checkpointPath, copy: options.checkpointCopy)
        }
        self.options = options
        self.store = store
        self.key = key
        self.tree = tree
        self.checkpointSize = tree.size
        self.lostRange = lost
    }

    /// Compares a checkpoint with the ledger; returns the range that is lost when the operator accepts that.
    private static func compare(
        _ note: [UInt8],
        at path: String,
        key: NodeKey,
        tree: MerkleTree,
        store: Store,
        options: LedgerOptions
    ) throws(LedgerError) -> ClosedRange<UInt64>? {
        let checkpoint: Checkpoint
        do {
            checkpoint = try Checkpoint(note: note, key: key.verifier)
        } catch {
            let stated = (try? Checkpoint(note: note, key: nil)).flatMap { $0.origin == key.origin ? $0.size : nil }
            let last = max(tree.size, stated ?? 0)
            // What such a file would have shown, nobody can say any more.
            if options.acceptLoss { return last > 0 ? 1...last : nil }
            if let stated = try? Checkpoint(note: note, key: nil), stated.origin != key.origin {
                throw LedgerError(
                    .checkpointInvalid,
                    "\(path) is of the ledger \(stated.origin), but the ledger beside it is \(key.origin): directories were "
                        + "mixed up; put back the right one, or go on with --accept-loss"
                )
            }
            let what =
                error == .malformed
                ? "is not a checkpoint" : "was altered or signed by another key: its signature is wrong"
            throw LedgerError(
                .checkpointInvalid,
                "\(path) \(what); restore it from a copy, or go on without it with --accept-loss"
            )
        }
        if checkpoint.size > tree.size {
            guard options.acceptLoss else { throw lost(head: tree.size, checkpoint: checkpoint, at: path, options) }
            return tree.size + 1...checkpoint.size
        }
        guard checkpoint.size > 0 else { return nil }
        let then = checkpoint.size == tree.size ? tree : try store.tree(size: checkpoint.size)
        guard then.root == checkpoint.root else {
            if options.acceptLoss { return 1...checkpoint.size }
            throw LedgerError(
                .historyChanged,
                "the ledger in \(options.directory) is not the one that \(path) was signed for: some of its records 1 to "
                    + "\(checkpoint.size) were changed or replaced; restore a backup, or go on with --accept-loss, which "
                    + "records the loss",
                missing: 1...checkpoint.size
            )
        }
        return nil
    }

    private static func lost(
        head: UInt64,
        checkpoint: Checkpoint,
        at path: String,
        _ options: LedgerOptions
    ) -> LedgerError {
        LedgerError(
            .historyLost,
            "history is missing: the ledger in \(options.directory) ends at \(head), but its checkpoint \(path) covers "
                + "\(checkpoint.size) records, so \(head + 1) to \(checkpoint.size) are gone; restore the newest backup of "
                + "\(options.directory)/ledger, or go on with --accept-loss, which records the loss",
            missing: head + 1...checkpoint.size
        )
    }

    private static func key(_ options: LedgerOptions, origin: String, head: UInt64) throws(LedgerError) -> NodeKey {
        let path = keyPath(options.directory)
        if let text = try Files.read(path) {
            guard let key = NodeKey(text: text) else {
                throw LedgerError(.keyInvalid, "\(path) is not a node key; restore it from a copy")
            }
            if key.origin == origin { return key }
            // A crash between the key and the first row leaves a key of a ledger that never was.
            guard head == 0 || options.acceptLoss, !options.readOnlyIntent else {
                throw LedgerError(
                    .keyInvalid,
                    "\(path) is the key of the ledger \(key.origin), but the ledger beside it is \(origin): directories "
                        + "were mixed up; put back the right one"
                )
            }
        } else if head > 0, !options.acceptLoss {
            throw LedgerError(
                .keyInvalid,
                "\(path) is missing, so the checkpoint cannot be verified; restore it from a copy, or go on with a new key "
                    + "with --accept-loss"
            )
        }
        guard let key = NodeKey(origin: origin) else {
            throw LedgerError(
                .damaged,
                "the origin \"\(origin.prefix(64))\" of the ledger in \(options.directory) cannot name a key; restore a backup"
            )
        }
        if !options.readOnlyIntent {
            if Files.exists(path) { try Files.rename(path, to: path + ".old") }
            try Files.replace(path, with: key.fileText, mode: 0o600)
        }
        return key
    }

    private static func putAside(_ directory: String) throws(LedgerError) {
        for path in [checkpointPath(directory), keyPath(directory)] where Files.exists(path) {
            try Files.rename(path, to: path + ".old")
        }
    }

    private static func validate(_ options: LedgerOptions) throws(LedgerError) {
        let isName = options.name.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
                true
            default: false
            }
        }
        guard isName, (1...64).contains(options.name.utf8.count) else {
            throw LedgerError(
                .invalidOption,
                "\"\(options.name)\" is no name for a ledger: use 1 to 64 letters, digits, dots, underscores or hyphens"
            )
        }
        guard !options.directory.isEmpty, options.directory.utf8.count < 4_000 else {
            throw LedgerError(.invalidOption, "the data directory needs a path")
        }
        guard (1...(1 << 20)).contains(options.queueLimit) else {
            throw LedgerError(.invalidOption, "the queue limit is \(options.queueLimit); it must be 1 to 1048576")
        }
        guard geometry(options).isSound else {
            throw LedgerError(
                .invalidOption,
                "the in-flight table cannot have \(options.lanes) lanes of \(options.slotsPerLane) slots of "
                    + "\(options.slotBytes) bytes: 1 to 1024 lanes, 1 to 1048576 slots, 64 to 65536 bytes in steps of 8, "
                    + "4 GiB in all"
            )
        }
    }

    static func geometry(_ options: LedgerOptions) -> InFlightFile.Geometry {
        InFlightFile.Geometry(lanes: options.lanes, slotsPerLane: options.slotsPerLane, slotBytes: options.slotBytes)
    }
}

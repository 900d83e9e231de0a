import Admin
import ArgumentParser
import Gateway
import Ledger
import Settings
import Views

/// The exit codes, those of `sysexits.h`; `tollgate --help` documents them.
enum Exit {
    static let changed = ExitCode(1)
    static let notSigned = ExitCode(2)
    static let cutOff = ExitCode(3)
    static let usage = ExitCode(64)
    static let badData = ExitCode(65)
    static let noInput = ExitCode(66)
    static let unavailable = ExitCode(69)
    static let software = ExitCode(70)
    static let cannotCreate = ExitCode(73)
    static let inputOutput = ExitCode(74)
    static let inUse = ExitCode(75)
    static let noPermission = ExitCode(77)
    static let configuration = ExitCode(78)

    static func code(of error: ManagementError.Code) -> ExitCode {
        switch error {
        case .badRequest, .methodNotAllowed, .tooLarge: usage
        case .unauthorized, .forbidden: noPermission
        case .notFound: noInput
        case .conflict: inUse
        case .invalidBook, .damaged: badData
        case .unavailable: unavailable
        }
    }

    static func code(of failure: AuditFailure) -> ExitCode {
        switch failure.kind {
        case .malformed: badData
        case .cut: cutOff
        case .signature: notSigned
        case .trailing, .missing, .unreadable, .altered, .field, .hashes, .root, .digest: changed
        }
    }

    static func code(of error: LedgerError) -> ExitCode {
        switch error.code {
        case .inUse: inUse
        case .permissionDenied, .readOnly: noPermission
        case .damaged, .historyLost, .historyChanged, .checkpointInvalid, .keyInvalid, .unknownFormat: badData
        case .invalidOption: configuration
        case .notFound: noInput
        default: inputOutput
        }
    }
}

/// Runs a command's body; a known error becomes a message on standard error and its exit code.
func reporting<Result>(_ body: () async throws -> Result) async throws -> Result {
    do {
        return try await body()
    } catch let error as ConfigurationError {
        Words.error(error.description)
        throw Exit.configuration
    } catch let error as ManagementError {
        Words.error(error.message)
        throw Exit.code(of: error.code)
    } catch let error as LedgerError {
        Words.error(error.message)
        throw Exit.code(of: error)
    } catch let error as GatewayError {
        Words.error(error.description)
        throw error.code == .listen ? Exit.unavailable : Exit.configuration
    } catch let failure as AuditFailure {
        Words.error(failure.message)
        throw Exit.code(of: failure)
    } catch let error as BillError {
        Words.error(error.description)
        throw Exit.badData
    } catch let error as ViewError {
        Words.error(error.description)
        throw error.code == .badQuestion ? Exit.usage : Exit.badData
    } catch let failure as OutputFailure {
        Words.error("Standard output cannot be written: \(failure.reason). What is there is not whole.")
        throw Exit.inputOutput
    } catch is BrokenPipe {
        // Whoever read our output has enough of it: `tollgate export | head`.
        throw ExitCode.success
    }
}

/// The reader of standard output went away.
struct BrokenPipe: Error {}

/// Standard output could not be written, as on a full disk.
struct OutputFailure: Error {
    var reason: String
}

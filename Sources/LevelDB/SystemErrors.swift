internal import Glibc

extension LevelDBError.Code {
    /// The kind of failure behind an errno; anything without a name of its own is an I/O error.
    init(systemError: Int32) {
        switch systemError {
        case EACCES, EPERM: self = .permissionDenied
        case EROFS: self = .readOnly
        case ENOSPC, EDQUOT: self = .diskFull
        case EMFILE, ENFILE: self = .tooManyOpenFiles
        case ENOMEM: self = .outOfMemory
        default: self = .ioError
        }
    }
}

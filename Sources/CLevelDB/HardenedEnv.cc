#include "HardenedEnv.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <memory>
#include <new>

#include "LogEnd.h"
#include "leveldb/slice.h"

using leveldb::Slice;
using leveldb::Status;

namespace tollgate {
namespace {

bool ends_with(const std::string &text, const char *suffix) {
  const size_t length = strlen(suffix);
  return text.size() >= length && text.compare(text.size() - length, length, suffix) == 0;
}

std::string directory_of(const std::string &name) {
  const size_t slash = name.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : name.substr(0, slash);
}

/// A table, read by calls that can fail. The system's mapping of files would end the process by a signal where a page
/// cannot be had any more: a bad sector, or a file that was cut while it was open.
class TableFile final : public leveldb::RandomAccessFile {
 public:
  TableFile(std::string name, int descriptor) : name_(std::move(name)), descriptor_(descriptor) {}
  ~TableFile() override { ::close(descriptor_); }

  Status Read(uint64_t offset, size_t count, Slice *result, char *scratch) const override {
    size_t found = 0;
    while (found < count) {
      const ssize_t read = ::pread(descriptor_, scratch + found, count - found, static_cast<off_t>(offset + found));
      if (read < 0 && errno == EINTR) continue;
      if (read < 0) {
        *result = Slice(scratch, 0);
        return Faults::status(name_, errno);
      }
      if (read == 0) break;
      found += static_cast<size_t>(read);
    }
    *result = Slice(scratch, found);
    return Status::OK();
  }

 private:
  const std::string name_;
  const int descriptor_;
};

class HardenedFile final : public leveldb::WritableFile {
 public:
  HardenedFile(HardenedEnv *env, std::string name, leveldb::WritableFile *base)
      : env_(env), name_(std::move(name)), base_(base), is_log_(ends_with(name_, ".log")) {
    if (is_log_ && env_->hardened()) zeros_ = std::make_unique<ZerosAhead>(name_);
  }

  ~HardenedFile() override {
    // LevelDB rotates a log by deleting its file object, so an error here has no caller to go to: the environment
    // keeps it and refuses the next log write.
    if (!closed_) (void)Close();
  }

  Status Append(const Slice &data) override {
    Status status = before();
    if (!status.ok()) return status;
    if (Faults *faults = env_->faults()) {
      const Fault fault = faults->next(CLEVELDB_FAULT_APPEND);
      if (faults->powerless()) return Status::OK();
      if (fault.error != 0) {
        if (fault.short_write) {
          const Slice half(data.data(), data.size() / 2);
          if (base_->Append(half).ok() && base_->Flush().ok()) faults->appended(name_, half.size());
          if (fault.error == CLEVELDB_ERROR_KILL) Faults::kill_process();
        }
        return after(Faults::status(name_, fault.error));
      }
      faults->appended(name_, data.size());
    }
    dirty_ = true;
    if (zeros_ != nullptr) zeros_->prepare(data.size());
    status = after(base_->Append(data));
    if (status.ok() && zeros_ != nullptr) zeros_->appended(data.size());
    return status;
  }

  Status Flush() override {
    const Status status = before();
    if (!status.ok()) return status;
    return after(base_->Flush());
  }

  Status Sync() override {
    Status status = before();
    if (!status.ok()) return status;
    if (Faults *faults = env_->faults()) {
      const Fault fault = faults->next(CLEVELDB_FAULT_SYNC);
      if (faults->powerless()) return Status::OK();
      if (fault.error != 0) return after(Faults::status(name_, fault.error));
    }
    status = after(base_->Sync());
    if (status.ok()) {
      dirty_ = false;
      if (Faults *faults = env_->faults()) {
        faults->synced(name_);
        // The base file syncs the directory together with a MANIFEST.
        if (name_.find("/MANIFEST-") != std::string::npos) faults->directory_synced(directory_of(name_));
      }
    }
    return status;
  }

  Status Close() override {
    if (closed_) return Status::OK();
    closed_ = true;
    Status status;
    if (env_->hardened() && is_log_ && dirty_) status = Sync();
    // After an error nobody knows where the log ends; its reader finds out.
    if (zeros_ != nullptr && before().ok() && !is_powerless()) zeros_->cut();
    const Status closing = after(base_->Close());
    return status.ok() ? closing : status;
  }

 private:
  bool is_powerless() const { return env_->faults() != nullptr && env_->faults()->powerless(); }

  Status before() {
    if (!env_->hardened()) return Status::OK();
    if (!error_.ok()) return error_;
    return is_log_ ? env_->log_error() : Status::OK();
  }

  Status after(Status status) {
    if (!status.ok() && env_->hardened()) {
      if (error_.ok()) error_ = status;
      if (is_log_) env_->set_log_error(status);
    }
    return status;
  }

  HardenedEnv *const env_;
  const std::string name_;
  const std::unique_ptr<leveldb::WritableFile> base_;
  const bool is_log_;
  std::unique_ptr<ZerosAhead> zeros_;
  bool dirty_ = false;
  bool closed_ = false;
  Status error_;
};

}  // namespace

HardenedEnv::HardenedEnv(Faults *faults) : EnvWrapper(leveldb::Env::Default()), faults_(faults) {}

Status HardenedEnv::NewWritableFile(const std::string &name, leveldb::WritableFile **result) {
  *result = nullptr;
  const Status fault = faulted(CLEVELDB_FAULT_OPEN, name);
  if (!fault.ok()) return fault;
  leveldb::WritableFile *base = nullptr;
  const Status status = target()->NewWritableFile(name, &base);
  if (!status.ok()) return status;
  if (faults_ != nullptr) faults_->created(name);
  return wrap(name, base, result);
}

Status HardenedEnv::NewAppendableFile(const std::string &name, leveldb::WritableFile **result) {
  *result = nullptr;
  leveldb::WritableFile *base = nullptr;
  const Status status = target()->NewAppendableFile(name, &base);
  if (!status.ok()) return status;
  return wrap(name, base, result);
}

Status HardenedEnv::wrap(const std::string &name, leveldb::WritableFile *base, leveldb::WritableFile **result) {
  std::unique_ptr<leveldb::WritableFile> file(base);
  if (hardened() && ends_with(name, ".log")) {
    const Status status = sync_directory_of(name);
    if (!status.ok()) return status;
  }
  auto *wrapped = new (std::nothrow) HardenedFile(this, name, file.get());
  if (wrapped == nullptr) return Status::IOError(name, "out of memory");
  (void)file.release();
  *result = wrapped;
  return Status::OK();
}

Status HardenedEnv::RenameFile(const std::string &from, const std::string &to) {
  const Status fault = faulted(CLEVELDB_FAULT_RENAME, from);
  if (!fault.ok()) return fault;
  if (faults_ != nullptr && faults_->powerless()) return Status::OK();
  const Status status = target()->RenameFile(from, to);
  if (!status.ok()) return status;
  if (faults_ != nullptr) faults_->renamed(from, to);
  // The information log is rotated by rename too, and its loss does not matter.
  if (!hardened() || ends_with(to, "/LOG.old")) return status;
  // The name has changed, whatever the sync says. LevelDB would take an error for the opposite and remove the MANIFEST
  // that CURRENT names by now. So the handle gets no further instead: no log write, and nothing is removed.
  const Status syncing = sync_directory_of(to);
  if (!syncing.ok()) set_log_error(syncing);
  return status;
}

Status HardenedEnv::NewSequentialFile(const std::string &name, leveldb::SequentialFile **result) {
  *result = nullptr;
  const Status fault = faulted(CLEVELDB_FAULT_READ, name);
  if (!fault.ok()) return fault;
  if (hardened() && ends_with(name, ".log")) return open_log(target(), name, result);
  return target()->NewSequentialFile(name, result);
}

Status HardenedEnv::NewRandomAccessFile(const std::string &name, leveldb::RandomAccessFile **result) {
  *result = nullptr;
  const Status fault = faulted(CLEVELDB_FAULT_READ, name);
  if (!fault.ok()) return fault;
  const int descriptor = ::open(name.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return Faults::status(name, errno);
  *result = new (std::nothrow) TableFile(name, descriptor);
  if (*result != nullptr) return Status::OK();
  ::close(descriptor);
  return Status::IOError(name, "out of memory");
}

Status HardenedEnv::RemoveFile(const std::string &name) {
  const Status fault = faulted(CLEVELDB_FAULT_REMOVE, name);
  if (!fault.ok()) return fault;
  // What a handle that has failed takes for superfluous may be what the next one needs.
  if (hardened()) {
    const Status error = log_error();
    if (!error.ok()) return error;
  }
  if (faults_ != nullptr && faults_->powerless()) return Status::OK();
  const Status status = target()->RemoveFile(name);
  if (status.ok() && faults_ != nullptr) faults_->removed(name);
  return status;
}

Status HardenedEnv::LockFile(const std::string &name, leveldb::FileLock **lock) {
  const Status status = target()->LockFile(name, lock);
  // LevelDB says "lock <file>" when somebody holds it, and just "<file>" when the file cannot be opened.
  if (!status.ok() && status.ToString().find("lock " + name) != std::string::npos) lock_refused_.store(true);
  return status;
}

Status HardenedEnv::faulted(int kind, const std::string &name) {
  if (faults_ == nullptr) return Status::OK();
  const Fault fault = faults_->next(kind);
  return fault.error == 0 ? Status::OK() : Faults::status(name, fault.error);
}

Status HardenedEnv::sync_directory_of(const std::string &name) {
  const std::string directory = directory_of(name);
  const Status fault = faulted(CLEVELDB_FAULT_DIRECTORY, directory);
  if (!fault.ok()) return fault;
  if (faults_ != nullptr && faults_->powerless()) return Status::OK();
  const int descriptor = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return Faults::status(directory, errno);
  const int outcome = ::fsync(descriptor);
  const int error = errno;
  ::close(descriptor);
  if (outcome != 0) return Faults::status(directory, error);
  if (faults_ != nullptr) faults_->directory_synced(directory);
  return Status::OK();
}

Status HardenedEnv::log_error() {
  if (!log_failed_.load(std::memory_order_acquire)) return Status::OK();
  const std::lock_guard<std::mutex> guard(mutex_);
  return log_error_;
}

void HardenedEnv::set_log_error(const Status &error) {
  const std::lock_guard<std::mutex> guard(mutex_);
  if (log_error_.ok()) log_error_ = error;
  log_failed_.store(true, std::memory_order_release);
}

}  // namespace tollgate

#include "Faults.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

using leveldb::Status;

namespace tollgate {

using Guard = std::lock_guard<std::mutex>;

namespace {

constexpr uint64_t kPage = 4096;

/// Overwrites bytes within one page with zeros.
void blank(const std::string &name, uint64_t start, uint64_t end) {
  static const char zeros[kPage] = {};
  const int descriptor = ::open(name.c_str(), O_WRONLY | O_CLOEXEC);
  if (descriptor < 0) return;
  (void)!::pwrite(descriptor, zeros, end - start, static_cast<off_t>(start));
  ::close(descriptor);
}

}  // namespace

bool Faults::powerless() {
  const Guard guard(mutex_);
  return powerless_;
}

void Faults::reset() {
  const Guard guard(mutex_);
  for (Plan &plan : plans_) plan = Plan();
  fired_ = 0;
}

void Faults::arm(int kind, uint64_t nth, uint64_t count, Fault fault) {
  const Guard guard(mutex_);
  if (kind < 0 || kind >= CLEVELDB_FAULT_KINDS) return;
  plans_[kind].nth = nth;
  plans_[kind].count = count;
  plans_[kind].fault = fault;
}

void Faults::delay(int kind, uint64_t microseconds) {
  const Guard guard(mutex_);
  if (kind >= 0 && kind < CLEVELDB_FAULT_KINDS) plans_[kind].delay = microseconds;
}

Fault Faults::next(int kind) {
  Fault fault;
  uint64_t delay = 0;
  {
    const Guard guard(mutex_);
    Plan &plan = plans_[kind];
    plan.calls += 1;
    delay = plan.delay;
    if (plan.nth != 0 && plan.calls >= plan.nth && plan.calls - plan.nth < plan.count) {
      fired_ += 1;
      fault = plan.fault;
      if (fault.error == CLEVELDB_ERROR_POWER) {
        powerless_ = true;
        fault = Fault();
      }
    }
  }
  if (delay > 0) (void)::usleep(static_cast<useconds_t>(delay));
  if (fault.error == CLEVELDB_ERROR_KILL && !fault.short_write) kill_process();
  return fault;
}

void Faults::kill_process() {
  for (;;) (void)::kill(::getpid(), SIGKILL);
}

uint64_t Faults::calls(int kind) {
  const Guard guard(mutex_);
  return kind < 0 || kind >= CLEVELDB_FAULT_KINDS ? 0 : plans_[kind].calls;
}

uint64_t Faults::fired() {
  const Guard guard(mutex_);
  return fired_;
}

void Faults::created(const std::string &name) {
  const Guard guard(mutex_);
  files_[name] = File();
}

void Faults::appended(const std::string &name, uint64_t bytes) {
  const Guard guard(mutex_);
  files_[name].written += bytes;
}

void Faults::synced(const std::string &name) {
  const Guard guard(mutex_);
  File &file = files_[name];
  file.synced = file.written;
}

void Faults::directory_synced(const std::string &directory) {
  const Guard guard(mutex_);
  for (auto &entry : files_) {
    const size_t slash = entry.first.rfind('/');
    if (slash != std::string::npos && entry.first.compare(0, slash, directory) == 0) entry.second.listed = true;
  }
}

void Faults::renamed(const std::string &from, const std::string &to) {
  const Guard guard(mutex_);
  const auto found = files_.find(from);
  if (found == files_.end()) return;
  // Renaming over an existing name leaves one of the two behind after a power cut; the new one is assumed here.
  File file = found->second;
  file.listed = true;
  files_.erase(found);
  files_[to] = file;
}

void Faults::removed(const std::string &name) {
  const Guard guard(mutex_);
  files_.erase(name);
}

void Faults::cut_power() {
  const Guard guard(mutex_);
  powerless_ = true;
}

void Faults::restore_power(uint64_t seed) {
  const Guard guard(mutex_);
  // xorshift64: any sequence will do, if only it is the same for the same seed.
  const auto random = [&seed] {
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed;
  };
  for (const auto &entry : files_) {
    const File &file = entry.second;
    struct ::stat found;
    if (::stat(entry.first.c_str(), &found) != 0) continue;  // removed by LevelDB itself
    if (!file.listed && (seed == 0 || random() % 2 == 0)) {
      (void)::unlink(entry.first.c_str());
      continue;
    }
    const uint64_t size = static_cast<uint64_t>(found.st_size);
    uint64_t kept = file.synced;
    if (seed != 0 && file.written > kept) kept += random() % (file.written - kept + 1);
    if (size > kept && ::truncate(entry.first.c_str(), static_cast<off_t>(kept)) != 0) continue;
    if (size <= file.written) continue;
    // The zeros ahead of a log's end were there before what was written over them; the last of them perhaps not yet.
    const uint64_t pages = size / kPage - std::min(size / kPage, (kept + kPage - 1) / kPage);
    const uint64_t ahead = size - (seed == 0 ? 0 : random() % (pages + 1) * kPage);
    if (::truncate(entry.first.c_str(), static_cast<off_t>(ahead)) != 0 || seed == 0) continue;
    // Nor do the pages written over them reach the disk in order.
    for (uint64_t start = file.synced; start < kept; start = start / kPage * kPage + kPage) {
      if (random() % 2 == 0) blank(entry.first, start, std::min(kept, start / kPage * kPage + kPage));
    }
  }
  files_.clear();
  powerless_ = false;
}

Status Faults::status(const std::string &context, int error) { return Status::IOError(context, ::strerror(error)); }

}  // namespace tollgate

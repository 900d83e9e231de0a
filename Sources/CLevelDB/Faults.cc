#include "Faults.h"

#include <string.h>
#include <unistd.h>

using leveldb::Status;

namespace tollgate {

using Guard = std::lock_guard<std::mutex>;

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

Fault Faults::next(int kind) {
  const Guard guard(mutex_);
  Plan &plan = plans_[kind];
  plan.calls += 1;
  if (plan.nth == 0 || plan.calls < plan.nth || plan.calls - plan.nth >= plan.count) return Fault();
  fired_ += 1;
  return plan.fault;
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

void Faults::restore_power() {
  const Guard guard(mutex_);
  for (const auto &entry : files_) {
    if (!entry.second.listed) {
      (void)::unlink(entry.first.c_str());
    } else if (::truncate(entry.first.c_str(), static_cast<off_t>(entry.second.synced)) != 0) {
      continue;  // removed by LevelDB itself
    }
  }
  files_.clear();
  powerless_ = false;
}

Status Faults::status(const std::string &context, int error) { return Status::IOError(context, ::strerror(error)); }

}  // namespace tollgate

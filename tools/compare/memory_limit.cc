#include "tools/compare/memory_limit.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <optional>
#include <utility>

#include "tools/compare/guard.h"
#include "vmm/error.h"
#include "vmm/runner/cgroup.h"
#include "vmm/runner/leftovers.h"

namespace husk::compare {
namespace {

namespace fs = std::filesystem;

constexpr char kPrefix[] = "husk-compare-limit-";

// Some kernels have no swap accounting, or the host no swap: then there is nothing to limit.
void forbid_swap(const fs::path& group, bool is_unified, std::uint64_t bytes) {
  std::ofstream file(group / (is_unified ? "memory.swap.max" : "memory.memsw.limit_in_bytes"));
  file << (is_unified ? 0 : bytes) << std::flush;
}

void set_limit(const fs::path& group, bool is_unified, std::uint64_t bytes) {
  const fs::path path = group / (is_unified ? "memory.max" : "memory.limit_in_bytes");
  std::ofstream file(path);
  if (!(file << bytes << std::flush)) throw Error::from_errno("write", path.string());
  forbid_swap(group, is_unified, bytes);
}

}  // namespace

struct MemoryLimit::Group {
  fs::path path;
  std::optional<GroupSpawner> spawner;
  bool is_taken = false;

  Group(std::size_t number, std::uint64_t bytes) {
    const std::optional<runner::CgroupPlace> parent = runner::find_memory_cgroup();
    if (!parent) throw Error("limit", "the memory of runs", "there is no memory control group");
    path = fs::path(parent->directory) / (kPrefix + std::to_string(comparison_id()) + "-" + std::to_string(number));
    fs::create_directory(path);
    try {
      set_limit(path, parent->unified, bytes);
      spawner.emplace(path.string(), parent->unified);
    } catch (...) {
      runner::remove_cgroup(path.c_str());
      throw;
    }
  }
  ~Group() {
    spawner.reset();
    runner::remove_cgroup(path.c_str());
  }
};

MemoryLimit::MemoryLimit(std::uint64_t bytes) : bytes_(bytes) {
  // Of comparisons that were killed together with their guardians.
  if (const auto parent = runner::find_memory_cgroup()) runner::sweep(parent->directory, kPrefix);
  if (bytes == 0) return;
  try {
    groups_.push_back(std::make_unique<Group>(0, bytes));
  } catch (const std::exception& error) {
    why_not_ = error.what();
  }
}

MemoryLimit::~MemoryLimit() = default;

MemoryLimit::Place MemoryLimit::take() {
  Place place;
  if (bytes_ == 0 || !why_not_.empty()) return place;
  const auto free = std::ranges::find_if(groups_, [](const auto& group) { return !group->is_taken; });
  place.number_ = static_cast<std::size_t>(free - groups_.begin());
  if (free == groups_.end()) groups_.push_back(std::make_unique<Group>(place.number_, bytes_));
  groups_[place.number_]->is_taken = true;
  place.limit_ = this;
  return place;
}

MemoryLimit::Place::Place(Place&& other) noexcept {
  *this = std::move(other);
}

MemoryLimit::Place& MemoryLimit::Place::operator=(Place&& other) noexcept {
  std::swap(limit_, other.limit_);
  std::swap(number_, other.number_);
  return *this;
}

MemoryLimit::Place::~Place() {
  if (limit_ != nullptr) limit_->groups_[number_]->is_taken = false;
}

GroupSpawner* MemoryLimit::Place::spawner() const {
  return limit_ == nullptr ? nullptr : &*limit_->groups_[number_]->spawner;
}

}  // namespace husk::compare

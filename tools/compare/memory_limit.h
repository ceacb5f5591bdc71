// The memory limit (-m) of runs whose runner has no option for one: a memory control group for each.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "tools/compare/spawn.h"

namespace husk::compare {

class MemoryLimit {
 public:
  // `bytes`: 0 for no limit.
  explicit MemoryLimit(std::uint64_t bytes);
  ~MemoryLimit();
  MemoryLimit(const MemoryLimit&) = delete;
  MemoryLimit& operator=(const MemoryLimit&) = delete;

  const std::string& why_not() const { return why_not_; }  // empty when there can be groups

  // A group that no other run is in; the same one again when its run has ended.
  class Place {
   public:
    Place() = default;
    Place(Place&& other) noexcept;
    Place& operator=(Place&& other) noexcept;
    ~Place();
    GroupSpawner* spawner() const;  // null where there is no limit

   private:
    friend class MemoryLimit;
    MemoryLimit* limit_ = nullptr;
    std::size_t number_ = 0;
  };
  Place take();  // throws husk::Error

 private:
  struct Group;
  std::uint64_t bytes_;
  std::string why_not_;
  std::vector<std::unique_ptr<Group>> groups_;
};

}  // namespace husk::compare

// One fuzzing thread: makes calls and performs actions, one after the other, each written down before it begins.
#pragma once

#include <cstdint>

#include "tests/fuzz/syscalls/random.h"
#include "tests/fuzz/syscalls/values.h"
#include "tests/fuzz/syscalls/world.h"

namespace fuzz {

class Worker {
 public:
  Worker(std::uint64_t seed, const World& world, unsigned depth);

  void run(std::uint64_t calls);
  [[noreturn]] static void leave(Random& random);

  Random& random() { return random_; }
  Values& values() { return values_; }
  const World& world() const { return world_; }
  unsigned depth() const { return depth_; }
  // One process fewer of those that the family may still make in this epoch.
  bool may_fork();
  void begin(std::uint64_t number, const std::uint64_t (&arguments)[6]);
  void end(long result);

 private:
  void call();

  const std::uint64_t seed_;
  Random random_;
  const World& world_;
  Values values_;
  Slot& slot_;
  unsigned depth_;
};

// Calls of a family's first process that are not made: how few of them show what all of them did?
inline constexpr std::uint64_t kMostLeftOut = 20'000;
extern bool left_out[kMostLeftOut];

// The memory at the fixed addresses of world.h.
bool map_arena();

}  // namespace fuzz

// A small random number generator with a seed of 64 bits (splitmix64, Steele, Lea and Flood 2014): the same seed gives
// the same calls.
#pragma once

#include <cstdint>

namespace fuzz {

class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next() {
    std::uint64_t value = state_ += 0x9e3779b97f4a7c15;
    value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
    value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
    return value ^ (value >> 31);
  }
  std::uint64_t below(std::uint64_t bound) { return next() % bound; }
  bool one_in(std::uint64_t count) { return below(count) == 0; }
  template <typename T, std::size_t kCount>
  const T& one_of(const T (&values)[kCount]) {
    return values[below(kCount)];
  }

 private:
  std::uint64_t state_;
};

// A seed for each part of a run, which depends on nothing that another part draws.
inline std::uint64_t seed_of(std::uint64_t seed, std::uint64_t epoch, std::uint64_t family, std::uint64_t turn) {
  // Mixed first, so that the next seed's first turn is not this one's second.
  Random random(Random(seed).next() ^ (epoch << 40) ^ (family << 32) ^ turn);
  return random.next();
}

}  // namespace fuzz

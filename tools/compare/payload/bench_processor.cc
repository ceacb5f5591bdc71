// What needs no kernel while it is measured: integer arithmetic and memory bandwidth.
#include "tools/compare/payload/bench.h"

namespace husk::payload {
namespace {

// Larger than the second-level cache of any processor of today (2 MiB), small enough for a VM of 64 MiB.
constexpr size_t kStreamSize = 16 << 20;
constexpr size_t kLineSize = 64;

uint64_t read_stream(const uint64_t* words) {
  uint64_t sums[4] = {};
  for (size_t at = 0; at < kStreamSize / sizeof *words; at += 4) {
    for (size_t lane = 0; lane < 4; ++lane) sums[lane] += words[at + lane];
  }
  return sums[0] + sums[1] + sums[2] + sums[3];
}

// Keeps the compiler from leaving out what computes the value.
inline void use(uint64_t& value) {
  asm volatile("" : "+r"(value));
}

}  // namespace

// A chain of multiplications and additions (a linear congruential generator, Knuth's constants): each needs the one
// before, so neither vectors nor several execution units help.
Outcome bench_cpu(const BenchContext& context, Measured& measured) {
  return calibrate_whole(context, measured, [](uint64_t count) {
    uint64_t value = count;
    for (uint64_t i = 0; i < count; ++i) {
      value = value * 6364136223846793005u + 1442695040888963407u;
      use(value);
    }
    return Outcome{};
  });
}

// Reads the buffer from one end to the other, 64 bytes an iteration, in whole passes.
Outcome bench_memory(const BenchContext& context, Measured& measured) {
  unsigned char* memory = nullptr;
  if (const Outcome mapped = checked(map_memory(kStreamSize, memory), "mmap"); !mapped) return mapped;
  for (size_t at = 0; at < kStreamSize; at += kPageSize) memory[at] = 1;
  const auto words = reinterpret_cast<const uint64_t*>(memory);
  const Outcome outcome = calibrate_whole(context, measured, [words](uint64_t passes) {
    for (uint64_t pass = 0; pass < passes; ++pass) {
      uint64_t sum = read_stream(words);
      use(sum);
    }
    return Outcome{};
  });
  measured.iterations *= kStreamSize / kLineSize;
  return outcome;
}

}  // namespace husk::payload

// What needs no kernel while it is measured: integer arithmetic and memory bandwidth.
#include "tools/compare/payload/bench.h"

namespace husk::payload {
namespace {

constexpr size_t kLineSize = 64;

uint64_t read_stream(const uint64_t* words, size_t count) {
  uint64_t sums[4] = {};
  for (size_t at = 0; at + 4 <= count; at += 4) {
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

// Reads the buffer from one end to the other, 64 bytes an iteration, in whole passes. Which memory that is, a cache or
// RAM, is decided by whoever chooses its size: here nobody knows the caches.
Outcome bench_memory(const BenchContext& context, Measured& measured) {
  const size_t size = context.bytes / kLineSize * kLineSize;
  unsigned char* memory = nullptr;
  if (const Outcome mapped = checked(map_memory(size, memory), "mmap"); !mapped) return mapped;
  for (size_t at = 0; at < size; at += kPageSize) memory[at] = 1;
  const auto words = reinterpret_cast<const uint64_t*>(memory);
  const Outcome outcome = calibrate_whole(context, measured, [words, size](uint64_t passes) {
    for (uint64_t pass = 0; pass < passes; ++pass) {
      uint64_t sum = read_stream(words, size / sizeof *words);
      use(sum);
    }
    return Outcome{};
  });
  measured.iterations *= size / kLineSize;
  return outcome;
}

}  // namespace husk::payload

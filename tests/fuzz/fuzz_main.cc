// Runs a libFuzzer target without libFuzzer: a number of inputs from a fixed seed, so that the test is the same every
// time.
//   fuzz_main [COUNT [SEED]]
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

int main(int argc, char** argv) {
  const unsigned long count = argc > 1 ? std::strtoul(argv[1], nullptr, 0) : 2000;
  const unsigned long seed = argc > 2 ? std::strtoul(argv[2], nullptr, 0) : 1;
  std::mt19937 random(static_cast<std::mt19937::result_type>(seed));
  std::vector<std::uint8_t> input;
  for (unsigned long i = 0; i < count; ++i) {
    input.resize(random() % 1500);
    for (std::uint8_t& byte : input) byte = static_cast<std::uint8_t>(random());
    LLVMFuzzerTestOneInput(input.data(), input.size());
  }
  std::printf("%lu inputs\n", count);
  return 0;
}

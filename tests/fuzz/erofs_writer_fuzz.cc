// Calls of the EROFS writer, chosen by a fuzzer: whatever they are, the image holds what they should leave, as another
// reader finds it, or they are refused (tests/unit/erofs_calls.h).
//
// A libFuzzer target (CMakeLists.txt).
#include <cstddef>
#include <cstdint>

#include "tests/unit/erofs_calls.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  husk::test::ErofsCalls(std::span(data, size)).run();
  if (testing::Test::HasFailure()) __builtin_trap();
  return 0;
}

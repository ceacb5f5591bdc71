// Output of every size arrives whole and in order, on both streams.
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <string>

#include "../topic.h"

using namespace abi;

static int run() {
  unsigned state = 1;
  for (const std::size_t size : {1ul, 100ul, 4095ul, 4096ul, 4097ul, 65'536ul, 300'000ul}) {
    std::string block(size, '\0');
    for (char& c : block) {
      state = state * 1'103'515'245 + 12'345;
      c = static_cast<char>('a' + (state >> 16) % 26);
    }
    std::size_t done = 0;
    while (done < size) {
      const ssize_t put = ::write(STDOUT_FILENO, block.data() + done, size - done);
      if (put <= 0) {
        say("write: %s\n", outcome(put));
        return 1;
      }
      done += static_cast<std::size_t>(put);
    }
    say("\n");
  }
  for (int i = 0; i < 500; ++i) say("line %d\n", i);
  for (int i = 0; i < 100; ++i) ::dprintf(STDERR_FILENO, "error %d\n", i);
  return 0;
}

static const Topic topic("large_output", run);

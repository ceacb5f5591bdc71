#include "lib/log_ring.h"

namespace kernel {

void append_to_log(husk::abi::GuestLog& log, unsigned severity, std::string_view text) {
  std::uint64_t position = log.written;
  const auto put = [&](char c) { log.text[position++ % sizeof log.text] = c; };
  put('<');
  put(static_cast<char>('0' + severity % 10));
  put('>');
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    put(byte < 0x20 || byte == 0x7f ? '?' : c);
  }
  put('\n');
  // The count goes last, so that the VMM, which may look at any time, never sees a line that is not there yet.
  __atomic_store_n(&log.written, position, __ATOMIC_RELEASE);
}

}  // namespace kernel

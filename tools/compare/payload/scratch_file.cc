#include "tools/compare/payload/scratch_file.h"

namespace husk::payload {

ScratchName::ScratchName() {
  for (size_t i = 0; i < sizeof kPrefix - 1; ++i) path_[i] = kPrefix[i];
  path_[sizeof path_ - 1] = 0;
  auto number = static_cast<uint64_t>(now_ns());
  for (size_t i = 0; i < kDigits; ++i) {
    path_[sizeof kPrefix - 1 + kDigits - 1 - i] = "0123456789abcdef"[number % 16];
    number /= 16;
  }
}

Outcome make_chunk(unsigned char*& chunk) {
  const Outcome outcome = checked(map_memory(kFileChunk, chunk), "mmap");
  if (!outcome) return outcome;
  for (size_t i = 0; i < kFileChunk; ++i) chunk[i] = static_cast<unsigned char>(i);
  return {};
}

Outcome write_chunk(int descriptor, const unsigned char* chunk, size_t size) {
  for (size_t done = 0; done < size;) {
    const long written = write_some(descriptor, chunk + done, size - done);
    if (written <= 0) return checked(written < 0 ? written : kNoErrorNumber, "write");
    done += static_cast<size_t>(written);
  }
  return {};
}

Outcome create_nameless(int& descriptor) {
  const ScratchName name;
  const long created = create_file(name.path());
  if (created < 0) return checked(created, "create in /tmp");
  descriptor = static_cast<int>(created);
  return checked(remove_file(name.path()), "unlink");
}

Outcome write_file(uint64_t size) {
  unsigned char* chunk = nullptr;
  if (const Outcome made = make_chunk(chunk); !made) return made;
  const ScratchName name;
  const long descriptor = create_file(name.path());
  if (descriptor < 0) return checked(descriptor, "create in /tmp");
  Outcome outcome;
  for (uint64_t done = 0; outcome && done < size; done += kFileChunk) {
    const uint64_t left = size - done;
    outcome =
        write_chunk(static_cast<int>(descriptor), chunk, left < kFileChunk ? static_cast<size_t>(left) : kFileChunk);
  }
  const Outcome closed = checked(close_file(static_cast<int>(descriptor)), "close");
  const Outcome removed = checked(remove_file(name.path()), "unlink");
  if (!outcome) return outcome;
  return closed ? removed : closed;
}

}  // namespace husk::payload

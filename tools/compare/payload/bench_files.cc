// Files in /tmp, whatever file system that is: the page cache's speed, not a disk's.
#include "tools/compare/payload/scratch_file.h"

namespace husk::payload {
namespace {

constexpr uint64_t kChunksPerFile = (4 << 20) / kFileChunk;

}  // namespace

// New files of 4 MiB, 64 KiB a call. Creating, removing and closing them is in the time.
Outcome bench_file_write(const BenchContext& context, Measured& measured) {
  unsigned char* chunk = nullptr;
  if (const Outcome made = make_chunk(chunk); !made) return made;
  return calibrate_whole(context, measured, [chunk](uint64_t count) {
    int descriptor = -1;
    for (uint64_t i = 0; i < count; ++i) {
      if (i % kChunksPerFile == 0) {
        if (descriptor >= 0) close_file(descriptor);
        if (const Outcome created = create_nameless(descriptor); !created) return created;
      }
      if (const Outcome written = write_chunk(descriptor, chunk, kFileChunk); !written) return written;
    }
    return checked(close_file(descriptor), "close");
  });
}

// A file of 4 MiB, read from its start again when its end is reached. Where writing is so slow (an emulated kernel)
// that the budget is used up first, the file is as large as it has become.
Outcome bench_file_read(const BenchContext& context, Measured& measured) {
  unsigned char* chunk = nullptr;
  if (const Outcome made = make_chunk(chunk); !made) return made;
  int descriptor = -1;
  if (const Outcome created = create_nameless(descriptor); !created) return created;
  const int64_t begin = now_ns();
  uint64_t chunks = 0;
  do {
    if (const Outcome written = write_chunk(descriptor, chunk, kFileChunk); !written) return written;
  } while (++chunks < kChunksPerFile && now_ns() - begin < context.budget_ns);

  const Outcome outcome = calibrate_whole(context, measured, [=](uint64_t count) {
    for (uint64_t i = 0; i < count; ++i) {
      if (i % chunks == 0) {
        if (const Outcome sought = checked(rewind_file(descriptor), "seek"); !sought) return sought;
      }
      const long got = read_some(descriptor, chunk, kFileChunk);
      if (got != static_cast<long>(kFileChunk)) return checked(got < 0 ? got : kNoErrorNumber, "read");
    }
    return Outcome{};
  });
  close_file(descriptor);
  return outcome;
}

// Create, close, stat by name and remove an empty file.
Outcome bench_file_metadata(const BenchContext& context, Measured& measured) {
  return calibrate_whole(context, measured, [](uint64_t count) {
    const ScratchName name;
    for (uint64_t i = 0; i < count; ++i) {
      const long descriptor = create_file(name.path());
      if (descriptor < 0) return checked(descriptor, "create in /tmp");
      uint64_t size = 0;
      const Outcome looked = checked(file_size(name.path(), size), "stat");
      const Outcome removed = checked(remove_file(name.path()), "unlink");
      close_file(static_cast<int>(descriptor));
      if (!looked) return looked;
      if (!removed) return removed;
    }
    return Outcome{};
  });
}

}  // namespace husk::payload

// Pipes and FIFOs: pipe(7), fifo(7). One ring of pages between writers and readers.
#pragma once

#include <cstdint>

#include "fs/file.h"

namespace kernel::fs {

struct PipeEnds {
  Ref<File> reader;
  Ref<File> writer;
};

// pipe2(2). `flags`: O_NONBLOCK of both ends.
Result<PipeEnds> make_pipe(std::uint32_t flags);

// Opens a FIFO by name; blocks until the other side is open, too, as fifo(7) says.
Result<Ref<File>> open_fifo(const Path& path, std::uint32_t flags);

// F_GETPIPE_SZ and F_SETPIPE_SZ; kBadF if the file is no pipe.
Result<std::size_t> pipe_capacity(File& file);
Result<std::size_t> set_pipe_capacity(File& file, std::size_t size);

}  // namespace kernel::fs

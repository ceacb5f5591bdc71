// Moving bytes between a pipe and something else without a buffer of the payload's: splice(2), tee(2), vmsplice(2), and
// sendfile(2) into a pipe.
//
// Between two pipes the pages themselves move. Elsewhere the kernel copies: on Linux, too, what a program sees is the
// bytes, except that it sees a later change of a page that it gave away with vmsplice(2), which the manual forbids.
#pragma once

#include <cstddef>
#include <cstdint>

#include "fs/file.h"
#include "fs/file_copy.h"

namespace kernel::fs {

Result<std::size_t> splice(File& in, CopyOffset in_offset, File& out, CopyOffset out_offset, std::size_t count,
                           bool non_blocking);
Result<std::size_t> tee(File& in, File& out, std::size_t count, bool non_blocking);
// From the payload's memory into a pipe's write end, or out of its read end.
Result<std::size_t> splice_memory(File& pipe, mm::IoBuffer& buffer, bool non_blocking);

// One that stands where a pipe can stand: an end of a pipe, or a standard stream of the payload's, which looks like one.
bool is_pipe_like(File& file);

}  // namespace kernel::fs

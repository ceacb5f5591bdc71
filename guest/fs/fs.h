// What the rest of the kernel asks of the file system: start it, open programs, open the initial descriptors.
#pragma once

#include <cstdint>
#include <string_view>

#include "fs/console.h"
#include "fs/file.h"
#include "fs/fs_context.h"
#include "lib/ref.h"
#include "lib/result.h"

namespace kernel::fs {

// Mounts the root (changes in RAM over the EROFS image at guest-physical `image_gpa`), /proc and /dev. Errors: kIo if
// the image is damaged or of a kind that is not supported; the log says what is wrong.
Result<void> initialise(std::uint64_t image_gpa, std::uint64_t image_size);

// For execve(2), with the current task's directories and credentials: kAcces unless a regular file with execute
// permission on a mount that allows it; kNoEnt, kNotDir, kLoop, ... as path_resolution(7).
Result<Ref<File>> open_executable(std::string_view path);
// The same, relative to a descriptor of the current task (execveat(2)); an empty path is the descriptor's own file.
Result<Ref<File>> open_executable_at(int directory_fd, std::string_view path, std::uint32_t at_flags);

// chdir(2) of the current task: the payload's initial working directory.
Result<void> change_directory(std::string_view path);

// Text of File::path() as /proc/PID/exe and maps show it, from the real root.
Result<String> path_text(const File& file);

// sysfs at /sys, read-only, as containers have it; after all other mounts.
Result<void> mount_sys();

}  // namespace kernel::fs

// Files of procfs and sysfs: text that is made when somebody reads it from the beginning, and is then read at any offset.
#pragma once

#include <cstdint>
#include <string_view>

#include "fs/file.h"
#include "fs/path.h"
#include "fs/proc/proc_text.h"

namespace kernel::fs {

// What an inode of such a file is besides an inode.
class TextSource {
 public:
  virtual Result<void> generate(ProcText& text) = 0;
  // Text written to the file. Most files take none.
  virtual Result<void> accept(std::string_view) { return Errno::kIo; }
  // Files of a process are no source of splice(2), but for a few; the others are.
  virtual bool can_splice_from() const { return true; }
  // Whether lseek(2) knows an end, which is where the size that stat(2) says is: Linux's sysfs has one, procfs none.
  virtual bool has_end() const { return false; }

 protected:
  ~TextSource() = default;
};

// `source` is the inode of `path`.
Result<Ref<File>> open_text_file(const Path& path, std::uint32_t flags, TextSource& source);

}  // namespace kernel::fs

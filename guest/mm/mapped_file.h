// The open file behind a mapping, as far as mm cares: the mapping keeps it open, and tells it of writes. Files are one
// layer up: fs::File is the only one, and fs/mapped_file.h gives it back to who shows or changes it.
#pragma once

#include "lib/ref.h"

namespace kernel::mm {

class MappedFile : public RefCounted {
 public:
  // A shared mapping writes to it: for the times of the file (mmap(2), "Timestamps changes for file-backed mappings").
  virtual void note_mapped_write() = 0;
};

}  // namespace kernel::mm

// From a mapping back to the file that it shows.
#pragma once

#include "fs/file.h"
#include "mm/mapped_file.h"

namespace kernel::fs {

// Null for anonymous memory. There is no other kind of mm::MappedFile than File.
inline Ref<File> file_of(const Ref<mm::MappedFile>& mapped) {
  return Ref<File>(static_cast<File*>(mapped.get()));
}

}  // namespace kernel::fs

// The pages of a file of an EROFS image, for mmap(2) and execve(2): frames of the image itself, which all VMs of the
// image share (DAX). Only a page that the image does not hold as a whole aligned block is copied to RAM: the tail that
// follows its inode, or a last block with other bytes after the end of the file.
#pragma once

#include <cstdint>

#include "fs/erofs/image.h"
#include "mm/memory_object.h"

namespace kernel::fs::erofs {

class FileObject final : public mm::MemoryObject {
 public:
  // `image` outlives the object: there is one root image, for as long as the VM runs.
  FileObject(const Image& image, const InodeInfo& file) : image_(image), file_(file) {}

  Result<mm::FrameRef> page(std::uint64_t index, Access access, Ref<mm::PendingPage>&) override;
  mm::Pfn resident_page(std::uint64_t index) override;
  std::uint64_t size() const override { return file_.size; }

 private:
  // The frame of the image that shows page `index` as it is, kNoFrame if a copy is needed.
  Result<mm::Pfn> direct_frame(std::uint64_t index) const;
  Result<mm::FrameRef> copied_page(std::uint64_t index);

  const Image& image_;
  InodeInfo file_;
  mm::FrameRef tail_;  // the copy of the last page, once made
  mm::FrameRef zero_;  // shows holes
};

}  // namespace kernel::fs::erofs

// Taking pages away from an address space in the one order that is right: first the entries, then the TLB, and only then
// the frames. A frame that is given back while some CPU still has an entry for it is somebody else's memory that this
// program can write to. So an entry's frame is not released by whoever clears the entry: it is handed to a gather, which
// flushes when it ends, or is full, and releases behind that. (Linux's struct mmu_gather is the same idea;
// kernel.org, Documentation/core-api/cachetlb.rst.)
//
// In between the kernel runs no user code and is not preemptible, so no stale entry of this CPU can be used, and one
// flush serves a whole operation.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "mm/address.h"

namespace kernel::mm {

class TlbGather {
 public:
  // `root` is the physical address of the page table whose entries will change.
  explicit TlbGather(std::uint64_t root) : root_(root) {}
  TlbGather(const TlbGather&) = delete;
  TlbGather& operator=(const TlbGather&) = delete;
  ~TlbGather() { finish(); }

  // The entry of an address has become stricter, or another one; its frame is in use as before.
  void changed(std::uint64_t address) {
    first_ = std::min(first_, address);
    last_ = std::max(last_, address);
  }
  // Entries anywhere.
  void all_changed() { first_ = 0, last_ = ~std::uint64_t{0}; }
  // The entry of an address has lost its frame: takes over the entry's reference to it.
  void removed(std::uint64_t address, Pfn frame);
  // The same for an entry that this CPU has just faulted on: its TLB has dropped it (SDM vol. 3, 4.10.4.1).
  void removed_by_fault(Pfn frame);

  // What the end does, for who goes on: flushes, then releases.
  void finish();

 private:
  // So many frames wait in the gather itself, and so many more behind each page that it takes for the purpose.
  static constexpr std::size_t kOwnFrames = 16;
  struct Batch {
    Batch* next;
    Pfn frames[kPageSize / sizeof(Pfn) - 1];
  };
  static constexpr std::size_t kBatchFrames = sizeof Batch::frames / sizeof(Pfn);
  // 32 MiB of a program's memory; beyond that the TLB is flushed more than once.
  static constexpr unsigned kMaxBatches = 16;

  void hold(Pfn frame);
  void flush();
  void release();

  const std::uint64_t root_;
  // The entries to flush lie in [first_, last_]; none if first_ is above last_.
  std::uint64_t first_ = ~std::uint64_t{0};
  std::uint64_t last_ = 0;
  Batch* batches_ = nullptr;  // the newest first; only that one has room
  unsigned batch_count_ = 0;
  std::size_t own_count_ = 0;
  std::size_t batch_used_ = 0;  // of the newest
  Pfn own_[kOwnFrames];
};

}  // namespace kernel::mm

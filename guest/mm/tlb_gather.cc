#include "mm/tlb_gather.h"

#include "arch/x86_64/privileged.h"
#include "mm/frame.h"

namespace kernel::mm {
namespace {

// Beyond so many pages, one flush of everything is cheaper. Where KVM shadows page tables, that has it look at all entries of all
// tables that have been written to, and guard these against writes again.
constexpr std::uint64_t kMaxPageFlushes = 4;

}  // namespace
void TlbGather::removed(std::uint64_t address, Pfn frame) {
  changed(address);
  hold(frame);
}

void TlbGather::removed_by_fault(Pfn frame) {
  hold(frame);
}

void TlbGather::hold(Pfn frame) {
  if (!is_ram(frame)) return;                                           // nobody counts its references (mm/frame.h)
  if (root_ != arch::loaded_page_table()) return release_frame(frame);  // no CPU has entries of this table
  if (own_count_ < kOwnFrames) {
    own_[own_count_++] = frame;
    return;
  }
  if (!batches_ || batch_used_ == kBatchFrames) {
    auto page = batch_count_ < kMaxBatches ? allocate_frame(Fill::kNone) : Result<Pfn>(Errno::kNoMem);
    if (!page) {
      finish();
      own_[own_count_++] = frame;
      return;
    }
    auto* batch = reinterpret_cast<Batch*>(frame_data(page.value()));
    batch->next = batches_;
    batches_ = batch;
    batch_used_ = 0;
    ++batch_count_;
  }
  batches_->frames[batch_used_++] = frame;
}

void TlbGather::flush() {
  const std::uint64_t first = first_, last = last_;
  first_ = ~std::uint64_t{0}, last_ = 0;
  if (first > last || root_ != arch::loaded_page_table()) return;
  if (last - first < kMaxPageFlushes * kPageSize)
    arch::flush_tlb_pages(first, ((last - first) >> kPageShift) + 1);
  else
    arch::flush_tlb();
}

void TlbGather::finish() {
  flush();
  release();
}

void TlbGather::release() {
  for (; own_count_ != 0; --own_count_) release_frame(own_[own_count_ - 1]);
  while (Batch* batch = batches_) {
    for (; batch_used_ != 0; --batch_used_) release_frame(batch->frames[batch_used_ - 1]);
    batches_ = batch->next;
    batch_used_ = kBatchFrames;
    release_frame(frame_of(batch));
  }
  batch_used_ = 0;
  batch_count_ = 0;
}

}  // namespace kernel::mm

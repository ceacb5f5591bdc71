// A process's address space: a sorted list of mappings, and the page table that holds what has been touched of them.
//
// Private anonymous memory lives in the page table alone. A page of an object (a file, shared memory) is mapped from
// the object; in a private mapping it is mapped read-only and copied at the first write (copy-on-write). fork maps
// every private page read-only in both; a frame with one reference left is simply made writable again.
#pragma once

#include <cstdint>

#include "fs/file.h"
#include "lib/ref.h"
#include "lib/vector.h"
#include "mm/memory_object.h"
#include "mm/page_table.h"

namespace kernel::mm {

struct Protection {
  bool read = false;
  bool write = false;
  bool execute = false;
  bool none() const { return !read && !write && !execute; }
  bool operator==(const Protection&) const = default;
};

struct Mapping {
  std::uint64_t start = 0;
  std::uint64_t end = 0;  // exclusive; both page-aligned
  Protection protection;
  bool shared = false;
  bool grows_down = false;  // a stack: faults just below it extend it
  bool never_reserve = false;
  Ref<MemoryObject> object;       // null: private anonymous memory
  std::uint64_t object_page = 0;  // page of the object that is at `start`
  Ref<fs::File> file;             // what /proc/PID/maps shows; null for anonymous memory
  bool may_write = true;          // mprotect may make it writable (a shared mapping of a file opened for writing)
  const char* label = nullptr;    // "[heap]", "[stack]"; static storage

  std::uint64_t size() const { return end - start; }
  bool contains(std::uint64_t address) const { return address >= start && address < end; }
  std::uint64_t object_page_of(std::uint64_t address) const { return object_page + ((address - start) >> kPageShift); }
};

enum class FaultAccess : std::uint8_t { kRead, kWrite, kExecute };

enum class FaultResult : std::uint8_t {
  kResolved,
  kNoMapping,     // SIGSEGV, SEGV_MAPERR
  kNoPermission,  // SIGSEGV, SEGV_ACCERR
  kBeyondObject,  // SIGBUS, BUS_ADRERR
  kOutOfMemory,
};

// Where a fault came from decides about the TLB: the CPU has dropped the entry of an address that it faulted on, but
// not of one that the kernel resolves on its own behalf.
enum class FaultOrigin : std::uint8_t { kHardware, kKernel };

class AddressSpace final : public RefCounted {
 public:
  static Result<Ref<AddressSpace>> create();
  AddressSpace() = default;
  ~AddressSpace() override;

  // fork: the same mappings; private pages become copy-on-write in both. The caller's TLB entries are flushed.
  Result<Ref<AddressSpace>> fork();

  struct MapRequest {
    std::uint64_t address = 0;  // hint, or exact if fixed
    std::uint64_t length = 0;
    bool fixed = false;  // replace what is there
    bool fixed_no_replace = false;
    Mapping mapping;  // all but start and end
  };
  Result<std::uint64_t> map(MapRequest request);
  Result<void> unmap(std::uint64_t start, std::uint64_t length);
  Result<void> protect(std::uint64_t start, std::uint64_t length, Protection protection);
  Result<std::uint64_t> remap(std::uint64_t old_start, std::uint64_t old_length, std::uint64_t new_length,
                              bool may_move, bool fixed, std::uint64_t new_address);
  // madvise(MADV_DONTNEED): private pages are dropped and read as zero or as the file again. kNoMem for unmapped parts.
  Result<void> discard(std::uint64_t start, std::uint64_t length);
  bool is_mapped(std::uint64_t start, std::uint64_t length) const;
  bool is_resident(std::uint64_t address) const;
  // brk(2): the new break, or the old one if it cannot be moved.
  std::uint64_t set_break(std::uint64_t address);
  void initialise_break(std::uint64_t address) { break_start_ = break_ = address; }

  FaultResult fault(std::uint64_t address, FaultAccess access, FaultOrigin origin);
  // The frame behind an address with the access checked and the page made present; what the kernel copies through.
  Result<Pfn> frame_for_kernel(std::uint64_t address, FaultAccess access);
  // What a shared futex is keyed by: the object and byte offset for a shared mapping, null for private memory.
  struct SharedLocation {
    MemoryObject* object = nullptr;
    std::uint64_t offset = 0;
  };
  SharedLocation shared_location(std::uint64_t address) const;

  void load() const;  // into CR3
  bool is_loaded() const;

  template <typename Visit>
  void for_each_mapping(Visit visit) const {  // ascending addresses
    for (const Mapping& mapping : mappings_) visit(mapping);
  }
  const Mapping* find(std::uint64_t address) const;
  std::uint64_t resident_pages() const;  // counted anew at each call
  std::uint64_t resident_pages(const Mapping& mapping) const;
  std::uint64_t mapped_bytes() const { return mapped_bytes_; }
  std::uint64_t break_start() const { return break_start_; }
  std::uint64_t current_break() const { return break_; }
  ListNode all_node;                    // every address space, for unmap_object_pages
  std::uint64_t stack_limit = 8 << 20;  // how far a stack may grow (RLIMIT_STACK)

 private:
  std::size_t lower_bound(std::uint64_t address) const;  // first mapping that ends above address
  Mapping* find_mutable(std::uint64_t address);
  Result<std::uint64_t> find_gap(std::uint64_t length, std::uint64_t hint) const;
  bool range_is_free(std::uint64_t start, std::uint64_t end) const;
  // Cuts mappings so that none spans `address`.
  Result<void> split_at(std::uint64_t address);
  void merge_around(std::size_t index);
  std::uint64_t private_written_pages() const;
  void drop_pages(std::uint64_t start, std::uint64_t end);
  bool grow_stack(std::uint64_t address);
  FaultResult fault_anonymous(const Mapping& mapping, std::uint64_t page, Pte& pte);
  FaultResult fault_object(const Mapping& mapping, std::uint64_t page, Pte& pte, bool write);
  FaultResult copy_on_write(const Mapping& mapping, std::uint64_t page, Pte& pte, FaultOrigin origin);
  void map_neighbours(const Mapping& mapping, std::uint64_t page);
  void map_ahead(const Mapping& mapping, std::uint64_t page);
  void flush(std::uint64_t pages_changed, std::uint64_t address);

  friend void unmap_object_pages(const MemoryObject& object, std::uint64_t first_page, std::uint64_t end_page);

  PageTable table_;
  Vector<Mapping> mappings_;  // sorted, disjoint
  std::uint64_t mapped_bytes_ = 0;
  std::uint64_t break_start_ = 0;
  std::uint64_t break_ = 0;
};

// The pages [first_page, end_page) of `object` are no longer part of it, or no longer the same: unmaps them wherever
// they are mapped, copies of private mappings included, so that the next access faults (and is a SIGBUS beyond the end;
// mmap(2)). Files that are cut while mapped are rare, so there is no list of an object's mappings: all address spaces
// are searched.
void unmap_object_pages(const MemoryObject& object, std::uint64_t first_page, std::uint64_t end_page);

struct FaultStatistics {
  std::uint64_t faults;
  std::uint64_t copies;
};
extern FaultStatistics fault_statistics;

}  // namespace kernel::mm

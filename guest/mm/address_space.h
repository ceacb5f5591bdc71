// A process's address space: its mappings, and the page table that holds what has been touched of them.
//
// Private anonymous memory lives in the page table alone. A page of an object (a file, shared memory) is mapped from
// the object; in a private mapping it is mapped read-only and copied at the first write (copy-on-write). fork maps
// every private page read-only in both; a frame with one reference left is simply made writable again.
//
//   address_space.cc      making and removing mappings, the break
//   change_mappings.cc    mprotect, mlock, madvise: other traits for a part of the address space
//   move_mappings.cc      mremap
//   fork_space.cc         fork
//   fault.cc              what happens when a mapping is touched
//   forced_access.cc      ... by a tracer
#pragma once

#include <cstdint>

#include "lib/list.h"
#include "lib/ref.h"
#include "mm/mapping.h"
#include "mm/mapping_tree.h"
#include "mm/page_table.h"
#include "mm/tlb_gather.h"
#include "mm/user_range.h"

namespace kernel::mm {

enum class FaultAccess : std::uint8_t { kRead, kWrite, kExecute };

enum class FaultResult : std::uint8_t {
  kResolved,
  kNoMapping,     // SIGSEGV, SEGV_MAPERR
  kNoPermission,  // SIGSEGV, SEGV_ACCERR
  kBeyondObject,  // SIGBUS, BUS_ADRERR
  kOutOfMemory,
  kWouldBlock,  // not now: wait for what was given, and try again
};

// Where a fault came from decides about the TLB: the CPU has dropped the entry of an address that it faulted on, but
// not of one that the kernel resolves on its own behalf.
enum class FaultOrigin : std::uint8_t { kHardware, kKernel };

class AddressSpace final : public RefCounted {
 public:
  // For a program, whose name in PageTable::Layout this is.
  static Result<Ref<AddressSpace>> create(const void* program) { return create(PageTable::Layout{program, false}); }
  AddressSpace() = default;
  ~AddressSpace() override;

  // fork: the same mappings; private pages become copy-on-write in both. The caller's TLB entries are flushed.
  Result<Ref<AddressSpace>> fork();

  struct MapRequest {
    std::uint64_t address = 0;  // hint, or exact if fixed
    std::uint64_t length = 0;
    bool fixed = false;  // replace what is there
    bool fixed_no_replace = false;
    bool low = false;  // below 2 GiB (MAP_32BIT)
    MappingTraits mapping;
  };
  Result<std::uint64_t> map(MapRequest request);
  Result<void> unmap(const UserRange& range);
  // Unmaps whatever counts its mappings, for the last thread of an address space: they go while it still is the current
  // task, and before anybody hears of its end.
  void unmap_counted();
  // The next four change what is mapped of the range, from its start to its first hole or refusal or in all of it, as
  // Linux does, and give kNoMem if a part is not mapped.
  Result<void> protect(const UserRange& range, Protection protection);
  Result<void> set_locked(const UserRange& range, bool locked);
  enum class ForkAdvice : std::uint8_t { kDontFork, kDoFork, kWipeOnFork, kKeepOnFork };
  Result<void> set_fork_advice(const UserRange& range, ForkAdvice advice);
  // Private pages are dropped and read as zero or as the file again: MADV_DONTNEED, MADV_DONTNEED_LOCKED, and
  // MADV_FREE, which may do that, if with private anonymous memory only. kInval for a mapping of another kind.
  enum class Discard : std::uint8_t { kUnlocked, kAny, kPrivateAnonymous };
  Result<void> discard(const UserRange& range, Discard what);
  // mremap(2).
  struct MoveRequest {
    std::uint64_t old_start = 0;
    std::uint64_t old_length = 0;
    std::uint64_t new_length = 0;
    bool may_move = false;
    bool fixed = false;     // to new_address
    bool keep_old = false;  // MREMAP_DONTUNMAP
    std::uint64_t new_address = 0;
  };
  Result<std::uint64_t> remap(const MoveRequest& request);
  // Makes pages present as if they were read, or written where a private mapping can be. kInval where that is
  // forbidden, kFault beyond an object, kNoMem for a hole or without memory. May sleep (wait_for_frame).
  enum class Populate : std::uint8_t { kAsUsed, kRead, kWrite };
  Result<void> populate(const UserRange& range, Populate how);
  // mlockall(2). Mappings from now on are locked, too, and made present at once or not.
  enum class LockFuture : std::uint8_t { kNo, kNow, kOnFault };
  void lock_future_mappings(LockFuture how) { lock_future_ = how; }
  void lock_all(bool make_present);
  void unlock_all();

  // The next write to each page of a file that is mapped in the range is noticed again (msync(2)).
  void notice_next_writes(const UserRange& range);

  // For the memory of processes that have been killed because there is none left (task/out_of_memory.h): all pages are
  // let go at once, and none can be had again.
  void surrender_pages();

  bool is_resident(const Mapping& mapping, std::uint64_t address) const;  // of a page of the mapping
  // brk(2): the new break, or the old one if it cannot be moved.
  std::uint64_t set_break(std::uint64_t address);
  void initialise_break(std::uint64_t address) { break_start_ = break_ = address; }

  // Does not sleep. `pending` is set with kWouldBlock.
  FaultResult fault(std::uint64_t address, FaultAccess access, FaultOrigin origin, Ref<PendingPage>& pending);
  // The frame behind an address with the access checked and the page made present; what the kernel copies through, before
  // it sleeps. Does not sleep itself: kAgain, with `pending` set. Others: kFault, kNoMem.
  Result<Pfn> frame_for_kernel(std::uint64_t address, FaultAccess access, Ref<PendingPage>& pending);
  // The same for a tracer, whom the mapping's protection does not bind (forced_access.cc).
  Result<Pfn> frame_for_tracer(std::uint64_t address, FaultAccess access, Ref<PendingPage>& pending);
  // As frame_for_kernel(), asleep until the page is there; kIntr if the task ends meanwhile. The caller keeps the address space alive.
  Result<Pfn> wait_for_frame(std::uint64_t address, FaultAccess access);
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
    for (const Mapping* mapping = first(); mapping; mapping = next(*mapping)) visit(*mapping);
  }
  // Calls visit(mapping, part) for each mapping in the range with the part of the range that it covers. False if some
  // of the range is not mapped. The visitor must not change the mappings.
  template <typename Visit>
  bool for_each_part(const UserRange& range, Visit visit) const {
    std::uint64_t covered = range.start();
    for (Mapping* mapping = first_in(range); mapping && mapping->start() < range.end(); mapping = next(*mapping)) {
      if (mapping->start() <= covered) covered = mapping->end();
      visit(*mapping, mapping->range().common(range));
    }
    return covered >= range.end();
  }
  const Mapping* find(std::uint64_t address) const;
  // The one that `address` lies in, or the next one above; null if there is none.
  const Mapping* find_from(std::uint64_t address) const {
    return static_cast<const Mapping*>(mappings_.first_ending_above(address));
  }

  // Sizes in bytes, as of the mappings.
  struct Usage {
    std::uint64_t total = 0;
    std::uint64_t data = 0;
    std::uint64_t stack = 0;
    std::uint64_t text = 0;
    std::uint64_t locked = 0;
  };
  const Usage& usage() const { return usage_; }
  std::uint64_t peak_bytes() const { return peak_bytes_; }
  std::uint64_t resident_pages() const { return resident_pages_; }
  std::uint64_t peak_resident_pages() const { return peak_resident_pages_; }
  std::uint64_t resident_pages(const Mapping& mapping) const;  // counted anew at each call
  std::uint64_t page_tables() const { return table_.tables(); }
  std::uint64_t break_start() const { return break_start_; }
  std::uint64_t current_break() const { return break_; }
  ListNode all_node;  // every address space, for unmap_object_pages

 private:
  static Result<Ref<AddressSpace>> create(const PageTable::Layout& layout);
  TlbGather gather() const { return TlbGather(table_.root_physical()); }
  // Removed mappings are destroyed at the end of an operation, when everything is consistent: the last reference to a
  // file may run code of a file system that waits for something, and other threads then use the address space.
  class Burial {
   public:
    explicit Burial(AddressSpace& space) : space_(space) {}
    Burial(const Burial&) = delete;
    Burial& operator=(const Burial&) = delete;
    ~Burial() { space_.bury_retired(); }

   private:
    AddressSpace& space_;
  };
  // Takes a mapping out of the accounts while it is changed.
  class Change {
   public:
    Change(AddressSpace& space, Mapping& mapping) : space_(space), mapping_(mapping) { space_.account(mapping_, -1); }
    Change(const Change&) = delete;
    Change& operator=(const Change&) = delete;
    ~Change() { space_.account(mapping_, 1); }

   private:
    AddressSpace& space_;
    Mapping& mapping_;
  };
  friend class Change;

  Mapping* first() const { return static_cast<Mapping*>(mappings_.first()); }
  static Mapping* next(const Mapping& mapping) { return static_cast<Mapping*>(MappingTree::next(mapping)); }
  static Mapping* previous(const Mapping& mapping) { return static_cast<Mapping*>(MappingTree::previous(mapping)); }
  // The first mapping that reaches into the range or lies above its start.
  Mapping* first_in(const UserRange& range) const {
    return static_cast<Mapping*>(mappings_.first_ending_above(range.start()));
  }
  bool is_free(const UserRange& range) const {
    const Mapping* mapping = first_in(range);
    return !mapping || mapping->start() >= range.end();
  }
  Result<UserRange> find_place(const MapRequest& request, std::uint64_t length) const;
  Result<UserRange> place_of(const MapRequest& request) const;
  Result<void> check_limits(const MappingTraits& traits, std::uint64_t added) const;

  Result<UserRange> make_mapping(MapRequest request);
  void map_image_start(std::uint64_t start);
  void map_kept_image(const Mapping& mapping);
  void map_kept(const Mapping& mapping);
  void account(const Mapping& mapping, int sign);
  void add_mapping(Mapping& mapping);
  void resize(Mapping& mapping, const UserRange& range);
  void retire(Mapping& mapping);
  void bury_retired();
  // Cuts mappings so that none spans `address`.
  Result<void> split_at(std::uint64_t address);
  Result<void> split_around(const UserRange& range);
  Mapping* merge_with_next(Mapping& mapping);
  void merge_around(const UserRange& range);
  Result<void> remove(const UserRange& range, TlbGather& tlb);
  template <typename Apply>
  Result<void> change_traits(const UserRange& range, Apply apply);

  // Every page is put into the table and taken out of it here, so that the number of resident pages is right.
  void install(Pte& pte, Pte page);
  void drop(std::uint64_t address, Pte& pte, TlbGather& tlb);
  void drop_pages(const UserRange& range, TlbGather& tlb);
  void forbid_writes(const UserRange& range, TlbGather& tlb);
  bool few_written_pages() const;
  Result<void> copy_pages_to(AddressSpace& child, const Mapping& mapping, bool copy_now, TlbGather& tlb);
  Result<std::uint64_t> move(const Mapping& mapping, const UserRange& old_range, const MoveRequest& request);

  bool grow_stack(std::uint64_t address);
  FaultResult fault_anonymous(const Mapping& mapping, std::uint64_t page, Pte& pte);
  FaultResult fault_object(const Mapping& mapping, std::uint64_t page, Pte& pte, bool write, Ref<PendingPage>& pending);
  FaultResult copy_on_write(const Mapping& mapping, std::uint64_t page, Pte& pte, FaultOrigin origin);
  void map_neighbours(const Mapping& mapping, std::uint64_t page);
  void map_ahead(const Mapping& mapping, std::uint64_t page);
  void copy_around(const Mapping& mapping, std::uint64_t page, TlbGather& tlb);
  void make_writable_around(const Mapping& mapping, std::uint64_t page);
  static void replaced_by_fault(std::uint64_t page, Pfn old, FaultOrigin origin, TlbGather& tlb);

  friend void unmap_object_pages(const MemoryObject& object, std::uint64_t first_page, std::uint64_t end_page);
  friend void notice_next_writes_to(const MemoryObject& object);

  PageTable table_;
  MappingTree mappings_{husk::abi::kUserMin};
  Mapping* retired_ = nullptr;
  Usage usage_;
  std::uint64_t peak_bytes_ = 0;
  std::uint64_t resident_pages_ = 0;
  std::uint64_t peak_resident_pages_ = 0;
  std::uint64_t break_start_ = 0;
  std::uint64_t break_ = 0;
  LockFuture lock_future_ = LockFuture::kNo;
  std::uint64_t mapped_again_ = 0;  // entries that were kept, since a flush of the TLB for their sake
  bool surrendered_ = false;
  bool has_counted_ = false;  // a mapping that is_counted() was added
};

// The pages [first_page, end_page) of `object` are no longer part of it, or no longer the same: unmaps them wherever
// they are mapped, copies of private mappings included, so that the next access faults (and is a SIGBUS beyond the end;
// mmap(2)). Files that are cut while mapped are rare, so there is no list of an object's mappings: all address spaces
// are searched.
void unmap_object_pages(const MemoryObject& object, std::uint64_t first_page, std::uint64_t end_page);

// The next write through any mapping of the object is noticed again (fsync(2)).
void notice_next_writes_to(const MemoryObject& object);

struct FaultStatistics {
  std::uint64_t faults;
  std::uint64_t copies;
};
extern FaultStatistics fault_statistics;

}  // namespace kernel::mm

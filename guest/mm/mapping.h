// One mapping of an address space: a range of pages and what they show.
#pragma once

#include <cstdint>

#include "lib/ref.h"
#include "mm/mapped_file.h"
#include "mm/mapping_tree.h"
#include "mm/memory_object.h"
#include "mm/user_range.h"

namespace kernel::mm {

struct Protection {
  bool read = false;
  bool write = false;
  bool execute = false;
  bool none() const { return !read && !write && !execute; }
  bool operator==(const Protection&) const = default;
};

// A stack keeps this distance to what lies below it, so that it cannot silently run into it; and it may be touched this
// far below its lowest page at once, as Linux allowed before it stopped checking.
inline constexpr std::uint64_t kStackGuardGap = 256 * kPageSize;

// All of a mapping but where it is.
struct MappingTraits {
  Protection protection;
  bool shared = false;
  bool grows_down = false;  // a stack: faults just below it extend it
  bool never_reserve = false;
  bool may_write = true;          // mprotect may make it writable (not a shared mapping of a file opened for reading)
  bool locked = false;            // mlock(2)
  bool not_in_child = false;      // MADV_DONTFORK
  bool empty_in_child = false;    // MADV_WIPEONFORK
  Ref<MemoryObject> object;       // null: private anonymous memory
  std::uint64_t object_page = 0;  // page of the object that is at the start
  Ref<MappedFile> file;           // what /proc/PID/maps shows; null for anonymous memory
  const char* label = nullptr;    // "[heap]", "[stack]"; static storage

  // As Linux's is_data_mapping(): what RLIMIT_DATA counts.
  bool is_data() const { return protection.write && !shared && !grows_down; }
  // Whether neighbours with these traits may be one mapping, if the object's pages follow each other, too.
  bool same_kind(const MappingTraits& other) const {
    return protection == other.protection && shared == other.shared && grows_down == other.grows_down &&
           never_reserve == other.never_reserve && may_write == other.may_write && locked == other.locked &&
           not_in_child == other.not_in_child && empty_in_child == other.empty_in_child && object == other.object &&
           file == other.file && label == other.label;
  }
};

class Mapping final : public MappingNode, public MappingTraits {
 public:
  Mapping(const UserRange& range, MappingTraits traits)
      : MappingNode(range.start(), range.end(), traits.grows_down ? kStackGuardGap : 0),
        MappingTraits(static_cast<MappingTraits&&>(traits)) {
    // Whether it may ever become writable is settled now, so an object can know whether anybody can change it.
    if (object && shared && may_write) object->add_writable_mapping();
    if (is_counted()) object->mapping_added();
  }
  ~Mapping() {
    if (object && shared && may_write) object->remove_writable_mapping();
    if (is_counted()) object->mapping_removed();
  }
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;

  UserRange range() const { return UserRange::between(start(), end()); }
  std::uint64_t size() const { return end() - start(); }
  bool contains(std::uint64_t address) const { return address >= start() && address < end(); }
  std::uint64_t object_page_of(std::uint64_t address) const {
    return object_page + ((address - start()) >> kPageShift);
  }
  bool is_counted() const { return object && object->counts_mappings(); }
  bool continues(const Mapping& before) const {
    return before.end() == start() && same_kind(before) && !is_counted() &&
           (!object || before.object_page_of(start()) == object_page);
  }

  Mapping* next_retired = nullptr;  // AddressSpace::retired_
};

}  // namespace kernel::mm

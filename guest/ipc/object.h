// What the three kinds of System V IPC have in common: an object with a key, an id, owners and permissions, and the table
// of all objects of a kind. See sysvipc(7) and Linux's ipc/util.c.
//
// An id is the place in the table and, above it, a sequence number, so that an id whose object has gone is not soon
// taken for another one's.
#pragma once

#include <cstdint>

#include "ipc/abi.h"
#include "ipc/limits.h"
#include "lib/number_set.h"
#include "lib/ref.h"
#include "lib/result.h"
#include "lib/vector.h"

namespace kernel::ipc {

class Object : public RefCounted {
 public:
  int key() const { return key_; }
  int id() const { return id_; }
  int place() const { return id_ % kMostObjects; }
  // No id leads here any more. Who slept, or copied to or from a payload, looks again.
  bool removed() const { return removed_; }

  std::uint32_t uid = 0, gid = 0;    // the owner, whom IPC_SET changes
  std::uint32_t cuid = 0, cgid = 0;  // the creator
  std::uint32_t mode = 0;

  PermissionRecord permission() const;
  // The current task's right to what `asked` says in any of its three classes (kAskRead | ...): kAcces.
  Result<void> check(int asked) const;
  // The right to IPC_SET and IPC_RMID: the owner's, the creator's or an administrator's; kPerm.
  Result<void> check_control() const;
  // IPC_SET. kInval for what is no user or group.
  Result<void> set_permission(const PermissionRecord& wanted);

 protected:
  Object(int key, int flags) : mode(static_cast<std::uint32_t>(flags) & kPermissionBits), key_(key) {}

 private:
  friend class ObjectTable;
  int key_;
  int id_ = -1;
  bool removed_ = false;
  Object* next_with_hash_ = nullptr;
};

class ObjectTable {
 public:
  constexpr ObjectTable() = default;
  ObjectTable(const ObjectTable&) = delete;
  ObjectTable& operator=(const ObjectTable&) = delete;

  // Gives it an id and the current task as creator. kNoSpc if there are `most` already, kNoMem.
  Result<int> add(Ref<Object> object, int most);
  // The table's reference goes, so the caller needs one of its own.
  void remove(Object& object);
  // Only its id leads to it from now on.
  void forget_key(Object& object);

  Object* with_key(int key) const;
  // kInval if there is none, or one with another sequence number.
  Result<Ref<Object>> with_id(int id) const;
  // The same by place, whatever the sequence number (SHM_STAT).
  Result<Ref<Object>> at_place(int index) const;

  int count() const { return count_; }
  // What the *_INFO commands return, to be used as the highest place for *_STAT: 0 if there is none.
  int highest_place() const { return count_ == 0 ? 0 : static_cast<int>(used_.end()) - 1; }
  // For /proc/sysvipc: the first object from this place on, or null.
  Object* from_place(int index) const;

 private:
  static constexpr std::size_t kHashes = 512;
  static std::size_t hash(int key) { return static_cast<std::uint32_t>(key) * 0x9e37'79b1u >> 23; }
  int choose_place() const;

  Vector<Ref<Object>> objects_;  // by place
  NumberSet used_;
  Object* by_key_[kHashes] = {};
  int count_ = 0;
  int next_place_ = 0;
  int last_place_ = -1;
  int sequence_ = 0;
};

// The table of one kind, and what all its *get calls do.
template <typename T>
class TableOf : public ObjectTable {
 public:
  constexpr TableOf() = default;

  Result<Ref<T>> find(int id) const { return cast(with_id(id)); }
  Result<Ref<T>> find_place(int index) const { return cast(at_place(index)); }
  // Of the *_STAT commands: by place for those, by id for IPC_STAT.
  Result<Ref<T>> find_for_stat(int id, bool by_place) const { return by_place ? find_place(id) : find(id); }
  T* first_from(int index) const { return static_cast<T*>(from_place(index)); }

  // `make()` adds a new one and returns its id; `fits(object)` says whether an old one is what was asked for.
  template <typename Make, typename Fits>
  Result<int> get(int key, int flags, Make make, Fits fits) {
    Object* found = key == kPrivateKey ? nullptr : with_key(key);
    if (!found) {
      if (key != kPrivateKey && !(flags & kCreate)) return Errno::kNoEnt;
      return make();
    }
    if ((flags & kCreate) && (flags & kExclusive)) return Errno::kExist;
    if (!fits(static_cast<const T&>(*found))) return Errno::kInval;
    TRY(found->check(flags));
    return found->id();
  }

 private:
  static Result<Ref<T>> cast(Result<Ref<Object>> found) {
    if (!found) return found.error();
    return Ref<T>(static_cast<T*>(found.value().get()));
  }
};

// Seconds since the Epoch, as IPC_STAT shows times.
std::int64_t now_in_seconds();
// The current process's id, as IPC_STAT shows it.
std::int32_t current_pid();

}  // namespace kernel::ipc

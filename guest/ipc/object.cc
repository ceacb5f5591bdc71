#include "ipc/object.h"

#include <algorithm>

#include "lib/time.h"
#include "task/process.h"
#include "task/task.h"

namespace kernel::ipc {

using task::Capability;

PermissionRecord Object::permission() const {
  PermissionRecord record{};
  record.key = key_;
  record.uid = uid, record.gid = gid, record.cuid = cuid, record.cgid = cgid;
  record.mode = mode;
  record.sequence = static_cast<std::uint16_t>(id_ / kMostObjects);
  return record;
}

// Linux's ipcperms(): whichever class the current task is in, all of what was asked in any.
Result<void> Object::check(int asked) const {
  const task::Credentials& who = task::current().credentials;
  const auto wanted = static_cast<std::uint32_t>((asked >> 6) | (asked >> 3) | asked);
  std::uint32_t granted = mode;
  if (who.euid == cuid || who.euid == uid) {
    granted >>= 6;
  } else if (who.in_group(cgid) || who.in_group(gid)) {
    granted >>= 3;
  }
  if ((wanted & ~granted & 7) == 0 || who.can(Capability::kIpcOwner)) return {};
  return Errno::kAcces;
}

Result<void> Object::check_control() const {
  const task::Credentials& who = task::current().credentials;
  if (who.euid == cuid || who.euid == uid || who.can(Capability::kSysAdmin)) return {};
  return Errno::kPerm;
}

Result<void> Object::set_permission(const PermissionRecord& wanted) {
  constexpr std::uint32_t kNobody = ~std::uint32_t{0};
  if (wanted.uid == kNobody || wanted.gid == kNobody) return Errno::kInval;
  uid = wanted.uid;
  gid = wanted.gid;
  mode = (mode & ~kPermissionBits) | (wanted.mode & kPermissionBits);
  return {};
}

// Linux's ipc_idr_alloc(): places are taken in turn, within a range that is half as large again as what is in use, so
// that an id is not used again at once and the table stays short.
int ObjectTable::choose_place() const {
  constexpr int kShortestTurn = 64;
  const int end = std::min(std::max(count_ * 3 / 2, kShortestTurn), kMostObjects);
  auto place = static_cast<int>(used_.first_free(static_cast<std::size_t>(next_place_)));
  if (place >= end) place = static_cast<int>(used_.first_free(0));
  return place;
}

Result<int> ObjectTable::add(Ref<Object> object, int most) {
  constexpr int kSequences = 0x7fff'ffff / kMostObjects;
  if (count_ >= std::min(most, kMostObjects)) return Errno::kNoSpc;
  const int place = choose_place();
  const auto index = static_cast<std::size_t>(place);
  TRY(used_.reserve(index + 1));
  if (objects_.size() <= index) TRY(objects_.resize(index + 1));
  if (place <= last_place_ && ++sequence_ >= kSequences) sequence_ = 0;
  last_place_ = place;
  next_place_ = place + 1;
  ++count_;
  used_.add(index);

  const task::Credentials& creator = task::current().credentials;
  object->uid = object->cuid = creator.euid;
  object->gid = object->cgid = creator.egid;
  object->id_ = sequence_ * kMostObjects + place;
  if (object->key_ != kPrivateKey) {
    Object*& bucket = by_key_[hash(object->key_)];
    object->next_with_hash_ = bucket;
    bucket = object.get();
  }
  const int id = object->id_;
  objects_[index] = std::move(object);
  return id;
}

void ObjectTable::forget_key(Object& object) {
  if (object.key_ == kPrivateKey) return;
  Object** link = &by_key_[hash(object.key_)];
  while (*link != &object) link = &(*link)->next_with_hash_;
  *link = object.next_with_hash_;
  object.key_ = kPrivateKey;
}

void ObjectTable::remove(Object& object) {
  forget_key(object);
  object.removed_ = true;
  const auto index = static_cast<std::size_t>(object.place());
  used_.remove(index);
  --count_;
  objects_[index] = nullptr;
}

Object* ObjectTable::with_key(int key) const {
  Object* object = by_key_[hash(key)];
  while (object && object->key_ != key) object = object->next_with_hash_;
  return object;
}

Result<Ref<Object>> ObjectTable::at_place(int index) const {
  if (index < 0) return Errno::kInval;
  const auto place = static_cast<std::size_t>(index % kMostObjects);
  if (!used_.contains(place)) return Errno::kInval;
  return Ref<Object>(objects_[place]);
}

Result<Ref<Object>> ObjectTable::with_id(int id) const {
  Ref<Object> object = TRY(at_place(id));
  if (object->id_ != id) return Errno::kInval;
  return object;
}

Object* ObjectTable::from_place(int index) const {
  const std::size_t place = used_.next(static_cast<std::size_t>(index));
  return place == NumberSet::kNone ? nullptr : objects_[place].get();
}

std::int64_t now_in_seconds() {
  return static_cast<std::int64_t>(realtime_ns() / kNanosecondsPerSecond);
}

std::int32_t current_pid() {
  return task::current().process->ids.pid;
}

}  // namespace kernel::ipc

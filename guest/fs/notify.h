// Telling who watches files what is done to them: inotify(7). The operations on names, inodes and open files report here;
// the reports go to the watches of the inode itself and of the directory that it was reached through. Where nobody watches
// anything, a report is one look at a counter.
//
// Which events there are, and in which order, is Linux's (include/linux/fsnotify.h).
#pragma once

#include <cstdint>
#include <string_view>

#include "fs/inode.h"
#include "lib/list.h"
#include "lib/ref.h"
#include "task/user.h"

namespace kernel::fs {

class Dentry;
class FileSystem;
class Inotify;

// <linux/inotify.h>
enum Event : std::uint32_t {
  kInAccess = 0x1,
  kInModify = 0x2,
  kInAttrib = 0x4,
  kInCloseWrite = 0x8,
  kInCloseNoWrite = 0x10,
  kInOpen = 0x20,
  kInMovedFrom = 0x40,
  kInMovedTo = 0x80,
  kInCreate = 0x100,
  kInDelete = 0x200,
  kInDeleteSelf = 0x400,
  kInMoveSelf = 0x800,
  kInAllEvents = 0xfff,
  kInUnmount = 0x2000,
  kInQueueOverflow = 0x4000,
  kInIgnored = 0x8000,
  kInIsDirectory = 0x4000'0000,
};

using WatchCharge = task::Charge<&task::User::watches>;

// One inode that an instance watches. It keeps the inode in memory, and belongs to the instance and to the inode's list.
class Watch final : public RefCounted {
 public:
  Watch(Inotify& watcher, Ref<Inode> watched, int number, WatchCharge paid)
      : owner(watcher), inode(std::move(watched)), descriptor(number), charge(std::move(paid)) {}

  Inotify& owner;
  Ref<Inode> inode;
  int descriptor;
  std::uint32_t events = 0;
  bool once = false;         // IN_ONESHOT
  bool only_linked = false;  // IN_EXCL_UNLINK
  WatchCharge charge;
  ListNode inode_node;
  ListNode all_node;
  Watch* next_in_bucket = nullptr;  // of its owner
};

// Those of one inode; while there are any.
class Watches {
 public:
  using List = kernel::List<Watch, &Watch::inode_node>;
  List list;
};

// From now on the watch hears of its inode. kNoMem.
Result<void> begin_watch(Watch& watch);
void end_watch(Watch& watch);
// The one that `owner` has on the inode, or null.
Watch* find_watch(Inode& inode, const Inotify& owner);

namespace detail {
extern std::uint32_t g_watches;
void notify_place(const Dentry& place, std::uint32_t events, bool unlinked);
void notify_file(File& file, std::uint32_t events);
void notify_inode(Inode& inode, std::uint32_t events);
void notify_name(Inode& directory, const Inode& child, std::string_view name, std::uint32_t events,
                 std::uint32_t cookie);
void notify_last_name_gone(Inode& inode);
void notify_unmounted(FileSystem& file_system);
}  // namespace detail

inline bool anybody_watches() {
  return detail::g_watches != 0;
}
// Something was done with what is at `place`: for its own watches and for those of the directory that it is in.
inline void notify(const Dentry& place, std::uint32_t events) {
  if (anybody_watches()) detail::notify_place(place, events, false);
}
// The same, through an open file.
inline void notify(File& file, std::uint32_t events) {
  if (anybody_watches()) detail::notify_file(file, events);
}
// For the inode's own watches only.
inline void notify(Inode& inode, std::uint32_t events) {
  if (anybody_watches()) detail::notify_inode(inode, events);
}
// A name of `directory` was made, or is gone.
inline void notify_name(Inode& directory, const Inode& child, std::string_view name, std::uint32_t events,
                        std::uint32_t cookie = 0) {
  if (anybody_watches()) detail::notify_name(directory, child, name, events, cookie);
}
// An inode may have lost its last name and its last user (of the name): then its watches end.
inline void notify_name_dropped(Inode& inode) {
  if (anybody_watches() && inode.watches) detail::notify_last_name_gone(inode);
}
// The file system is mounted nowhere any more.
inline void notify_unmounted(FileSystem& file_system) {
  if (anybody_watches()) detail::notify_unmounted(file_system);
}
// What connects IN_MOVED_FROM and IN_MOVED_TO.
std::uint32_t next_move_cookie();

}  // namespace kernel::fs

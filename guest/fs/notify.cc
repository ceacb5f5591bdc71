#include "fs/notify.h"

#include "fs/dentry.h"
#include "fs/file.h"
#include "fs/file_system.h"
#include "fs/inotify.h"
#include "lib/global.h"

namespace kernel::fs {

namespace detail {
constinit std::uint32_t g_watches = 0;
}

namespace {

constinit Global<List<Watch, &Watch::all_node>> g_all;
constinit std::uint32_t g_last_cookie = 0;
// Of inodes that are made anew for each who looks their names up (/proc): the watch has one, who opens the file another.
constinit std::uint32_t g_unstable_watches = 0;

bool is_unstable(const Inode& inode) {
  return !inode.nameless() && !inode.file_system().names_are_stable();
}

// Two of those that are the same file. Its number says so.
bool are_same(Inode& a, Inode& b) {
  if (&a == &b) return true;
  if (!is_unstable(a) || b.nameless() || &a.file_system() != &b.file_system()) return false;
  const auto first = a.metadata(), second = b.metadata();
  return first && second && first.value().inode == second.value().inode;
}

// `name`: of the inode in the directory that is watched; empty for a report about the watched inode itself.
void tell(Watch& watch, std::uint32_t events, std::string_view name, std::uint32_t cookie, bool unlinked) {
  if (watch.only_linked && unlinked) return;
  if (!(events & watch.events & kInAllEvents)) return;
  const Ref<Watch> kept(&watch);
  // inotify(7) never says so of these two.
  if (events & (kInMoveSelf | kInDeleteSelf)) events &= ~kInIsDirectory;
  watch.owner.add_event(watch.descriptor, events, cookie, name);
  if (watch.once) watch.owner.drop(watch);
}

void tell_unstable(Inode& inode, std::uint32_t events, std::string_view name, std::uint32_t cookie, bool unlinked) {
  const Ref<Inode> kept(&inode);
  Watch* watch = g_all->front();
  while (watch) {
    Watch* next = g_all->next(*watch);
    if (are_same(inode, *watch->inode)) tell(*watch, events, name, cookie, unlinked);
    watch = next;
  }
}

void tell_all(Inode& inode, std::uint32_t events, std::string_view name, std::uint32_t cookie, bool unlinked) {
  if (g_unstable_watches != 0 && is_unstable(inode)) return tell_unstable(inode, events, name, cookie, unlinked);
  if (!inode.watches) return;
  // Whoever is told may end its watch, and with the last one the list goes.
  const Ref<Inode> kept(&inode);
  Watch* watch = inode.watches->list.front();
  while (watch) {
    Watch* next = inode.watches->list.next(*watch);
    tell(*watch, events, name, cookie, unlinked);
    watch = next;
  }
}

std::uint32_t with_type(const Inode& inode, std::uint32_t events) {
  return inode.is_directory() ? events | kInIsDirectory : events;
}

}  // namespace

Result<void> begin_watch(Watch& watch) {
  Inode& inode = *watch.inode;
  if (!inode.watches) {
    inode.watches = new (std::nothrow) Watches;
    if (!inode.watches) return Errno::kNoMem;
  }
  inode.watches->list.push_back(watch);
  g_all->push_back(watch);
  ++detail::g_watches;
  if (is_unstable(inode)) ++g_unstable_watches;
  return {};
}

void end_watch(Watch& watch) {
  Inode& inode = *watch.inode;
  watch.inode_node.unlink();
  watch.all_node.unlink();
  --detail::g_watches;
  if (is_unstable(inode)) --g_unstable_watches;
  if (inode.watches->list.empty()) {
    delete inode.watches;
    inode.watches = nullptr;
  }
}

Watch* find_watch(Inode& inode, const Inotify& owner) {
  if (g_unstable_watches != 0 && is_unstable(inode)) {
    for (Watch& watch : *g_all) {
      if (&watch.owner == &owner && are_same(inode, *watch.inode)) return &watch;
    }
    return nullptr;
  }
  if (!inode.watches) return nullptr;
  for (Watch& watch : inode.watches->list) {
    if (&watch.owner == &owner) return &watch;
  }
  return nullptr;
}

namespace detail {

// The directory first, as Linux does.
void notify_place(const Dentry& place, std::uint32_t events, bool unlinked) {
  Inode* inode = place.inode();
  if (!inode) return;
  events = with_type(*inode, events);
  if (place.parent()) tell_all(*place.parent()->inode(), events, place.name(), 0, unlinked);
  tell_all(*inode, events, {}, 0, unlinked);
}

void notify_file(File& file, std::uint32_t events) {
  const Dentry& place = *file.path().dentry;
  // Of a FIFO only its opening and closing are told (FMODE_NONOTIFY of Linux's pipes).
  if (file.kind() == FileKind::kPipe) events &= ~(kInAccess | kInModify);
  if (events != 0 && file.is_announced()) notify_place(place, events, place.removed());
}

void notify_inode(Inode& inode, std::uint32_t events) {
  tell_all(inode, with_type(inode, events), {}, 0, false);
}

void notify_name(Inode& directory, const Inode& child, std::string_view name, std::uint32_t events,
                 std::uint32_t cookie) {
  tell_all(directory, with_type(child, events), name, cookie, false);
}

void notify_last_name_gone(Inode& inode) {
  auto metadata = inode.metadata();
  if (!metadata || metadata.value().links != 0) return;
  const Ref<Inode> kept(&inode);
  notify_inode(inode, kInDeleteSelf);
  while (inode.watches) {
    Watch& watch = *inode.watches->list.front();
    watch.owner.drop(watch);
  }
}

void notify_unmounted(FileSystem& file_system) {
  Watch* watch = g_all->front();
  while (watch) {
    Watch* next = g_all->next(*watch);
    if (!watch->inode->nameless() && &watch->inode->file_system() == &file_system) {
      watch->owner.add_event(watch->descriptor, with_type(*watch->inode, kInUnmount), 0, {});
      watch->owner.drop(*watch);
    }
    watch = next;
  }
}

}  // namespace detail

std::uint32_t next_move_cookie() {
  return ++g_last_cookie;
}

}  // namespace kernel::fs

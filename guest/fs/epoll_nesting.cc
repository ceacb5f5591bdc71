#include "fs/epoll_nesting.h"

#include <algorithm>

#include "fs/epoll.h"

namespace kernel::fs {

namespace {

constinit std::uint64_t g_walk = 0;

constexpr int kTooDeep = kMostEpollNests + 1;

// Calls `action` with each epoll that watches the file; false if it stopped.
template <typename Action>
bool for_each_watcher(File& file, Action action) {
  return file.for_each_close_observer([&](CloseObserver& observer) {
    EpollItem* item = observer.as_epoll_item();
    return !item || action(*item->epoll());
  });
}

// How many levels of epolls are below this one; kTooDeep if there are too many, or `outer` is among them.
int depth_below(Epoll& epoll, const Epoll& outer, int level) {
  if (epoll.visit.walk == g_walk) return epoll.visit.depth;
  epoll.visit.walk = g_walk;
  int depth = 0;
  epoll.interests().for_each([&](EpollItem& item) {
    Epoll* below = file_as<Epoll>(item.file());
    if (!below) return true;
    depth = below == &outer || level > kMostEpollNests ? kTooDeep
                                                       : std::max(depth, depth_below(*below, outer, level + 1) + 1);
    return depth < kTooDeep;
  });
  epoll.visit.depth = depth;
  return depth;
}

int depth_above(Epoll& epoll, int level) {
  if (epoll.visit.walk == g_walk) return epoll.visit.depth;
  int depth = 0;
  for_each_watcher(epoll, [&](Epoll& above) {
    depth = level > kMostEpollNests ? kTooDeep : std::max(depth, depth_above(above, level + 1) + 1);
    return depth < kTooDeep;
  });
  epoll.visit = {g_walk, depth};
  return depth;
}

// The ways from one file to epolls that nobody watches, by their length: as many as Linux allows. Those that lead through
// no other epoll are not counted.
class PathCount {
 public:
  bool within_limits(File& file, int length = 0) {
    if (length > kMostEpollNests) return false;
    return for_each_watcher(file, [&](Epoll& above) {
      bool watched = false;
      for_each_watcher(above, [&](Epoll&) {
        watched = true;
        return false;
      });
      if (watched) return within_limits(above, length + 1);
      return length == 0 || ++count_[length] <= kMost[length];
    });
  }

 private:
  static constexpr int kMost[kMostEpollNests + 1] = {1000, 500, 100, 50, 10};
  int count_[kMostEpollNests + 1] = {};
};

// All files that are watched at or below this epoll.
bool paths_are_few(Epoll& epoll, int level) {
  if (level > kMostEpollNests || epoll.visit.walk == g_walk) return true;
  epoll.visit.walk = g_walk;
  return epoll.interests().for_each([&](EpollItem& item) {
    if (Epoll* below = file_as<Epoll>(item.file())) return paths_are_few(*below, level + 1);
    return PathCount().within_limits(item.file());
  });
}

}  // namespace

Result<void> check_nesting(Epoll& outer, Epoll& inner) {
  ++g_walk;
  const int below = depth_below(inner, outer, 0);
  if (below >= kTooDeep) return Errno::kLoop;
  if (below + 1 + depth_above(outer, 0) > kMostEpollNests) return Errno::kLoop;
  return {};
}

Result<void> check_paths(Epoll& outer, File& file) {
  Epoll* inner = file_as<Epoll>(file);
  if (!inner && !for_each_watcher(outer, [](Epoll&) { return false; })) {
    if (!PathCount().within_limits(file)) return Errno::kInval;
  }
  if (!inner) return {};
  ++g_walk;
  return paths_are_few(*inner, 0) ? Result<void>() : Errno::kInval;
}

}  // namespace kernel::fs

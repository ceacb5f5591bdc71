// A process's place among the others: its parent, its children, and what they hear of each other's end (fork(2),
// wait(2), _exit(2)).
#pragma once

#include <cstdint>

#include "lib/list.h"
#include "task/signal_state.h"
#include "task/wait_queue.h"

namespace kernel::task {

class Process;
class Task;

class Family {
  class Children;

 public:
  explicit Family(Process& self) : self_(self) {}

  // Null for process 1, and for who was waited for. Orphans have another one at once.
  Process* parent() const { return parent_; }
  // Of the parent's threads the one that made this process, or the one that took it over at that one's end (wait(2),
  // __WNOTHREAD). Null while the parent as a whole ends.
  Task* parent_thread() const { return parent_thread_; }
  // Becomes the youngest child of `parent`, whoever's it was.
  void join(Process& parent, Task* thread);
  void set_parent_thread(Task* thread) { parent_thread_ = thread; }
  void leave();
  // for (Process& child : process.family.children()): the body may give the current child away.
  Children children() { return Children(children_); }

  bool has_children() const { return !children_.empty(); }

  // prctl(2) PR_SET_CHILD_SUBREAPER; and whether anybody has ever asked for it.
  void adopt_orphans(bool on) {
    adopts_orphans_ = on;
    if (on) anybody_adopts_ = true;
  }
  bool adopts_orphans() const { return adopts_orphans_; }
  static bool anybody_adopts() { return anybody_adopts_; }

  int exit_signal = kSigChld;        // what the parent is sent when this process ends (clone(2))
  std::uint64_t parent_program = 0;  // what the parent's RunningProgram::generation was when it made this process
  WaitQueue child_changed;           // a child ended, stopped or continued

 private:
  inline static constinit bool anybody_adopts_ = false;

  Process& self_;
  bool adopts_orphans_ = false;
  Process* parent_ = nullptr;
  Task* parent_thread_ = nullptr;
  ListNode sibling_node_;
  using List = kernel::List<Family, &Family::sibling_node_>;
  List children_;

  class Children {
   public:
    class Iterator {
     public:
      explicit Iterator(List::Iterator at) : at_(at) {}
      Process& operator*() const { return (*at_).self_; }
      Iterator& operator++() {
        ++at_;
        return *this;
      }
      bool operator!=(const Iterator& other) const { return at_ != other.at_; }

     private:
      List::Iterator at_;
    };
    explicit Children(List& list) : list_(list) {}
    Iterator begin() const { return Iterator(list_.begin()); }
    Iterator end() const { return Iterator(list_.end()); }

   private:
    List& list_;
  };
};

}  // namespace kernel::task

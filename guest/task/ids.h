// Process and thread ids: one space of numbers for processes, threads, process groups and sessions (credentials(7)). What
// goes by a number is found by looking at its place, however many there are, and a number is given away again only when
// nothing goes by it any more.
#pragma once

#include <cstdint>

#include "lib/result.h"

namespace kernel::task {

class PidHandle;
class Process;
class Task;

inline constexpr int kMaxPid = 32768;  // /proc/sys/kernel/pid_max: one more than the highest

class IdTable {
 public:
  struct Entry {
    Process* process = nullptr;    // from add_process() to remove_process()
    Task* task = nullptr;          // a thread of a process
    std::uint32_t groups = 0;      // processes whose process group it is
    std::uint32_t holders = 0;     // sessions of this number, and terminals whose foreground group it is
    std::uint32_t given_away = 0;  // how often: who remembers a number knows whether it is somebody else's by now
    PidHandle* handle = nullptr;   // if somebody has one (task/pid_handle.h)
    bool used() const { return process || task || groups || holders; }
  };

  constexpr IdTable() = default;
  IdTable(const IdTable&) = delete;
  IdTable& operator=(const IdTable&) = delete;

  // The next number that is not used. kAgain if all are, kNoMem. It is not used yet: whoever asked makes it so at once.
  Result<int> allocate();
  // Null for a number that was never given away.
  Entry* find(int id) {
    if (id < 0 || id >= kMaxPid) return nullptr;
    Chunk* chunk = chunks_[id / kPerChunk];
    return chunk ? &chunk->entries[id % kPerChunk] : nullptr;
  }
  Entry& at(int id) { return *find(id); }  // of a number that was given away
  int last() const { return last_; }
  // The nearest process whose id is not above `id`, or not below it; null if there is none.
  Process* process_up_to(int id);
  Process* process_from(int id);

 private:
  static constexpr int kPerChunk = 32;
  // Made when a number in it is first given away, and never freed: all of them are one megabyte.
  struct Chunk {
    Entry entries[kPerChunk];
  };
  Chunk* chunks_[kMaxPid / kPerChunk] = {};
  int last_ = 0;
};

IdTable& ids();

// A number that is remembered without being kept: it is another's as soon as it was given away again.
class IdStamp {
 public:
  IdStamp() = default;
  static IdStamp of(int id) {
    IdStamp stamp;
    stamp.id_ = id;
    stamp.given_away_ = ids().at(id).given_away;
    return stamp;
  }
  // 0 if it is another's, or none.
  int id() const { return id_ != 0 && ids().at(id_).given_away == given_away_ ? id_ : 0; }

 private:
  int id_ = 0;
  std::uint32_t given_away_ = 0;
};

// The number of a process group, as its member holds it: kept from being given to anybody else.
template <std::uint32_t IdTable::Entry::*Count>
class IdMembership {
 public:
  IdMembership() = default;
  IdMembership(const IdMembership&) = delete;
  ~IdMembership() { *this = 0; }
  IdMembership& operator=(int id) {  // 0: none
    if (id != 0) ++(ids().at(id).*Count);
    if (id_ != 0) --(ids().at(id_).*Count);
    id_ = id;
    return *this;
  }
  IdMembership& operator=(const IdMembership& other) { return *this = other.id_; }
  operator int() const { return id_; }  // NOLINT(google-explicit-constructor): it is a number that does more

 private:
  int id_ = 0;
};
using GroupId = IdMembership<&IdTable::Entry::groups>;
// The number of a session, as the session holds it; or of a process group that need not have members any more.
using HeldId = IdMembership<&IdTable::Entry::holders>;

}  // namespace kernel::task

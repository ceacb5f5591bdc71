// Signal-driven I/O (fcntl(2): F_SETOWN, F_SETSIG, O_ASYNC): whom a file tells with a signal that it can be read or written,
// and with which. Permission is that of who named the owner, at that time: who writes to the file later has no part in it.
// The owner of a socket hears of urgent data in any case (socket(7): SIGURG), that of a file with a lease when it is broken.
#pragma once

#include <cstdint>

#include "lib/ref.h"
#include "lib/result.h"
#include "task/ids.h"
#include "task/wait_queue.h"

namespace kernel::task {
class Process;
class Task;
struct SignalInfo;
}  // namespace kernel::task

namespace kernel::fs {

class File;

class FileOwner final : public RefCounted, private task::Waiter {
 public:
  // struct f_owner_ex.
  enum class Kind : std::int32_t { kThread = 0, kProcess = 1, kGroup = 2 };
  struct Name {
    Kind kind = Kind::kThread;
    std::int32_t id = 0;  // 0: nobody
  };

  explicit FileOwner(File& file) : file_(file) {}

  // F_SETOWN_EX by the current task. kSrch if nothing has the id.
  Result<void> set(const Name& owner);
  // Id 0 once it has ended.
  Name get() const;
  std::uint32_t uid() const { return uid_; }
  std::uint32_t euid() const { return euid_; }
  // F_SETSIG. 0: SIGIO, with nothing but its number.
  int signal() const { return signal_; }
  void set_signal(int signal) { signal_ = signal; }

  // O_ASYNC: tells the owner what the file's owner_changes() announces. `fd`: what the signal calls the file.
  void start(int fd);
  void stop();

  // Somebody asks back the lease of the file (fs/leases.h).
  void tell_of_lease(int fd);
  // Nobody is told any more, as if none had been named.
  void forget();

 private:
  bool wake(task::WaitEvents events) override;
  // Asks for what there is to tell.
  void watch();
  void tell(const task::SignalInfo& info);
  void tell(task::Task& thread, const task::SignalInfo& info) const;
  void tell(task::Process& process, const task::SignalInfo& info) const;
  bool may_signal(const task::Task& receiver) const;

  File& file_;  // whose this is
  Kind kind_ = Kind::kThread;
  task::IdStamp id_;
  std::uint32_t uid_ = 0, euid_ = 0;
  int signal_ = 0;
  int fd_ = -1;
  bool async_ = false;
  task::WaitEntry entry_;
};

}  // namespace kernel::fs

// What all processes of one real user id hold together, for the limits that count per user: RLIMIT_NPROC and
// RLIMIT_SIGPENDING (getrlimit(2)), epoll's max_user_watches.
//
// Nobody counts up or down by hand: a task and a queued signal each hold a charge, which gives back what it took when it
// goes.
#pragma once

#include <cstdint>
#include <utility>

#include "lib/ref.h"
#include "lib/result.h"

namespace kernel::task {

class Process;
class Task;

class User final : public RefCounted {
 public:
  // The record of a user, made if there is none. kAgain without memory (setuid(2)).
  static Result<Ref<User>> of(std::uint32_t uid);
  explicit User(std::uint32_t uid) : uid_(uid) {}
  ~User() override;

  std::uint32_t uid() const { return uid_; }
  std::uint32_t tasks = 0;  // threads, and processes that nobody has waited for yet
  std::uint32_t queued_signals = 0;
  std::uint64_t locked_segment_pages = 0;  // shmctl(2) SHM_LOCK
  std::uint64_t queue_bytes = 0;           // POSIX message queues: RLIMIT_MSGQUEUE
  std::uint32_t epoll_watches = 0;         // interests in epoll instances
  std::uint32_t watchers = 0;              // inotify(7): instances, and what they watch
  std::uint32_t watches = 0;
  std::uint32_t files_in_flight = 0;  // sent and not received yet (unix(7), SCM_RIGHTS)

 private:
  std::uint32_t uid_;
  User* next_ = nullptr;  // of all users
};

// One more of a user's `Counter`, for as long as this object lives. An empty one charges nobody.
template <std::uint32_t User::*Counter>
class Charge {
 public:
  Charge() = default;
  explicit Charge(Ref<User> user) : user_(std::move(user)) {
    if (user_) ++((*user_).*Counter);
  }
  Charge(Charge&& other) noexcept = default;
  Charge& operator=(Charge&& other) noexcept {
    give_back();
    user_ = std::move(other.user_);
    return *this;
  }
  ~Charge() { give_back(); }
  void give_back() {
    if (user_) --((*user_).*Counter);
    user_ = nullptr;
  }
  const Ref<User>& user() const { return user_; }

 private:
  Ref<User> user_;
};
using TaskCharge = Charge<&User::tasks>;
using SignalCharge = Charge<&User::queued_signals>;

// Whether the user has more tasks than the process's RLIMIT_NPROC allows. Root never has.
bool has_too_many_tasks(const User& user, const Process& process);
// Whether `task` may make another one.
bool may_make_task(const Task& task);
// A place for one more queued signal of the user that `receiver` belongs to; kAgain beyond RLIMIT_SIGPENDING.
Result<SignalCharge> charge_signal(const Task& receiver);

}  // namespace kernel::task

// Sessions and their controlling terminals (credentials(7), setsid(2), ioctl_tty(2)).
//
// A session owns its terminal; a terminal knows whose it is without owning it. Both ends change here and nowhere else,
// so that they agree. What a terminal is otherwise is the affair of tty/.
#pragma once

#include <cstdint>

#include "lib/ref.h"
#include "lib/result.h"
#include "task/ids.h"

namespace kernel::task {

class Process;
class Session;

// A terminal, as a session and /proc/PID/stat see it.
class ControllingTerminal : public RefCounted {
 public:
  virtual std::uint64_t device_number() const = 0;

  Session* session() const { return session_; }  // whose controlling terminal it is, or null
  int foreground_group() const { return foreground_group_; }
  void set_foreground_group(int group) { foreground_group_ = group; }
  bool controls(const Process& process) const;
  // Sends what the terminal itself has to say to its foreground group. Nothing if it has none.
  void signal_foreground(int signal) const;

 protected:
  ControllingTerminal() = default;
  ~ControllingTerminal() override;

 private:
  friend class Session;
  Session* session_ = nullptr;
  HeldId foreground_group_;
};

class Session final : public RefCounted {
 public:
  static Result<Ref<Session>> create(int id);
  ~Session() override;

  int id() const { return id_; }
  ControllingTerminal* terminal() const { return terminal_.get(); }

  // `leader`, whose session this is, takes a terminal that no session has: it is the foreground, and of the session's
  // other processes none has the terminal, unless it is forked later.
  void acquire(const Ref<ControllingTerminal>& terminal, Process& leader);
  // TIOCNOTTY of the leader: SIGHUP and SIGCONT to the foreground group, and nobody has the terminal any more.
  void give_up_terminal();
  // Somebody with CAP_SYS_ADMIN takes it (TIOCSCTTY with an argument of 1). Nobody is told.
  void lose_terminal();
  // The other end of the terminal is gone: SIGHUP and SIGCONT to the leader, and SIGHUP to the foreground group when the
  // leader ends.
  void hang_up();
  // The leader ends.
  void leader_ends();

 private:
  explicit Session(int id) { id_ = id; }
  template <typename T, typename... Args>
  friend Result<Ref<T>> kernel::make_ref(Args&&...);

  void let_go();

  HeldId id_;
  Ref<ControllingTerminal> terminal_;
  HeldId group_to_hang_up_;  // when the leader ends; after hang_up()
};

// setsid(2), its checks done.
Result<void> start_session(Process& process);

}  // namespace kernel::task

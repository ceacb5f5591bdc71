// The event loop that devices wait with: a poll(2) loop on a thread of its own. The thread is made at the first
// request, so that a VM that never waits for input does not pay for it. poll and not epoll: a machine waits for three
// descriptors at most, and a confined VMM makes do with fewer system calls (vmm/sandbox/filter.cc).
//
// Threading and errors: devices/event_loop.h.
#pragma once

#include <poll.h>

#include <chrono>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <thread>
#include <vector>

#include "common/unique_fd.h"
#include "devices/event_loop.h"

namespace husk::machine {

class IoThread final : public EventLoop {
 public:
  IoThread();  // throws husk::Error: a VM whose devices cannot wait is of no use
  ~IoThread() override { stop(); }
  IoThread(const IoThread&) = delete;
  IoThread& operator=(const IoThread&) = delete;

  void when_readable(int fd, Callback callback) override;
  void when_writable(int fd, Callback callback) override;
  void post(Callback task) override;

  // Ends the thread after the callback that it may be running; what is still waited for is forgotten. No requests
  // after it. Idempotent.
  void stop();
  // The same, but false if the callback that is running does not end in time: a write(2) that waits for a reader, or a
  // readv(2) whose input somebody else took. The thread then goes on, and nothing that it uses may be destroyed.
  [[nodiscard]] bool stop_within(std::chrono::milliseconds patience);

  // What other threads wake this one with, made before a VMM is confined.
  int wakeup_descriptor() const { return wakeup_.get(); }

 private:
  struct Waiters {
    Callback readable;
    Callback writable;
  };

  void ask_to_end_locked();
  bool start_locked();
  void request(int fd, bool write, Callback callback);
  void wake();
  void loop();
  void run_posted();
  bool collect_waited_for();
  void handle_event(const pollfd& event);

  UniqueFd wakeup_;  // an eventfd
  std::mutex mutex_;
  bool started_ = false;
  bool stopping_ = false;
  bool ended_ = false;  // the thread's function is over
  std::condition_variable end_;
  std::map<int, Waiters> waiters_;
  std::deque<Callback> posted_;
  std::vector<pollfd> waited_for_;  // the thread's own
  std::thread thread_;
};

}  // namespace husk::machine

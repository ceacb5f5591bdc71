// The event loop that devices wait with: an epoll loop on a thread of its own. The thread, the epoll instance and the
// eventfd are made at the first request, so that a VM that never waits for input does not pay for them.
//
// Threading and errors: devices/event_loop.h.
#pragma once

#include <deque>
#include <mutex>
#include <thread>
#include <unordered_map>

#include "common/unique_fd.h"
#include "devices/event_loop.h"

namespace husk::machine {

class IoThread final : public EventLoop {
 public:
  IoThread() = default;
  ~IoThread() override { stop(); }
  IoThread(const IoThread&) = delete;
  IoThread& operator=(const IoThread&) = delete;

  void when_readable(int fd, Callback callback) override;
  void when_writable(int fd, Callback callback) override;
  void post(Callback task) override;

  // Ends the thread after the callback that it may be running; what is still waited for is forgotten. No requests
  // after it. Idempotent.
  void stop();

 private:
  struct Waiters {
    Callback readable;
    Callback writable;
    bool registered = false;  // epoll knows the descriptor
  };

  bool start_locked();
  void request(int fd, bool write, Callback callback);
  void arm_locked(int fd, Waiters& waiters);
  void wake();
  void loop();
  void run_posted();
  void handle_event(int fd, unsigned events);

  std::mutex mutex_;
  bool started_ = false;
  bool stopping_ = false;
  UniqueFd epoll_;
  UniqueFd wakeup_;  // an eventfd
  std::unordered_map<int, Waiters> waiters_;
  std::deque<Callback> posted_;
  std::thread thread_;
};

}  // namespace husk::machine

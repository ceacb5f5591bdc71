#include "vmm/machine/io_thread.h"

#include <pthread.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

#include <array>
#include <utility>

#include "vmm/error.h"

namespace husk::machine {

// Throws husk::Error: a VM whose devices cannot wait is of no use.
bool IoThread::start_locked() {
  if (stopping_) return false;
  if (started_) return true;
  epoll_ = UniqueFd(::epoll_create1(EPOLL_CLOEXEC));
  if (!epoll_) throw Error::from_errno("create", "an epoll instance");
  wakeup_ = UniqueFd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!wakeup_) throw Error::from_errno("create", "an eventfd");
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.fd = wakeup_.get();
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, wakeup_.get(), &event) != 0) {
    throw Error::from_errno("watch", "an eventfd");
  }

  // A new thread inherits the signal mask: every signal must reach the vCPU's thread instead.
  sigset_t all;
  sigset_t previous;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &previous);
  try {
    thread_ = std::thread([this] { loop(); });
  } catch (const std::system_error& error) {
    ::pthread_sigmask(SIG_SETMASK, &previous, nullptr);
    throw Error("start", "the I/O thread", error.what());
  }
  ::pthread_sigmask(SIG_SETMASK, &previous, nullptr);
  started_ = true;
  return true;
}

void IoThread::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    if (!started_) return;
    wake();
  }
  if (thread_.joinable()) thread_.join();
}

void IoThread::when_readable(int fd, Callback callback) {
  request(fd, false, std::move(callback));
}
void IoThread::when_writable(int fd, Callback callback) {
  request(fd, true, std::move(callback));
}

void IoThread::request(int fd, bool write, Callback callback) {
  const std::lock_guard lock(mutex_);
  if (!start_locked()) return;
  Waiters& waiters = waiters_[fd];
  (write ? waiters.writable : waiters.readable) = std::move(callback);
  arm_locked(fd, waiters);
}

// Tells epoll what `fd` is waited for now. EPOLLONESHOT: each event is reported once, until armed again.
void IoThread::arm_locked(int fd, Waiters& waiters) {
  epoll_event event{};
  event.events = EPOLLONESHOT;
  if (waiters.readable) event.events |= EPOLLIN;
  if (waiters.writable) event.events |= EPOLLOUT;
  event.data.fd = fd;
  const int operation = waiters.registered ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
  if (::epoll_ctl(epoll_.get(), operation, fd, &event) == 0) {
    waiters.registered = true;
    return;
  }
  // EPERM: a descriptor without readiness, such as a regular file (epoll_ctl(2)), is always ready. Any other error
  // (EBADF, say) is for the callback to find, when it reads or writes.
  if (waiters.readable) posted_.push_back(std::exchange(waiters.readable, nullptr));
  if (waiters.writable) posted_.push_back(std::exchange(waiters.writable, nullptr));
  wake();
}

void IoThread::post(Callback task) {
  const std::lock_guard lock(mutex_);
  if (!start_locked()) return;
  posted_.push_back(std::move(task));
  wake();
}

void IoThread::wake() {
  const std::uint64_t one = 1;
  // Cannot fail but with EAGAIN, when the counter is full and the thread awake anyway.
  static_cast<void>(::write(wakeup_.get(), &one, sizeof one));
}

void IoThread::loop() {
  std::array<epoll_event, 16> events;
  for (;;) {
    run_posted();
    {
      const std::lock_guard lock(mutex_);
      if (stopping_) return;
    }
    const int count = ::epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), -1);
    for (int i = 0; i < count; ++i) {
      const epoll_event& event = events[static_cast<std::size_t>(i)];
      if (event.data.fd == wakeup_.get()) {
        std::uint64_t count_of_wakes = 0;
        static_cast<void>(::read(wakeup_.get(), &count_of_wakes, sizeof count_of_wakes));
      } else {
        handle_event(event.data.fd, event.events);
      }
    }
  }
}

void IoThread::run_posted() {
  for (;;) {
    Callback task;
    {
      const std::lock_guard lock(mutex_);
      if (stopping_ || posted_.empty()) return;
      task = std::move(posted_.front());
      posted_.pop_front();
    }
    task();
  }
}

void IoThread::handle_event(int fd, unsigned events) {
  Callback readable;
  Callback writable;
  {
    const std::lock_guard lock(mutex_);
    const auto found = waiters_.find(fd);
    if (stopping_ || found == waiters_.end()) return;
    Waiters& waiters = found->second;
    const bool failed = (events & (EPOLLERR | EPOLLHUP)) != 0;
    if (failed || (events & EPOLLIN) != 0) readable = std::exchange(waiters.readable, nullptr);
    if (failed || (events & EPOLLOUT) != 0) writable = std::exchange(waiters.writable, nullptr);
    // EPOLLONESHOT has disarmed both directions; the one that is still wanted is armed again.
    if (waiters.readable || waiters.writable) arm_locked(fd, waiters);
  }
  if (readable) readable();
  if (writable) writable();
}

}  // namespace husk::machine

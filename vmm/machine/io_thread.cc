#include "vmm/machine/io_thread.h"

#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <utility>

#include "vmm/error.h"

namespace husk::machine {

namespace {

// Of threads to come. The default is the caller's limit for stacks (pthread_create(3)), which may be larger than all of
// the address space that a confined VMM has left (vmm/sandbox/limits.h).
void set_stack_size() {
  constexpr std::size_t kStackSize = std::size_t{1} << 20;
  pthread_attr_t attributes;
  if (::pthread_attr_init(&attributes) != 0) return;
  ::pthread_attr_setstacksize(&attributes, kStackSize);
  ::pthread_setattr_default_np(&attributes);
  ::pthread_attr_destroy(&attributes);
}

}  // namespace

IoThread::IoThread() : wakeup_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (!wakeup_) throw Error::from_errno("create", "an eventfd");
}

// Throws husk::Error.
bool IoThread::start_locked() {
  if (stopping_) return false;
  if (started_) return true;
  // A new thread inherits the signal mask: every signal must reach the vCPU's thread instead. But one: what the kernel
  // sends to the thread that made a forbidden system call (seccomp(2), SECCOMP_RET_TRAP) kills it without a word where
  // it is blocked.
  sigset_t others;
  sigset_t previous;
  ::sigfillset(&others);
  ::sigdelset(&others, SIGSYS);
  ::pthread_sigmask(SIG_SETMASK, &others, &previous);
  set_stack_size();
  try {
    thread_ = std::thread([this] {
      loop();
      const std::lock_guard lock(mutex_);
      ended_ = true;
      end_.notify_all();
    });
  } catch (const std::system_error& error) {
    ::pthread_sigmask(SIG_SETMASK, &previous, nullptr);
    throw Error("start", "the I/O thread", error.what());
  }
  ::pthread_sigmask(SIG_SETMASK, &previous, nullptr);
  started_ = true;
  return true;
}

void IoThread::ask_to_end_locked() {
  stopping_ = true;
  if (started_) wake();
}

void IoThread::stop() {
  {
    const std::lock_guard lock(mutex_);
    ask_to_end_locked();
  }
  if (thread_.joinable()) thread_.join();
}

bool IoThread::stop_within(std::chrono::milliseconds patience) {
  {
    std::unique_lock lock(mutex_);
    ask_to_end_locked();
    if (started_ && !end_.wait_for(lock, patience, [this] { return ended_; })) return false;
  }
  stop();
  return true;
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
  wake();
}

void IoThread::post(Callback task) {
  const std::lock_guard lock(mutex_);
  if (!start_locked()) return;
  posted_.push_back(std::move(task));
  wake();
}

void IoThread::wake() {
  // A callback asks again on the thread itself, which looks at its requests before it waits.
  if (std::this_thread::get_id() == thread_.get_id()) return;
  const std::uint64_t one = 1;
  // Cannot fail but with EAGAIN, when the counter is full and the thread awake anyway.
  [[maybe_unused]] const ssize_t written = ::write(wakeup_.get(), &one, sizeof one);
}

void IoThread::loop() {
  for (;;) {
    run_posted();
    if (!collect_waited_for()) return;
    // EINTR cannot be: all signals are blocked but one that ends the process. ENOMEM: try again.
    if (::poll(waited_for_.data(), waited_for_.size(), -1) < 0) continue;
    for (const pollfd& event : waited_for_) {
      if (event.revents == 0) continue;
      if (event.fd == wakeup_.get()) {
        std::uint64_t count_of_wakes = 0;
        [[maybe_unused]] const ssize_t got = ::read(wakeup_.get(), &count_of_wakes, sizeof count_of_wakes);
      } else {
        handle_event(event);
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

// Fills waited_for_ with what is wanted now. False: the thread shall end.
bool IoThread::collect_waited_for() {
  const std::lock_guard lock(mutex_);
  if (stopping_) return false;
  waited_for_.clear();
  waited_for_.push_back({.fd = wakeup_.get(), .events = POLLIN, .revents = 0});
  for (const auto& [fd, waiters] : waiters_) {
    const int events = (waiters.readable ? POLLIN : 0) | (waiters.writable ? POLLOUT : 0);
    if (events != 0) waited_for_.push_back({.fd = fd, .events = static_cast<short>(events), .revents = 0});
  }
  return true;
}

void IoThread::handle_event(const pollfd& event) {
  Callback readable;
  Callback writable;
  {
    const std::lock_guard lock(mutex_);
    const auto found = waiters_.find(event.fd);
    if (stopping_ || found == waiters_.end()) return;
    Waiters& waiters = found->second;
    // A hang-up, an error or a descriptor that is none (POLLNVAL) is for the callback to find, when it reads or writes.
    const bool failed = (event.revents & (POLLERR | POLLHUP | POLLNVAL)) != 0;
    if (failed || (event.revents & POLLIN) != 0) readable = std::exchange(waiters.readable, nullptr);
    if (failed || (event.revents & POLLOUT) != 0) writable = std::exchange(waiters.writable, nullptr);
  }
  if (readable) readable();
  if (writable) writable();
}

}  // namespace husk::machine

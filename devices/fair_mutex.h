// A mutex that goes to whoever has waited longest. With std::mutex a thread that unlocks and locks again a moment later
// nearly always gets it again, since the one that waits has to wake up first: the I/O thread, which works turn after
// turn for a guest that asks for much, would keep a vCPU out for as long as there is work. Here a vCPU waits for one
// turn at most, and so does the signal that wants to end its VM.
//
// Meets BasicLockable: std::lock_guard works with it.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>

namespace husk {

class FairMutex {
 public:
  void lock() {
    std::unique_lock lock(mutex_);
    const std::uint64_t ticket = next_ticket_++;
    served_.wait(lock, [&] { return now_serving_ == ticket; });
  }
  void unlock() {
    const std::lock_guard lock(mutex_);
    ++now_serving_;
    if (now_serving_ != next_ticket_) served_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable served_;
  std::uint64_t next_ticket_ = 0;
  std::uint64_t now_serving_ = 0;
};

}  // namespace husk

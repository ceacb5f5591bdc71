// A guest without a processor: RAM, an interrupt line that counts, an event loop that runs when told, and a driver's
// side of a split virtqueue that can tell the truth or lie. The tests play the guest with it.
#pragma once

#include <sys/mman.h>

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/guest_memory.h"
#include "common/mapping.h"
#include "devices/event_loop.h"
#include "devices/interrupt_line.h"
#include "devices/virtio/queue.h"

namespace husk::test {

inline constexpr std::uint16_t kNext = 1, kWrite = 2, kIndirect = 4;

// As on a host whose KVM shares the kernel's pages: a part of the RAM is read-only, so that whoever writes there ends
// like the VMM would. Nothing is mapped on either side of it.
class FakeRam {
 public:
  static constexpr std::size_t kSize = 1 << 20;
  static constexpr std::uint64_t kReadOnlyStart = 0x8'0000;
  static constexpr std::size_t kReadOnlySize = 0x2000;

  FakeRam() : mapping_(reserve()) {
    const std::span<std::byte> ram = mapping_.bytes().subspan(kGuard, kSize);
    if (::mprotect(ram.data(), kSize, PROT_READ | PROT_WRITE) != 0 ||
        ::mprotect(ram.data() + kReadOnlyStart, kReadOnlySize, PROT_READ) != 0 || !memory.add_region(Gpa{0}, ram) ||
        !memory.make_read_only(Gpa{kReadOnlyStart}, kReadOnlySize)) {
      std::abort();
    }
  }

  template <typename T>
  void put(std::uint64_t address, T value) {
    if (!memory.write(Gpa{address}, value)) throw std::out_of_range("FakeRam::put");
  }
  template <typename T>
  T get(std::uint64_t address) const {
    return memory.read<T>(Gpa{address}).value();
  }
  void put_text(std::uint64_t address, std::string_view text) {
    std::memcpy(memory.writable(Gpa{address}, text.size()).data(), text.data(), text.size());
  }
  std::string get_text(std::uint64_t address, std::size_t length) const {
    const auto bytes = memory.readable(Gpa{address}, length);
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }

  GuestMemory memory;

 private:
  static constexpr std::size_t kGuard = 0x1'0000;
  static Mapping reserve() {
    void* address = ::mmap(nullptr, kGuard + kSize + kGuard, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (address == MAP_FAILED) std::abort();
    return {address, kGuard + kSize + kGuard};
  }

  Mapping mapping_;
};

// The driver's side, with no mercy: every field can be set to anything.
class FakeDriverQueue {
 public:
  FakeDriverQueue(FakeRam& ram, std::uint64_t base, std::uint16_t size) : ram_(ram), size_(size) {
    layout.size = size;
    layout.descriptors = Gpa{base};
    layout.available = Gpa{base + 16ULL * size};
    layout.used = Gpa{(layout.available.value + 6 + 2ULL * size + 3) & ~3ULL};
  }

  void descriptor(std::uint16_t index, std::uint64_t address, std::uint32_t length, std::uint16_t flags = 0,
                  std::uint16_t next = 0) {
    descriptor_at(layout.descriptors.value + 16ULL * index, address, length, flags, next);
  }
  void descriptor_at(std::uint64_t where, std::uint64_t address, std::uint32_t length, std::uint16_t flags,
                     std::uint16_t next) {
    ram_.put(where, address);
    ram_.put(where + 8, length);
    ram_.put(where + 12, flags);
    ram_.put(where + 14, next);
  }
  void offer(std::uint16_t head) {
    ram_.put<std::uint16_t>(layout.available.value + 4 + 2ULL * (available_index_ % size_), head);
    set_available_index(static_cast<std::uint16_t>(available_index_ + 1));
  }
  void set_available_index(std::uint16_t index) {
    available_index_ = index;
    ram_.put(layout.available.value + 2, index);
  }
  void set_available_flags(std::uint16_t flags) { ram_.put(layout.available.value, flags); }
  void set_used_event(std::uint16_t event) { ram_.put(layout.available.value + 4 + 2ULL * size_, event); }

  std::uint16_t used_index() const { return ram_.get<std::uint16_t>(layout.used.value + 2); }
  std::uint16_t used_flags() const { return ram_.get<std::uint16_t>(layout.used.value); }
  std::uint16_t available_event() const { return ram_.get<std::uint16_t>(layout.used.value + 4 + 8ULL * size_); }
  struct Used {
    std::uint32_t id;
    std::uint32_t length;
    bool operator==(const Used&) const = default;
  };
  Used used(std::uint16_t index) const {
    const std::uint64_t at = layout.used.value + 4 + 8ULL * (index % size_);
    return {ram_.get<std::uint32_t>(at), ram_.get<std::uint32_t>(at + 4)};
  }

  virtio::QueueLayout layout;

 private:
  FakeRam& ram_;
  std::uint16_t size_;
  std::uint16_t available_index_ = 0;
};

class CountingInterrupt final : public InterruptLine {
 public:
  void raise() override { ++raised; }
  std::atomic<int> raised = 0;  // by any thread
};

// Runs a descriptor's callback, or what was posted, when the test says so.
class ManualEventLoop final : public EventLoop {
 public:
  void when_readable(int fd, Callback callback) override {
    readable_[fd] = std::move(callback);
    ++requests_;
  }
  void when_writable(int fd, Callback callback) override {
    writable_[fd] = std::move(callback);
    ++requests_;
  }
  void post(Callback task) override { posted_.push_back(std::move(task)); }

  bool waits_readable(int fd) const { return readable_.contains(fd); }
  bool waits_writable(int fd) const { return writable_.contains(fd); }
  void fire_readable(int fd) { fire(readable_, fd); }
  void fire_writable(int fd) { fire(writable_, fd); }
  std::size_t requests() const { return requests_; }  // for readiness, ever
  std::size_t posted() const { return posted_.size(); }
  // Runs one task, as the I/O thread would; false if there is none.
  bool run_posted() {
    if (posted_.empty()) return false;
    const Callback task = std::move(posted_.front());
    posted_.pop_front();
    task();
    return true;
  }

 private:
  static void fire(std::map<int, Callback>& requests, int fd) {
    auto request = requests.extract(fd);
    if (!request.empty()) request.mapped()();
  }
  std::map<int, Callback> readable_;
  std::map<int, Callback> writable_;
  std::deque<Callback> posted_;
  std::size_t requests_ = 0;
};

}  // namespace husk::test

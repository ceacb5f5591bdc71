// A guest without a processor: RAM, an interrupt line that counts, an event loop that runs when told, and a driver's
// side of a split virtqueue that can tell the truth or lie. The tests play the guest with it.
#pragma once

#include <cstring>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/guest_memory.h"
#include "devices/event_loop.h"
#include "devices/interrupt_line.h"
#include "devices/virtio/queue.h"

namespace husk::test {

inline constexpr std::uint16_t kNext = 1, kWrite = 2, kIndirect = 4;

class FakeRam {
 public:
  static constexpr std::size_t kSize = 1 << 20;

  FakeRam() : bytes_(kSize + 4096) {
    // Real guest RAM is page-aligned on the host; a vector's storage is not.
    const auto start = reinterpret_cast<std::uintptr_t>(bytes_.data());
    memory.add_region(Gpa{0}, std::span(bytes_).subspan((4096 - start % 4096) % 4096, kSize));
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
    std::memcpy(memory.at(Gpa{address}, text.size()).data(), text.data(), text.size());
  }
  std::string get_text(std::uint64_t address, std::size_t length) const {
    const auto bytes = memory.at(Gpa{address}, length);
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }

  GuestMemory memory;

 private:
  std::vector<std::byte> bytes_;
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
  int raised = 0;
};

// Runs a descriptor's callback when the test says that it is ready.
class ManualEventLoop final : public EventLoop {
 public:
  void when_readable(int fd, Callback callback) override { readable_[fd] = std::move(callback); }
  void when_writable(int fd, Callback callback) override { writable_[fd] = std::move(callback); }
  void post(Callback task) override { task(); }

  bool waits_readable(int fd) const { return readable_.contains(fd); }
  bool waits_writable(int fd) const { return writable_.contains(fd); }
  void fire_readable(int fd) { fire(readable_, fd); }
  void fire_writable(int fd) { fire(writable_, fd); }

 private:
  static void fire(std::map<int, Callback>& requests, int fd) {
    auto request = requests.extract(fd);
    if (!request.empty()) request.mapped()();
  }
  std::map<int, Callback> readable_;
  std::map<int, Callback> writable_;
};

}  // namespace husk::test

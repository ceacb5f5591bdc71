// Makes values for the arguments of system calls: mostly such as a program would pass, often such as none should.
#pragma once

#include <cstdint>

#include "tests/fuzz/syscalls/kinds.h"
#include "tests/fuzz/syscalls/random.h"
#include "tests/fuzz/syscalls/world.h"

namespace fuzz {

class Values {
 public:
  Values(Random& random, const World& world) : random_(random), world_(world) {}

  std::uint64_t make(const Argument& argument);

  // A value of the dictionary, or near one, or any.
  std::uint64_t number();
  // What a structure may hold: nothing by which user code would reach a kernel that it could overwrite.
  std::uint64_t word() { return for_own_use(world_, number()); }
  std::uint64_t any_address();
  std::uint64_t mapping_address();
  std::uint64_t path();
  std::int32_t pid();
  std::uint64_t signal();
  // Room for so many bytes in the data pages, which the caller fills; often right before a page that is not there.
  std::uint64_t* room(std::uint64_t bytes);
  std::uint64_t strings(std::uint64_t most);

 private:
  std::uint64_t name();
  std::uint64_t length();
  std::uint64_t map_length();
  std::uint64_t offset();
  std::uint64_t descriptor();
  std::uint64_t mode();
  std::uint64_t words();
  std::uint64_t signal_set();
  std::uint64_t signal_action();
  std::uint64_t time_spec();
  std::uint64_t vectors();
  std::uint64_t poll_descriptors();
  std::uint64_t futex_word();
  std::uint64_t event();
  std::uint64_t signal_info();
  std::uint64_t stack();
  std::uint64_t limit();
  std::uint64_t epoll_event();
  std::uint64_t socket_address();
  std::uint64_t message(std::uint64_t* header);
  std::uint64_t messages();
  std::uint64_t control(std::uint64_t& size);
  std::uint64_t semaphore_operations();
  std::uint64_t typed_message();
  std::uint64_t ipc_id();
  std::uint64_t queue_name();
  std::uint64_t queue_attributes();
  std::uint64_t sched_attributes();
  std::uint64_t terminal_attributes();
  std::uint64_t process_clock();
  std::uint64_t filter();
  std::uint64_t netlink_request();
  std::uint64_t from_list(const Argument& argument);
  std::uint64_t store_string(const char* text, bool longer);

  Random& random_;
  const World& world_;
};

}  // namespace fuzz

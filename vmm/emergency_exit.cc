#include "vmm/emergency_exit.h"

#include <poll.h>
#include <unistd.h>

#include <atomic>

namespace husk {
namespace {

std::atomic<void (*)()> emergency_action{nullptr};
static_assert(std::atomic<void (*)()>::is_always_lock_free);

}  // namespace

void set_emergency_action(void (*action)()) {
  emergency_action = action;
}

void emergency_exit(int status, std::string_view last_words) {
  if (void (*action)() = emergency_action.load()) action();
  pollfd request{.fd = STDERR_FILENO, .events = POLLOUT, .revents = 0};
  if (!last_words.empty() && ::poll(&request, 1, 0) == 1) {
    // Whether it could be said makes no difference any more.
    if (::write(STDERR_FILENO, last_words.data(), last_words.size()) < 0) ::_exit(status);
  }
  ::_exit(status);
}

}  // namespace husk

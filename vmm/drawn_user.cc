#include "vmm/drawn_user.h"

#include <sys/random.h>

#include "vmm/error.h"

namespace husk {

uid_t draw_user() {
  uid_t number = 0;
  if (::getrandom(&number, sizeof number, 0) != sizeof number) throw Error::from_errno("draw", "a user");
  static_assert(((kLastUser - kFirstUser) & (kLastUser - kFirstUser + 1)) == 0, "a mask");
  return kFirstUser | (number & (kLastUser - kFirstUser));
}

}  // namespace husk

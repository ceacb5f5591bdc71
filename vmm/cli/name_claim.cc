#include "vmm/cli/name_claim.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstring>

#include "vmm/error.h"

namespace husk::cli {

NameClaim::NameClaim(const std::string& name)
    : socket_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {  // nobody listens: connect(2) is refused
  if (!socket_) throw Error::from_errno("make", "a socket for --name");
  const std::string path = "husk-name/" + std::to_string(::geteuid()) + "/" + name;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  static_assert(sizeof address.sun_path > sizeof "husk-name/4294967295/" + 63, "the longest name (config::check_name)");
  std::memcpy(address.sun_path + 1, path.data(), path.size());
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + path.size());
  if (::bind(socket_.get(), reinterpret_cast<const sockaddr*>(&address), length) == 0) return;
  if (errno == EADDRINUSE) {
    throw Error("use", "--name " + name, "a container of that name is running",
                "wait until it has ended, or take another");
  }
  throw Error::from_errno("use", "--name " + name);
}

}  // namespace husk::cli

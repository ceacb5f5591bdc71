#include "task/uts.h"

#include "boot_parameters.h"
#include "lib/string.h"

namespace kernel::task {
namespace {

struct Name {
  bool set = false;
  std::size_t length = 0;
  char text[kMaxNameLength] = {};

  void assign(std::string_view name) {
    set = true;
    length = name.size() < sizeof text ? name.size() : sizeof text;
    memcpy(text, name.data(), length);
  }
};

constinit Name g_host;
constinit Name g_domain;

}  // namespace

std::string_view host_name() {
  if (!g_host.set) return boot_parameters().payload.host_name.substr(0, kMaxNameLength);
  return {g_host.text, g_host.length};
}

std::string_view domain_name() {
  if (!g_domain.set) return "(none)";
  return {g_domain.text, g_domain.length};
}

void set_host_name(std::string_view name) {
  g_host.assign(name);
}
void set_domain_name(std::string_view name) {
  g_domain.assign(name);
}

}  // namespace kernel::task

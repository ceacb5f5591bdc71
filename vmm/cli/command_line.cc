#include "vmm/cli/command_line.h"

#include "vmm/cli/doctor.h"
#include "vmm/cli/image_command.h"
#include "vmm/cli/kernel_command.h"

namespace husk::cli {

void declare_other_commands(CLI::App& app, int& status) {
  app.name("husk");
  add_image(app, status);
  add_doctor(app, status);
  add_kernel(app);
}

}  // namespace husk::cli

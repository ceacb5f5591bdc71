// `husk kernel`: writes the embedded guest kernel to a file, so that other VMMs can boot it (docs/pvh.md).
#pragma once

namespace CLI {
class App;
}

namespace husk::cli {

void add_kernel(CLI::App& app);

}  // namespace husk::cli

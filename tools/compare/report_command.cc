#include "tools/compare/report_command.h"

#include "tools/compare/output/file.h"
#include "tools/compare/output/json.h"
#include "vmm/error.h"

namespace husk::compare {

void declare(CLI::App& app, ReportOptions& options) {
  app.name("husk report");
  app.description("Show one comparison again, or put two side by side");
  app.add_option("A.json", options.first, "what `husk compare --json` has written")->required();
  app.add_option("B.json", options.second, "the same of another machine or another commit, to put beside it");
  declare(app, options.outputs);
}

int report(const ReportOptions& options) {
  if (!options.second.empty() && !(options.outputs.json.empty() && options.outputs.csv.empty())) {
    const std::string& path = options.outputs.json.empty() ? options.outputs.csv : options.outputs.json;
    throw Error("write", path, "of two comparisons there is a table and a page only",
                "use --html, or report one of them");
  }
  const Document first = parse_json(read_file(options.first), options.first);
  if (options.second.empty()) {
    check_writable(options.outputs);
    write_outputs(options.outputs, first.result, first.baseline);
    return 0;
  }
  const Document second = parse_json(read_file(options.second), options.second);
  check_writable(options.outputs);
  write_outputs(options.outputs, first, second);
  return 0;
}

}  // namespace husk::compare

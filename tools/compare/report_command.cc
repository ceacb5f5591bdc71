#include "tools/compare/report_command.h"

#include <cstdio>

#include "tools/compare/output/json.h"
#include "tools/compare/output/side_by_side.h"
#include "tools/compare/report_page/page.h"
#include "vmm/error.h"

namespace husk::compare {

void declare(CLI::App& app, ReportOptions& options) {
  app.add_option("A.json", options.first, "what `husk compare --json` has written")->required();
  app.add_option("B.json", options.second, "the same of another machine or another commit, to put beside it");
  declare(app, options.outputs);
}

int report(const ReportOptions& options) {
  const Document first = parse_json(read_file(options.first), options.first);
  check_writable(options.outputs);
  if (options.second.empty()) {
    write_outputs(options.outputs, first.result, first.baseline);
    return 0;
  }
  if (!options.outputs.json.empty() || !options.outputs.csv.empty()) {
    throw Error("write", options.outputs.json + options.outputs.csv,
                "of two comparisons there is a table and a page only", "use --html, or report one of them");
  }
  const Document second = parse_json(read_file(options.second), options.second);
  std::fputs(format_side_by_side(first.result, second.result, {wants_colour()}).c_str(), stdout);
  if (!options.outputs.html.empty())
    write_file(options.outputs.html, format_comparison_page(format_json(first.result, first.baseline),
                                                            format_json(second.result, second.baseline)));
  return 0;
}

}  // namespace husk::compare

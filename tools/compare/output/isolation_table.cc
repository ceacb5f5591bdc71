#include "tools/compare/output/isolation_table.h"

#include "tools/compare/output/numbers.h"

namespace husk::compare {
namespace {

std::string title(const std::string& text, const GridStyle& style) {
  return "\n" + (style.colour ? "\033[1;36m" + text + "\033[0m" : text) + "\n";
}

std::string count(const nlohmann::ordered_json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_number() ? std::to_string(found->get<std::uint64_t>()) : kNoFigure;
}

std::string format_exits(const ComparisonResult& result, const GridStyle& style) {
  std::vector<GridRow> rows;
  for (const RunnerResult& runner : result.runners) {
    if (!runner.vm_exits.is_object()) continue;
    GridRow row;
    row.cells = {runner.name};
    for (const char* name : {"exits_mmio", "exits_signal", "guest_cpl0_instructions", "guest_gates", "guest_syscalls",
                             "guest_page_faults", "guest_interrupts"}) {
      row.cells.push_back(count(runner.vm_exits, name));
    }
    rows.push_back(std::move(row));
  }
  if (rows.empty()) return "";
  return title("What one run of the payload costs on any hardware (counts)", style) +
         format_grid({{"", "exits to", "exits by", "CPL 0", "gates to", "guest sys-", "guest page", "guest"},
                      {"VM", "devices", "signals", "instr.", "CPL 0", "tem calls", "faults", "interr."}},
                     rows, style);
}

}  // namespace

std::string format_isolation(const ComparisonResult& result, const GridStyle& style) {
  return format_exits(result, style);
}

}  // namespace husk::compare

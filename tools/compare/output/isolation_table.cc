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
    // Its tables belong to what `--measure isolation` asks for.
    if (!runner.vm_exits.is_object() || !runner.isolation_facts.is_object()) continue;
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

std::string list_size(const nlohmann::ordered_json& facts, const char* name) {
  const auto found = facts.find(name);
  return found != facts.end() && found->is_array() ? std::to_string(found->size()) : kNoFigure;
}

std::string joined(const nlohmann::ordered_json& facts, const char* name) {
  const auto found = facts.find(name);
  if (found == facts.end() || !found->is_array()) return kNoFigure;
  std::string text;
  for (const auto& one : *found) text += (text.empty() ? "" : ",") + one.get<std::string>();
  return text.empty() ? "none" : text;
}

std::string format_facts(const ComparisonResult& result, const GridStyle& style) {
  std::vector<GridRow> rows;
  for (const RunnerResult& runner : result.runners) {
    const nlohmann::ordered_json& facts = runner.isolation_facts;
    if (!facts.is_object()) continue;
    const std::string total = count(facts, "syscalls_total");
    const bool is_known = facts.contains("no_new_privileges");
    const bool privileges_end = facts.value("no_new_privileges", false);
    rows.push_back(
        {{runner.name, total == kNoFigure ? kNoFigure : count(facts, "syscalls_reachable") + " of " + total,
          count(facts, "syscalls_observed"), facts.value("seccomp", kNoFigure), facts.value("user", kNoFigure),
          list_size(facts, "capabilities"), !is_known ? kNoFigure : privileges_end ? "yes" : "no", count(facts, "device_nodes_visible"), joined(facts, "namespaces")},
         {},
         false});
  }
  if (rows.empty()) return "";
  return title("What stands between payload and host: of the payload's process, or of the VMM that runs it", style) +
         format_grid({{"", "host system calls", "seen in", "", "", "capa-", "no new", "device", "namespaces"},
                      {"runner", "in reach", "a run", "seccomp", "user", "bilities", "privs", "nodes", "of its own"}},
                     rows, style);
}

}  // namespace

std::string format_isolation(const ComparisonResult& result, const GridStyle& style) {
  return format_facts(result, style) + format_exits(result, style);
}

}  // namespace husk::compare

#include "tools/compare/output/isolation_table.h"

#include <algorithm>

#include "tools/compare/output/numbers.h"
#include "tools/compare/output/plain_text.h"

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
  return title("Exits of one run, counted on this machine (KVM back end " + result.host.kvm_backend + ")", style) +
         format_grid({{"", "exits to", "exits by", "CPL 0", "gates to", "guest sys-", "guest page", "guest"},
                      {"VM", "devices", "signals", "instr.", "CPL 0", "tem calls", "faults", "interr."}},
                     rows, style);
}

// The cells of one runner. What is not there is no figure, and its reason, where there is one, a footnote: nothing is
// taken for "no" or 0 because nobody looked.
class FactCells {
 public:
  FactCells(const RunnerResult& runner, Footnotes& footnotes)
      : runner_(runner), facts_(runner.isolation_facts), footnotes_(footnotes) {}

  bool has(const char* name) const { return facts_.is_object() && facts_.contains(name); }

  std::string missing(const char* name) const {
    if (facts_.is_object() && facts_.contains("unreadable") && facts_["unreadable"].contains(name)) {
      return footnotes_.mark(facts_["unreadable"][name].get<std::string>());
    }
    for (const char* note : {name, "isolation_facts"}) {
      const auto found = runner_.notes.find(note);
      if (found != runner_.notes.end()) return footnotes_.mark(found->second);
    }
    return kNoFigure;
  }

  std::string number(const char* name) const {
    return has(name) && facts_[name].is_number() ? std::to_string(facts_[name].get<std::uint64_t>()) : missing(name);
  }

  std::string text(const char* name) const {
    return has(name) && facts_[name].is_string() ? facts_[name].get<std::string>() : missing(name);
  }

  std::string flag(const char* name) const {
    return has(name) && facts_[name].is_boolean() ? (facts_[name].get<bool>() ? "yes" : "no") : missing(name);
  }

  std::string list(const char* name, const char* separator) const {
    if (!has(name) || !facts_[name].is_array()) return missing(name);
    std::string text;
    for (const auto& one : facts_[name]) text += (text.empty() ? "" : separator) + one.get<std::string>();
    return text.empty() ? "none" : text;
  }

  std::string reachable() const {
    if (!has("syscalls_reachable")) return missing("syscalls_reachable");
    return number("syscalls_reachable") + " of " + number("syscalls_total");
  }

  // Those of a child user namespace are no rights over the host.
  std::string capabilities() const {
    if (!has("capabilities") || !facts_["capabilities"].is_array()) return missing("capabilities");
    const std::size_t count = facts_["capabilities"].size();
    if (count == 0) return "none";
    return std::to_string(count) + (is_in_child() ? " inside" : "");
  }

  // As the host sees it.
  std::string user() const { return text("user") + (is_in_child() ? " userns" : ""); }

  std::string kernel_functions() const {
    if (!has("kernel_functions")) return missing("kernel_functions");
    const bool has_lost = has("kernel_function_calls_lost") && facts_["kernel_function_calls_lost"] != 0;
    return (has_lost ? ">=" : "") + number("kernel_functions");
  }

  std::string functions(const char* name) const { return has(name) ? number(name) : missing("kernel_functions"); }

 private:
  bool is_in_child() const { return has("user_namespace") && facts_["user_namespace"] == "child"; }

  const RunnerResult& runner_;
  const nlohmann::ordered_json& facts_;
  Footnotes& footnotes_;
};

// Whether somebody has looked at it, or tried to.
bool was_looked_at(const RunnerResult& runner) {
  return runner.isolation_facts.is_object() || runner.notes.contains("isolation_facts");
}

std::string format_facts(const ComparisonResult& result, const GridStyle& style) {
  std::vector<GridRow> rows;
  Footnotes footnotes;
  bool has_capabilities_inside = false;
  for (const RunnerResult& runner : result.runners) {
    if (!was_looked_at(runner)) continue;
    const FactCells cells(runner, footnotes);
    has_capabilities_inside |= cells.capabilities().ends_with(" inside");
    rows.push_back(
        {{runner.name, cells.reachable(), cells.number("syscalls_observed"), cells.kernel_functions(),
          cells.functions("kernel_functions_beyond_process"), cells.functions("kernel_functions_added_by_work"),
          cells.text("seccomp"), cells.user(), cells.capabilities(), cells.flag("no_new_privileges"),
          cells.number("device_nodes_visible"), cells.list("namespaces", ",")},
         {},
         runner.is_reference});
  }
  if (rows.empty()) return "";
  std::string text =
      title("What stands between payload and host: of the payload's process, or of what serves it (a VMM, a runtime)",
            style) +
      format_grid({{"", "host system calls", "seen in", "kernel", "not of a", "added by", "", "", "capa-", "no new",
                    "device", "namespaces"},
                   {"runner", "in reach", "a run", "functions", "process", "its work", "seccomp", "user", "bilities",
                    "privs", "nodes", "of its own"}},
                  rows, style) +
      footnotes.text(kTextWidth);
  if (has_capabilities_inside) {
    text +=
        wrap("inside: in a user namespace of its own, and no right over anything of the host's", kTextWidth, 0) + "\n";
  }
  return text;
}

// Every way between payload and host, as far as it could be read; what could not, as the runner's source documents it.
std::string format_interfaces(const ComparisonResult& result, const GridStyle& style) {
  constexpr std::size_t kNameWidth = 18;
  std::string text;
  for (const RunnerResult& runner : result.runners) {
    if (!runner.isolation_facts.is_object() || !runner.isolation_facts.contains("executables")) continue;
    Footnotes unused;
    const FactCells cells(runner, unused);
    std::string line;
    const auto add = [&](const std::string& what, const std::string& value) {
      if (value != kNoFigure && value != "none") line += (line.empty() ? "" : "; ") + what + value;
    };
    if (cells.has("interfaces")) add("", cells.list("interfaces", ", "));
    const bool is_payload = runner.isolation == "none" || runner.isolation == "namespaces";
    if (cells.has("syscalls_reachable")) {
      add(is_payload ? "" : "then the host's kernel: ", cells.reachable() + " system calls");
    }
    add("", cells.list("kernel_interfaces", ", "));
    // A whole /dev is a number: the JSON file has the names.
    constexpr std::size_t kMostNodes = 12;
    const bool is_short = cells.has("device_nodes") && runner.isolation_facts["device_nodes"].size() <= kMostNodes;
    add("device nodes ", is_short ? cells.list("device_nodes", ", ") : cells.number("device_nodes_visible"));
    add("open files ", cells.list("open_files", ", "));
    add("namespaces of the host's ", cells.list("namespaces_shared", ", "));
    const std::string name = plain(runner.name);
    text += name + std::string(kNameWidth - std::min(kNameWidth - 1, name.size()), ' ') +
            wrap(line, kTextWidth, kNameWidth) + "\n";
  }
  if (text.empty()) return "";
  return title("Interfaces between payload and host", style) + text;
}

}  // namespace

std::string format_isolation(const ComparisonResult& result, const GridStyle& style) {
  return format_facts(result, style) + format_interfaces(result, style) + format_exits(result, style);
}

}  // namespace husk::compare

#include "tools/compare/table.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <vector>

#include "tools/compare/runners/references.h"
#include "tools/compare/statistics.h"
#include "tools/compare/version.h"

namespace husk::compare {
namespace {

constexpr char kNothing[] = "-";

std::string number(double value, int decimals) {
  char text[40];
  std::snprintf(text, sizeof text, "%.*f", decimals, value);
  return text;
}

std::string milliseconds(double nanoseconds) {
  return number(nanoseconds / 1e6, 2);
}

std::string median_milliseconds(const std::vector<std::uint64_t>& sample) {
  return sample.empty() ? kNothing : milliseconds(quantile(sample, 0.5));
}

std::string mebibytes(double bytes) {
  return number(bytes / (1 << 20), 2);
}

std::string median_mebibytes(const std::vector<std::uint64_t>& sample) {
  return sample.empty() ? kNothing : mebibytes(quantile(sample, 0.5));
}

using Row = std::vector<std::string>;

std::vector<Row> header() {
  return {{"", "start-up, ms", "", "", "vs KVM", "first instr.", "peak", "idle", "idle beyond"},
          {"runner", "median", "p5", "p95", "floor", "ms", "MiB", "MiB", "payload, MiB"}};
}

Row row_of(const RunnerResult& runner, const ComparisonResult& result, const RunnerResult* floor) {
  Row row = {runner.name};
  if (runner.start_ns.empty()) return row;
  const Summary start = summarize(runner.start_ns);
  for (const double value : {start.median, start.p5, start.p95}) row.push_back(milliseconds(value));
  const bool has_floor = floor != nullptr && !floor->start_ns.empty();
  row.push_back(has_floor ? number(start.median / quantile(floor->start_ns, 0.5), 2) + "x" : kNothing);
  row.push_back(median_milliseconds(runner.first_instruction_ns));
  row.push_back(median_mebibytes(runner.peak_pss_bytes));
  row.push_back(median_mebibytes(runner.idle_pss_bytes));
  const bool has_both = !runner.idle_pss_bytes.empty() && !result.payload_pss_bytes.empty();
  row.push_back(has_both ? mebibytes(quantile(runner.idle_pss_bytes, 0.5) - quantile(result.payload_pss_bytes, 0.5))
                         : kNothing);
  return row;
}

std::vector<std::size_t> column_widths(const std::vector<Row>& rows) {
  std::vector<std::size_t> widths;
  for (const Row& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t column = 0; column < row.size(); ++column) {
      widths[column] = std::max(widths[column], row[column].size());
    }
  }
  return widths;
}

// The first column flush left, numbers flush right.
std::string line_of(const Row& row, const std::vector<std::size_t>& widths) {
  std::string line;
  for (std::size_t column = 0; column < row.size(); ++column) {
    const std::string padding(widths[column] - row[column].size(), ' ');
    line += (column == 0 ? row[column] + padding : "  " + padding + row[column]);
  }
  line.erase(line.find_last_not_of(' ') + 1);
  return line;
}

std::string backend_sentence(const std::string& backend) {
  if (backend == "pvm") return "pvm (in software: every instruction of guest ring 0 is emulated)";
  if (backend == "vmx" || backend == "svm") return backend + " (in hardware)";
  return backend;
}

std::string heading(const ComparisonResult& result, const Host& host) {
  return "payload: " + result.payload + "; " + std::to_string(result.runs) + " runs of each kind, interleaved" +
         (result.complete ? "" : "; ENDED EARLY, this is what was known") + "\n" + "machine: " + host.cpu_model + ", " +
         std::to_string(host.cores) + " cores, " + number(static_cast<double>(host.memory_bytes) / (1 << 30), 0) +
         " GiB, " + host.os + ", " + host.kernel + "\n" + "KVM:     " + backend_sentence(host.kvm_backend) + "; husk " +
         husk_version() + " (" + husk_commit() + ")\n";
}

// A hint, not a correction: the samples are what they are.
std::string noise_warning(const Host& host) {
  if (host.load <= 0.5 * host.cores) return "";
  return "NOTE:    the machine was busy when this began (load " + number(host.load, 1) + " on " +
         std::to_string(host.cores) + " cores): repeat it on a quiet one before you believe a figure\n";
}

std::string footing(const ComparisonResult& result) {
  std::string text =
      "\nstart-up: exec of the runner to its exit. peak, idle: PSS of all processes of one instance, guest RAM "
      "included";
  if (!result.payload_pss_bytes.empty()) {
    text += ";\nthe payload alone takes " + number(quantile(result.payload_pss_bytes, 0.5) / 1024, 0) +
            " KiB as a plain process";
  }
  text += ".\n";
  const RunnerResult* vm = find(result, "vm");
  if (vm != nullptr && !vm->guest_boot_ns.empty()) {
    text += "vm: from the guest kernel's first instruction to the payload's " +
            number(quantile(vm->guest_boot_ns, 0.5) / 1e3, 0) + " us (median).\n";
  }
  return text;
}

}  // namespace

std::string format_table(const ComparisonResult& result, const Host& host, const TableStyle& style) {
  const RunnerResult* floor = find(result, KvmFloor::kName);
  std::vector<Row> rows = header();
  const std::size_t header_rows = rows.size();
  for (const RunnerResult& runner : result.runners) rows.push_back(row_of(runner, result, floor));
  const std::vector<std::size_t> widths = column_widths(rows);

  std::string text = heading(result, host) + noise_warning(host) + "\n";
  for (std::size_t index = 0; index < rows.size(); ++index) {
    std::string line = line_of(rows[index], widths);
    if (index < header_rows) {
      text += (style.colour ? "\033[1m" + line + "\033[0m" : line) + "\n";
      if (index + 1 == header_rows) {
        std::size_t total = 2 * (widths.size() - 1);
        for (const std::size_t width : widths) total += width;
        text += std::string(total, '-') + "\n";
      }
      continue;
    }
    const RunnerResult& runner = result.runners[index - header_rows];
    if (!runner.note.empty()) line += "  " + runner.note;
    const bool dim = runner.is_reference || runner.start_ns.empty();
    text += (style.colour && dim ? "\033[2m" + line + "\033[0m" : line) + "\n";
  }
  return text + footing(result);
}

}  // namespace husk::compare

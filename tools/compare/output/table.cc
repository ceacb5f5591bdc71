#include "tools/compare/output/table.h"

#include <algorithm>
#include <functional>
#include <set>

#include "tools/compare/metrics.h"
#include "tools/compare/output/choice_text.h"
#include "tools/compare/output/isolation_table.h"
#include "tools/compare/output/numbers.h"
#include "tools/compare/output/plain_text.h"
#include "tools/compare/output/settings.h"
#include "tools/compare/output/start_forms.h"

namespace husk::compare {
namespace {

constexpr std::size_t kWidth = 110;
constexpr double kMillisecond = 1e6;
constexpr double kMebibyte = 1 << 20;

class TableWriter {
 public:
  TableWriter(const ComparisonResult& result, const std::string& baseline, const GridStyle& style)
      : result_(result), baseline_(result.find(baseline)), baseline_name_(baseline), style_(style) {}

  std::string write() const {
    return heading() + start_up() + format_start_forms(result_, baseline_name_, style_, kWidth) + workloads() + memory() + density() + speed() + format_isolation(result_, style_) +
           format_failures(result_);
  }

 private:
  std::optional<Summary> summary(const RunnerResult& runner, const std::string& metric) const {
    return summarize(runner.find(metric), result_.seed);
  }

  std::optional<Summary> ratio(const RunnerResult& runner, const std::string& metric) const {
    return baseline_ == nullptr ? std::nullopt
                                : summarize_ratio(runner.find(metric), baseline_->find(metric), result_.seed);
  }

  // What is said of a cell besides its figure, as a mark: why there is none, or fewer samples than others have. The
  // note of the whole runner stands at the end of its row.
  static std::string mark_of(const RunnerResult& runner, const std::string& metric, Footnotes& notes) {
    const auto note = runner.notes.find(metric);
    const bool is_said = note == runner.notes.end() || note->second.empty() || note->second == runner.note;
    return is_said ? "" : notes.mark(note->second);
  }

  static std::string marked(const std::string& text, const std::string& mark) {
    if (text.empty() && mark.empty()) return kNoFigure;
    return text.empty() || mark.empty() ? text + mark : text + " " + mark;
  }

  // The median in `divisor` units.
  std::string cell(const RunnerResult& runner, const std::string& metric, double divisor, Footnotes& notes) const {
    const std::optional<Summary> found = summary(runner, metric);
    return marked(found ? significant(found->median / divisor) : "", mark_of(runner, metric, notes));
  }

  // For wide columns: an empty cell says in short itself why it is ("not supported yet", "over 1.2 s").
  std::string wide_cell(const RunnerResult& runner, const std::string& metric,
                        const std::function<std::string(double)>& text, Footnotes& notes) const {
    const std::optional<Summary> found = summary(runner, metric);
    const std::string mark = mark_of(runner, metric, notes);
    if (found || mark.empty()) return marked(found ? text(found->median) : "", mark);
    const std::string& note = runner.notes.at(metric);
    return marked(note.substr(0, note.find(':')), mark);
  }

  bool has_any(const std::function<bool(const std::string&)>& wanted) const {
    return std::ranges::any_of(result_.runners, [&](const RunnerResult& runner) {
      return std::ranges::any_of(runner.series, [&](const auto& one) { return wanted(one.first); });
    });
  }

  bool has_group(Group group) const {
    return has_any([&](const std::string& id) {
      const Metric* metric = find_metric(id);
      return metric != nullptr && metric->group == group;
    });
  }

  std::string title(const std::string& text) const {
    return "\n" + (style_.colour ? "\033[1;36m" + text + "\033[0m" : text) + "\n";
  }

  std::string heading() const {
    const Host& host = result_.host;
    std::string text =
        "payload: " + plain(result_.payload) + (result_.complete ? "" : "; ENDED EARLY, this is what was known") +
        "\nmachine: " + plain(host.cpu_model) + ", " + std::to_string(host.cores) + " cores, " +
        significant(static_cast<double>(host.memory_bytes) / (1 << 30)) + " GiB, " + plain(host.os) + ", " +
        plain(host.kernel) + "\nKVM:     " +
        wrap(host.kvm_backend + (host.guest_ring.empty() ? "" : ", husk's guest kernel in CPL " + host.guest_ring) +
                 ". " + meaning_of(host),
             kWidth, 9) +
        "\nhusk:    " + plain(result_.husk_version) + " (" + plain(result_.husk_commit) + "), seed " +
        std::to_string(result_.seed) + ", " + significant(result_.seconds) + " s\n" +
        format_settings(result_, kWidth);
    for (const RunnerResult& runner : result_.runners) {
      if (runner.choice.has_variants()) text += "limit:   " + wrap(describe(runner.name, runner.choice), kWidth, 9) + "\n";
    }
    for (const std::string& warning : result_.warnings) text += "NOISE:   " + wrap(warning, kWidth, 9) + "\n";
    return text;
  }

  // One row for every runner, also for those without figures.
  std::string grid(const std::vector<std::vector<std::string>>& header, bool with_references,
                   const std::function<std::vector<std::string>(const RunnerResult&, Footnotes&)>& cells) const {
    Footnotes notes;
    std::vector<GridRow> rows;
    for (const RunnerResult& runner : result_.runners) {
      // The references and hardened forms take part in the start-up measurement only.
      if ((runner.is_reference || !runner.hardened_form_of.empty()) && !with_references) continue;
      GridRow row;
      row.cells = {runner.name};
      row.is_dim = runner.is_reference || runner.status != Status::kMeasured;
      row.note = runner.note;
      // One without figures whose row has no note has its reasons in the cells.
      if (!runner.series.empty() || runner.note.empty()) {
        for (std::string& text : cells(runner, notes)) row.cells.push_back(std::move(text));
      }
      rows.push_back(std::move(row));
    }
    return format_grid(header, rows, style_) + notes.text(kWidth);
  }

  // Where there is no table of starts in which those would have their rows that could not be measured.
  std::string missing() const {
    std::vector<GridRow> rows;
    for (const RunnerResult& runner : result_.runners) {
      if (runner.status != Status::kMeasured && !runner.is_reference) rows.push_back({{runner.name}, runner.note, true});
    }
    return rows.empty() ? "" : title("Not measured") + format_grid({{"runner"}}, rows, style_);
  }

  std::string start_up() const {
    if (!has_group(Group::kStartUp)) return missing();
    const auto cells = [&](const RunnerResult& runner, Footnotes& notes) {
      const std::optional<Summary> start = summary(runner, "start_ns");
      const std::optional<Summary> to_baseline = ratio(runner, "start_ns");
      return std::vector<std::string>{cell(runner, "start_ns", kMillisecond, notes),
                                      interval_text(start, kMillisecond),
                                      start ? significant(start->p95 / kMillisecond) : kNoFigure,
                                      to_baseline && to_baseline->count >= kLeastForInterval ? ratio_text(to_baseline)
                                                                                             : kNoFigure,
                                      interval_text(to_baseline, 1),
                                      cell(runner, "cold_start_ns", kMillisecond, notes),
                                      cell(runner, "first_instruction_ns", kMillisecond, notes),
                                      cell(runner, "first_output_ns", kMillisecond, notes),
                                      cell(runner, "teardown_ns", kMillisecond, notes)};
    };
    const RunnerResult* any = baseline_ != nullptr ? baseline_ : &result_.runners.front();
    const std::optional<Summary> rounds = summary(*any, "start_ns");
    std::string what = "Start-up, ms: median and 95 % interval";
    if (rounds) {
      const std::string count = std::to_string(rounds->count);
      what = rounds->count >= kLeastForInterval ? what + " of " + count + " interleaved rounds"
                                                : "Start-up, ms: median of " + count +
                                                      (rounds->count == 1 ? " round" : " interleaved rounds") +
                                                      ", too few for intervals and ratios";
    }
    return title(what) +
           grid({{"", "start", "", "", "x " + baseline_name_, "", "cold", "first", "first", "tear-"},
                 {"runner", "to exit", "95 %", "p95", "(pairs)", "95 %", "start", "instr.", "output", "down"}},
                true, cells);
  }

  std::string workloads() const {
    std::vector<std::string> header = {"runner"};
    std::vector<std::string> ids;
    for (const Metric& metric : metrics()) {
      const auto is_it = [&](const std::string& id) { return id == metric.id; };
      if (metric.group != Group::kWorkloads || !has_any(is_it)) continue;
      ids.emplace_back(metric.id);
      header.emplace_back(metric.title);
    }
    if (ids.empty()) return "";
    return title("Workloads, ms from start to exit (median)") +
           grid({header}, false, [&](const RunnerResult& runner, Footnotes& notes) {
             std::vector<std::string> cells;
             for (const std::string& id : ids) {
               cells.push_back(wide_cell(
                   runner, id, [](double value) { return significant(value / kMillisecond); }, notes));
             }
             return cells;
           });
  }

  std::string memory() const {
    if (!has_group(Group::kMemory)) return "";
    const std::string payload =
        result_.payload_pss_bytes.empty()
            ? ""
            : "; the payload alone takes " +
                  with_unit(summarize(&result_.payload_pss_bytes, result_.seed)->median, Unit::kBytes);
    const auto cells = [&](const RunnerResult& runner, Footnotes& notes) {
      std::vector<std::string> texts;
      for (const char* metric : {"idle_pss_bytes", "idle_private_bytes", "idle_shared_bytes", "peak_pss_bytes",
                                 "idle_kernel_bytes", "additional_pss_bytes", "additional_system_bytes"}) {
        texts.push_back(cell(runner, metric, kMebibyte, notes));
      }
      return texts;
    };
    return title("Memory, MiB (median)" + payload) +
           grid({{"", "one, idle", "", "share of", "one,", "host", "one more:", "one more:"},
                 {"runner", "PSS", "private", "shared", "peak", "kernel", "PSS", "MemAvail."}},
                false, cells);
  }

  std::string density() const {
    std::set<unsigned> counts;
    for (const RunnerResult& runner : result_.runners) {
      for (const auto& [id, series] : runner.series) {
        if (id.starts_with("start_rate@"))
          counts.insert(static_cast<unsigned>(std::stoul(std::string(parameter_of(id)))));
      }
    }
    if (counts.empty()) return "";
    std::vector<std::string> header = {"runner"};
    for (const unsigned count : counts) header.push_back(std::to_string(count) + " at a time");
    return title("Starts per second (median)") +
           grid({header}, false, [&](const RunnerResult& runner, Footnotes& notes) {
             std::vector<std::string> cells;
             for (const unsigned count : counts)
               cells.push_back(cell(runner, with_parameter("start_rate", count), 1, notes));
             return cells;
           });
  }

  std::string speed_cell(const RunnerResult& runner, const Metric& metric, Footnotes& notes) const {
    const Unit unit = metric.unit;
    return wide_cell(
        runner, std::string(metric.id), [unit](double value) { return with_unit(value, unit); }, notes);
  }

  std::string speed() const {
    if (!has_group(Group::kSpeed)) return "";
    constexpr std::size_t kColumnWidth = 10;
    std::vector<std::string> titles = {"runner"};
    for (const Metric& metric : metrics()) {
      if (metric.group == Group::kSpeed) titles.emplace_back(metric.title);
    }
    return title("Speed of a running payload (median)") +
           grid(narrow_header(titles, kColumnWidth), false, [&](const RunnerResult& runner, Footnotes& notes) {
             std::vector<std::string> cells;
             for (const Metric& metric : metrics()) {
               if (metric.group == Group::kSpeed) cells.push_back(speed_cell(runner, metric, notes));
             }
             return cells;
           });
  }

  const ComparisonResult& result_;
  const RunnerResult* baseline_;
  std::string baseline_name_;
  GridStyle style_;
};

}  // namespace

std::string format_table(const ComparisonResult& result, const std::string& baseline, const GridStyle& style) {
  return TableWriter(result, baseline, style).write();
}

}  // namespace husk::compare

#include "tools/compare/output/table.h"

#include <algorithm>
#include <functional>
#include <set>

#include "tools/compare/metrics.h"
#include "tools/compare/output/choice_text.h"
#include "tools/compare/output/cost_table.h"
#include "tools/compare/output/isolation_table.h"
#include "tools/compare/output/numbers.h"
#include "tools/compare/output/plain_text.h"
#include "tools/compare/output/ratio_text.h"
#include "tools/compare/output/settings.h"
#include "tools/compare/output/start_forms.h"
#include "tools/compare/output/workload_table.h"
#include "tools/compare/statistics/quantile_interval.h"

namespace husk::compare {
namespace {

constexpr double kMebibyte = 1 << 20;

class TableWriter {
 public:
  TableWriter(const ComparisonResult& result, const std::string& baseline, const GridStyle& style)
      : result_(result), baseline_(result.find(baseline)), baseline_name_(baseline), style_(style) {}

  std::string write() const {
    return heading() + start_up() + format_cost(result_, style_) +
           format_start_forms(result_, baseline_name_, style_, kTextWidth) + format_workloads(result_, style_) +
           memory() + one_more() + pythons() + density() + arrivals() + speed() + format_isolation(result_, style_) +
           format_failures(result_);
  }

 private:
  std::optional<Summary> summary(const RunnerResult& runner, const std::string& metric) const {
    return summarize_metric(runner, metric, result_.seed);
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
    return marked(found ? significant(found->median / divisor) : "",
                  mark_of(runner, metric, notes) + mark_of_few(found, notes));
  }

  std::string interval_cell(const RunnerResult& runner, const std::string& metric, double divisor) const {
    return interval_text(summary(runner, metric), divisor);
  }

  // How many samples the row's figures have: "20", or "5-20" where they differ.
  std::string count_text(const RunnerResult& runner, const std::vector<std::string>& ids) const {
    std::set<std::size_t> counts;
    for (const std::string& id : ids) {
      const Series* series = runner.find(id);
      if (series != nullptr) counts.insert(series->size());
    }
    if (counts.empty()) return "";
    const std::string least = std::to_string(*counts.begin());
    return counts.size() == 1 ? least : least + "-" + std::to_string(*counts.rbegin());
  }

  // For wide columns: an empty cell says in short itself why it is ("not supported yet", "over 1.2 s").
  std::string wide_cell(const RunnerResult& runner, const std::string& metric,
                        const std::function<std::string(double)>& text, Footnotes& notes) const {
    const std::optional<Summary> found = summary(runner, metric);
    const std::string mark = mark_of(runner, metric, notes) + mark_of_few(found, notes);
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
             kTextWidth, 9) +
        "\nhusk:    " + plain(result_.husk_version) + " (" + plain(result_.husk_commit) + "), seed " +
        std::to_string(result_.seed) + ", " + significant(result_.seconds) + " s\n" +
        format_settings(result_, kTextWidth);
    for (const RunnerResult& runner : result_.runners) {
      if (runner.choice.has_variants())
        text += "limit:   " + wrap(describe(runner.name, runner.choice), kTextWidth, 9) + "\n";
    }
    for (const std::string& warning : result_.warnings) text += "WARNING: " + wrap(warning, kTextWidth, 9) + "\n";
    return text;
  }

  // A row of a table: a runner, and in which form: "" or what the form's metrics begin with.
  struct Row {
    const RunnerResult* runner;
    std::string form;
    std::string title;
  };
  using Cells = std::function<std::vector<std::string>(const RunnerResult&, Footnotes&)>;
  using FormCells = std::function<std::vector<std::string>(const Row&, Footnotes&)>;

  // One row for every runner, also for those without figures. `ids` are the metrics that the last column, n, counts the
  // samples of.
  std::string grid(std::vector<std::vector<std::string>> header, bool with_references,
                   const std::vector<std::string>& ids, const Cells& cells) const {
    return form_grid(std::move(header), with_references, {}, ids,
                     [&](const Row& row, Footnotes& notes) { return cells(*row.runner, notes); });
  }

  // A further row for each form of a runner that has figures in it: `forms` are pairs of prefix and name.
  std::string form_grid(std::vector<std::vector<std::string>> header, bool with_references,
                        const std::vector<std::pair<std::string, std::string>>& forms,
                        const std::vector<std::string>& ids, const FormCells& cells) const {
    Footnotes notes;
    std::vector<GridRow> rows;
    for (const Row& source : rows_of(with_references, forms)) {
      const RunnerResult& runner = *source.runner;
      GridRow row;
      row.cells = {source.title};
      row.is_dim = runner.is_reference || runner.status != Status::kMeasured;
      row.note = runner.note;
      // One without figures whose row has no note has its reasons in the cells.
      if (!runner.series.empty() || runner.note.empty()) {
        for (std::string& text : cells(source, notes)) row.cells.push_back(std::move(text));
        std::vector<std::string> counted;
        for (const std::string& id : ids) counted.push_back(source.form + id);
        if (!ids.empty()) row.cells.push_back(count_text(runner, counted));
      }
      rows.push_back(std::move(row));
    }
    if (!ids.empty()) {
      for (auto& line : header) line.emplace_back();
      header.back().back() = "n";
    }
    return format_grid(header, rows, style_) + notes.text(kTextWidth);
  }

  std::vector<Row> rows_of(bool with_references, const std::vector<std::pair<std::string, std::string>>& forms) const {
    std::vector<Row> rows;
    for (const RunnerResult& runner : result_.runners) {
      // The references and hardened forms take part in the start-up measurement only.
      if ((runner.is_reference || !runner.hardened_form_of.empty()) && !with_references) continue;
      rows.push_back({&runner, "", runner.name});
      for (const auto& form : forms) {  // not [form, name]: clang 14 captures no structured binding
        const auto is_of_form = [&form](const auto& one) { return one.first.starts_with(form.first); };
        if (std::ranges::any_of(runner.series, is_of_form) || std::ranges::any_of(runner.notes, is_of_form)) {
          rows.push_back({&runner, form.first, "  " + form.second});
        }
      }
    }
    return rows;
  }

  // Where there is no table of starts in which those would have their rows that could not be measured.
  std::string missing() const {
    std::vector<GridRow> rows;
    for (const RunnerResult& runner : result_.runners) {
      if (runner.status != Status::kMeasured && !runner.is_reference)
        rows.push_back({{runner.name}, runner.note, true});
    }
    return rows.empty() ? "" : title("Not measured") + format_grid({{"runner"}}, rows, style_);
  }

  std::string start_up() const {
    if (!has_group(Group::kStartUp)) return missing();
    const auto cells = [&](const RunnerResult& runner, Footnotes& notes) {
      const std::optional<Summary> start = summary(runner, "start_ns");
      const std::optional<Summary> to_baseline = ratio(runner, "start_ns");
      return std::vector<std::string>{
          cell(runner, "start_ns", kMillisecond, notes),
          interval_text(start, kMillisecond),
          start ? significant(start->p95 / kMillisecond) : kNoFigure,
          to_baseline && to_baseline->count >= kLeastForInterval ? ratio_text(to_baseline) : kNoFigure,
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
      what = rounds->count >= kLeastForInterval
                 ? what + " of " + count + " interleaved rounds"
                 : "Start-up, ms: median of " + count + (rounds->count == 1 ? " round" : " interleaved rounds") +
                       ", too few for intervals and ratios";
    }
    return title(what) +
           grid({{"", "start", "", "", "x " + baseline_name_, "", "cold", "first", "first", "tear-"},
                 {"runner", "to exit", "95 %", "p95", "(pairs)", "95 %", "start", "instr.", "output", "down"}},
                true, {"start_ns", "cold_start_ns", "first_instruction_ns", "first_output_ns", "teardown_ns"}, cells) +
           wrap(
               "cold start: with its files out of the page cache; first instr., first output: from exec of the runner "
               "to the payload's; tear-down: from the payload's last instruction to exit; x " +
                   baseline_name_ + ": median of the ratios run by run",
               kTextWidth, 0) +
           "\n";
  }

  std::string memory() const {
    if (!has_group(Group::kMemory)) return "";
    const std::string payload =
        result_.payload_pss_bytes.empty()
            ? ""
            : "; the payload alone: PSS " +
                  with_unit(summarize(&result_.payload_pss_bytes, result_.seed)->median, Unit::kBytes);
    const std::vector<std::string> ids = {"idle_total_bytes",   "idle_pss_bytes",    "idle_kernel_bytes",
                                          "idle_private_bytes", "idle_shared_bytes", "peak_pss_bytes"};
    const auto cells = [&](const Row& row, Footnotes& notes) {
      std::vector<std::string> texts;
      for (const std::string& id : ids) {
        texts.push_back(cell(*row.runner, row.form + id, kMebibyte, notes));
        if (id == ids[0]) texts.push_back(interval_cell(*row.runner, row.form + id, kMebibyte));
      }
      return texts;
    };
    return title("Memory of one idle instance, MiB (median)" + payload) +
           form_grid({{"", "PSS and", "", "", "host", "PSS,", "PSS, share", "peak"},
                      {"runner", "kernel", "95 %", "PSS", "kernel", "private", "of shared", "PSS"}},
                     false, {{"detached_", "detached"}}, ids, cells);
  }

  // "32 x 3": up to how many instances, and how often.
  static std::string fit_text(const std::optional<Summary>& summary) {
    if (!summary || !summary->fit) return kNoFigure;
    return std::to_string(summary->fit->instances) + " x " + std::to_string(summary->fit->ramps);
  }

  std::string one_more() const {
    const auto is_it = [](const std::string& id) { return id.starts_with("additional_"); };
    if (!has_any(is_it)) return "";
    const bool has_check = has_any([](const std::string& id) { return id == "additional_system_bytes"; });
    const auto cells = [&](const RunnerResult& runner, Footnotes& notes) {
      std::vector<std::string> texts;
      for (const char* id : {"additional_group_bytes", "additional_pss_bytes"}) {
        texts.push_back(cell(runner, id, kMebibyte, notes));
        texts.push_back(interval_cell(runner, id, kMebibyte));
      }
      texts.push_back(fit_text(summary(runner, "additional_pss_bytes")));
      if (has_check) texts.push_back(cell(runner, "additional_system_bytes", kMebibyte, notes));
      return texts;
    };
    std::vector<std::vector<std::string>> header = {{"", "control", "", "", "", "up to"},
                                                    {"runner", "group", "95 %", "PSS", "95 %", "x ramps"}};
    if (has_check) {
      header[0].emplace_back("check:");
      header[1].emplace_back("MemAvail.");
    }
    return title("One idle instance more, MiB (slope; as it stays when nobody looks, where there is such a form)") +
           grid(std::move(header), false, {}, cells);
  }

  std::string pythons() const {
    const auto is_it = [](const std::string& id) { return id.starts_with("python_"); };
    if (!has_any(is_it)) return "";
    const std::vector<std::string> ids = {"idle_total_bytes", "idle_pss_bytes"};
    const auto cells = [&](const Row& row, Footnotes& notes) {
      // The shared form's metrics begin with python_ alone.
      const std::string form = row.form.empty() ? "python_" : row.form;
      std::vector<std::string> texts;
      for (const std::string& id : ids) texts.push_back(cell(*row.runner, form + id, kMebibyte, notes));
      for (const char* id : {"additional_group_bytes", "additional_pss_bytes"}) {
        texts.push_back(cell(*row.runner, form + id, kMebibyte, notes));
        texts.push_back(interval_cell(*row.runner, form + id, kMebibyte));
      }
      texts.push_back(fit_text(summary(*row.runner, form + "additional_pss_bytes")));
      return texts;
    };
    return title("An idle Python of the image, MiB: one (median), and one more (slope)") +
           form_grid({{"", "PSS and", "", "one more:", "", "one more:", "", "up to"},
                      {"runner", "kernel", "PSS", "group", "95 %", "PSS", "95 %", "x ramps"}},
                     false, {{"python_unshared_", "image not shared"}}, {}, cells);
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
    std::vector<std::string> ids;
    for (const unsigned count : counts) {
      header.push_back(std::to_string(count) + " at a time");
      header.emplace_back("95 %");
      ids.push_back(with_parameter("start_rate", count));
    }
    return title("Starts per second (median)") +
           grid({header}, false, ids, [&](const RunnerResult& runner, Footnotes& notes) {
             std::vector<std::string> cells;
             for (const std::string& id : ids) {
               cells.push_back(cell(runner, id, 1, notes));
               cells.push_back(interval_cell(runner, id, 1));
             }
             return cells;
           });
  }

  static std::string failures_text(const RunnerResult& runner, const std::string& metric) {
    const auto found = runner.failures.find(metric);
    if (found == runner.failures.end()) return kNoFigure;
    return std::to_string(found->second.failed) + " of " + std::to_string(found->second.of);
  }

  std::string arrivals() const {
    if (!has_any([](const std::string& id) { return id == "arrival_ns"; })) return "";
    const auto cells = [&](const RunnerResult& runner, Footnotes& notes) {
      const std::optional<Summary> found = summary(runner, "arrival_ns");
      const std::optional<Summary> lag = summary(runner, "arrival_lag_ns");
      const auto p99 = [&](const std::optional<Summary>& one) {
        if (!one) return std::string(kNoFigure);
        return one->p99 ? significant(*one->p99 / kMillisecond)
                        : kNoFigure + (" " + notes.mark("a 99th percentile needs " + std::to_string(kLeastForP99) +
                                                        " samples, its interval 368"));
      };
      std::optional<Summary> tail = found;
      if (tail) tail->interval = tail->p99_interval;
      const std::optional<Summary> rate = summary(runner, "arrival_rate");
      return std::vector<std::string>{rate ? significant(rate->median) : kNoFigure,
                                      cell(runner, "arrival_ns", kMillisecond, notes),
                                      interval_text(found, kMillisecond),
                                      p99(found),
                                      interval_text(tail, kMillisecond),
                                      p99(lag),
                                      failures_text(runner, "arrival_ns")};
    };
    return title("Starts that arrive at random, at half the rate that the runner can do: ms from arrival to exit") +
           grid({{"", "arrivals", "", "", "", "", "p99 of it", ""},
                 {"runner", "per second", "median", "95 %", "p99", "95 %", "our delay", "failed"}},
                false, {"arrival_ns"}, cells);
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
    std::vector<std::string> ids;
    for (const Metric& metric : metrics()) {
      if (metric.group != Group::kSpeed) continue;
      titles.emplace_back(metric.title);
      ids.emplace_back(metric.id);
    }
    return title("Speed of a running payload (median)") +
           grid(narrow_header(titles, kColumnWidth), false, ids, [&](const RunnerResult& runner, Footnotes& notes) {
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

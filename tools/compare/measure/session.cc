#include "tools/compare/measure/session.h"

#include <algorithm>
#include <bit>
#include <climits>
#include <cmath>
#include <csignal>
#include <cstdio>
#include <ctime>
#include <utility>

#include "tools/compare/statistics/quantile.h"
#include "tools/compare/statistics/summary.h"
#include "vmm/error.h"

namespace husk::compare {
namespace {

// Narrow enough: half the interval of every ratio is less than this part of the ratio.
constexpr double kNarrow = 0.02;

constexpr double kSecond = 1e9;

// What a runner may take of a round on average; or so many times what the quick quarter of the runners does, where that is
// more: work that takes seconds takes them under all.
constexpr double kFairSeconds = 0.01;
constexpr double kFairTimes = 4;

// Where the least number of rounds has taken all of a stage's time, this part of it is still there for rounds in which slow
// runners do not take part.
constexpr double kQuickPart = 0.25;

// Where runs may be cut: after so many times the time that all runs of the stage were to take.
constexpr double kCutFactor = 2;
constexpr double kLeastCutMs = 1000;

// Ends what a stage allows when the stage ends, however that comes.
struct CutScope {
  std::optional<int>& cut_ms;
  ~CutScope() { cut_ms.reset(); }
};

// A run took longer than its stage has time for.
struct CutShort {
  int milliseconds;
  const char* reason;
};

// Tidying up goes on when a part of it fails; the row says so.
void tidy(Entry& entry, const std::function<void()>& step) {
  try {
    step();
  } catch (const std::exception& error) {
    entry.result.note += (entry.result.note.empty() ? "" : "; ") + std::string("not tidied up: ") + error.what();
  }
}

std::string count_of(std::size_t samples) {
  return std::to_string(samples) + (samples == 1 ? " sample" : " samples");
}

std::string name_of(Isolation isolation) {
  switch (isolation) {
    case Isolation::kNone:
      return "none";
    case Isolation::kNamespaces:
      return "namespaces";
    case Isolation::kUserKernel:
      return "user-kernel";
    case Isolation::kVm:
      return "vm";
    case Isolation::kLanguage:
      return "language";
  }
  return "";
}

}  // namespace

Session::Session(const Context& context, const SessionOptions& options, ProgressCallback progress)
    : context_(context),
      options_(options),
      progress_(std::move(progress)),
      random_(options.seed),
      limit_(std::make_unique<MemoryLimit>(options.memory_bytes)),
      start_ns_(monotonic_ns()) {}

void Session::add(Runner& runner) {
  Entry entry;
  entry.runner = &runner;
  entry.begin_ns = start_ns_;
  entry.result.name = runner.name();
  entry.result.isolation = name_of(runner.isolation());
  entry.result.is_reference = runner.is_reference();
  if (options_.memory_bytes != 0) {
    entry.result.memory_limit = runner.limits_memory()      ? "its own option"
                                : limit_->why_not().empty() ? "a control group"
                                                            : "none: " + limit_->why_not();
  }
  entry.result.hardened_form_of = runner.hardened_form_of();
  try {
    const Availability availability = runner.detect(context_);
    entry.result.version = availability.version;
    if (availability.available) {
      runner.prepare(context_);
      entry.result.choice = runner.choice();
    } else {
      entry.usable = false;
      entry.result.status = Status::kNotAvailable;
      entry.result.note = availability.reason;
    }
  } catch (const std::exception& error) {
    entry.usable = false;
    entry.result.status = Status::kFailed;
    entry.result.note = std::string("failed: ") + error.what();
  }
  entries_.push_back(std::move(entry));
}

void Session::plan(double total_share) {
  share_total_ = share_left_ = total_share;
}

// Says why the entry takes no further part in the stage: why its cells are empty, or have fewer samples than others.
void Session::leave(Entry& entry, const Stage& stage, const std::string& why) {
  for (const std::string& metric : stage.metrics) {
    const Series* series = entry.result.find(metric);
    const std::size_t count = series == nullptr ? 0 : series->size();
    entry.result.notes[metric] = count == 0 ? why : "left after " + count_of(count) + ": " + why;
  }
}

// For one that was too slow for all `rounds`: it has fewer samples than others, which its row must not hide.
void Session::say_too_slow(Entry& entry, const Stage& stage, unsigned rounds) {
  for (const std::string& metric : stage.metrics) {
    const Series* series = entry.result.find(metric);
    if (series == nullptr || series->size() >= rounds) continue;
    entry.result.notes[metric] = "left after " + count_of(series->size()) + ": a run takes too long for --budget";
  }
}

void Session::fail(Entry& entry, const Stage& stage, const std::exception& error) {
  const std::string why = error.what();
  const auto* failed = dynamic_cast<const RunFailed*>(&error);
  if (failed != nullptr && entry.result.last_words.empty()) entry.result.last_words = failed->last_words();
  leave(entry, stage, "failed: " + why);
  if (!stage.is_essential) return;
  entry.usable = false;
  entry.result.status = Status::kFailed;
  entry.result.note = "failed: " + why;
}

bool Session::is_narrow(const std::vector<Entry*>& entries, const std::string& metric) const {
  const auto baseline = std::ranges::find(entries_, options_.baseline, [](const Entry& e) { return e.result.name; });
  const Series* denominator = baseline == entries_.end() ? nullptr : baseline->result.find(metric);
  for (const Entry* entry : entries) {
    const Series* series = entry->result.find(metric);
    if (series == nullptr || series == denominator) continue;
    const std::optional<Summary> summary =
        denominator == nullptr ? summarize(series, options_.seed) : summarize_ratio(series, denominator, options_.seed);
    if (!summary || !summary->interval) return false;
    if (summary->interval->high - summary->interval->low > 2 * kNarrow * summary->median) return false;
  }
  return true;
}

void Session::show(const Stage& stage, const Entry& entry, unsigned round, double stage_part) {
  const double gone = (share_total_ - share_left_ + stage.share * std::min(1.0, stage_part)) / share_total_;
  const double spent = static_cast<double>(monotonic_ns() - start_ns_) / kSecond;
  // With an exact number of runs the time is what it is; else the budget tells.
  const double left = options_.runs != 0 ? (gone > 0 ? spent / gone - spent : 0) : options_.budget_s - spent;
  progress_(gone, std::string(stage.title) + ", round " + std::to_string(round + 1) + ": " + entry.result.name,
            std::max(0.0, left));
}

Stage Stage::slice(unsigned index, unsigned count) const {
  Stage part = *this;
  part.share /= count;
  part.least_rounds = (least_rounds + count - 1) / count;
  part.slice_index = index;
  part.slice_count = count;
  return part;
}

// How many rounds it makes at least and at most, without the warm-up.
std::pair<unsigned, unsigned> Session::rounds_of(const Stage& stage) const {
  if (options_.runs == 0) return {stage.least_rounds, stage.most_rounds};
  const unsigned all = stage.is_essential ? options_.runs : std::min(options_.runs, stage.most_rounds);
  const unsigned mine = all * (stage.slice_index + 1) / stage.slice_count - all * stage.slice_index / stage.slice_count;
  return {mine, mine};
}

// A runner takes part in every period'th round: a slow one is not to have the time in which a quick one could be known
// better. Powers of two, so that rounds of slower ones are rounds of all quicker ones too, and still make pairs.
unsigned Session::period_of(const Entry& entry, const std::vector<Entry*>& all) {
  const auto seconds = [](const Entry& of) { return of.stage_runs == 0 ? 0 : of.stage_seconds / of.stage_runs; };
  std::vector<double> means;
  for (const Entry* other : all) means.push_back(seconds(*other));
  const double fair_s = std::max(kFairSeconds, kFairTimes * quantile(means, 0.25));
  return std::bit_ceil(static_cast<unsigned>(std::ceil(seconds(entry) / fair_s)));
}

// One run, and whether the entry takes part in the stage's further rounds.
Session::Turn Session::take_turn(Entry& entry, const Stage& stage, const Body& body, unsigned round,
                                 double stage_budget_s) {
  const std::uint64_t begin = monotonic_ns();
  try {
    body(entry, round);
    settle(entry);
  } catch (const NotPossible& objection) {
    const std::string note = std::string("not supported: ") + objection.what();
    leave(entry, stage, note);
    if (stage.is_essential) {
      entry.usable = false;
      entry.result.status = Status::kNotAvailable;
      entry.result.note = note;
    }
    return Turn::kLeaves;
  } catch (const std::exception& error) {
    fail(entry, stage, error);
    clean_up(entry);
    return Turn::kLeaves;
  } catch (const CutShort& cut) {
    char text[80];
    std::snprintf(text, sizeof text, "over %.1f s: cut short, %s", cut.milliseconds / 1e3, cut.reason);
    leave(entry, stage, text);
    clean_up(entry);
    return Turn::kLeaves;
  }
  entry.stage_seconds += static_cast<double>(monotonic_ns() - begin) / kSecond;
  ++entry.stage_runs;
  // One that alone needs the time of all has said what there is to say, be it in a warm-up.
  return options_.runs != 0 || entry.stage_seconds <= stage_budget_s ? Turn::kGoesOn : Turn::kTooSlow;
}

void Session::run(const Stage& stage, const Body& body) {
  const std::uint64_t begin = monotonic_ns();
  const double spent = static_cast<double>(begin - start_ns_) / kSecond;
  const double mine = std::max(0.0, options_.budget_s - spent) * stage.share / share_left_;
  // The least number of rounds is made also when the budget is spent: who is slow is told by what was planned.
  const double planned = std::max(mine, options_.budget_s * stage.share / share_total_);
  const std::pair<unsigned, unsigned> rounds = rounds_of(stage);
  const unsigned least = rounds.first;
  const unsigned most = rounds.second;  // no structured binding: the lambda below captures it
  const CutScope cut_scope{cut_ms_};
  if (stage.limit_ms != 0) {
    cut_ms_ = stage.limit_ms;
    cut_reason_ = "the limit of this workload";
  }
  const double affordable_ms = std::max(kLeastCutMs, 1000 * kCutFactor * mine);
  if (stage.may_cut_runs && options_.runs == 0 && affordable_ms < cut_ms_.value_or(INT_MAX)) {
    cut_ms_ = static_cast<int>(affordable_ms);
    cut_reason_ = "--budget has no more time for it";
  }
  const std::string& watched = stage.metrics[0];
  unsigned& round = rounds_[watched];
  const unsigned first_round = round;
  if (stage.slice_count > 1 && most > 0) slices_[watched].push_back(first_round);

  std::vector<Entry*> order;
  for (Entry& entry : entries_) {
    entry.stage_seconds = 0;
    entry.stage_runs = 0;
    const bool takes_part = (stage.with_references || !entry.result.is_reference) &&
                            (stage.with_hardened || entry.result.hardened_form_of.empty());
    const std::string why_no_times = entry.runner->why_no_times();
    if (entry.usable && takes_part && !why_no_times.empty() && !stage.with_emulated) {
      leave(entry, stage, why_no_times);
      continue;
    }
    if (entry.usable && takes_part && !entry.too_slow.contains(watched)) order.push_back(&entry);
  }
  // A later slice is not to be shorter than the earlier ones, or the figures would be those of the first one's time.
  const unsigned even = stage.slice_index == 0 ? 0 : first_round / stage.slice_index;
  unsigned next_check = std::max(stage.least_rounds, even);
  // What was measured since the last slice has left files and caches as they were; one run finds the rest again.
  const unsigned warm_up = first_round > 0 ? std::min(stage.warm_up, 1U) : stage.warm_up;
  // So many rounds of a slice have all runners, whatever they take: together they suffice for an interval.
  const unsigned with_all =
      std::min(least, (static_cast<unsigned>(kLeastForInterval) + stage.slice_count - 1) / stage.slice_count);
  unsigned turn = 0;  // warm-up included
  const auto make_round = [&](bool is_warm_up) {
    std::ranges::shuffle(order, random_);
    const bool has_all = options_.runs != 0 || (is_warm_up ? turn == 0 : round - first_round < with_all);
    std::vector<Entry*> now;
    std::ranges::copy_if(order, std::back_inserter(now), [&](const Entry* entry) {
      const unsigned period = has_all ? 1 : period_of(*entry, order);
      return is_warm_up ? period == 1 : round % period == 0;  // the second run of a slow one finds nothing new
    });
    std::erase_if(order, [&](Entry* entry) {
      if (std::ranges::find(now, entry) == now.end()) return false;
      const double time_part = static_cast<double>(monotonic_ns() - begin) / kSecond / std::max(mine, 1e-3);
      const double round_part = static_cast<double>(turn) / (most + warm_up);
      show(stage, *entry, round, options_.runs != 0 ? round_part : std::max(time_part, round_part));
      const std::map<std::string, Series> before = is_warm_up ? entry->result.series : std::map<std::string, Series>();
      const Turn result = take_turn(*entry, stage, body, round, planned);
      // The one sample of a runner that is too slow for a second one is better than none.
      if (is_warm_up && (result == Turn::kGoesOn || first_round > 0)) entry->result.series = before;
      if (result == Turn::kTooSlow) entry->too_slow.insert(watched);
      return result != Turn::kGoesOn;
    });
    ++turn;
  };
  for (unsigned i = 0; i < warm_up && most > 0; ++i) make_round(true);
  double end_s = mine;
  for (unsigned done = 1; done <= most && !order.empty(); ++done) {
    make_round(false);
    ++round;
    if (options_.runs != 0 || done < least) continue;
    const double gone_s = static_cast<double>(monotonic_ns() - begin) / kSecond;
    if (done == least && std::ranges::any_of(order, [&](Entry* entry) { return period_of(*entry, order) > 1; })) {
      end_s = std::max(mine, gone_s + kQuickPart * planned);
    }
    if (gone_s >= end_s) break;
    if (done >= next_check) {
      if (is_narrow(order, watched)) break;
      next_check = done + std::max(10U, done / 5);  // looking costs time too
    }
  }
  // Where all are too slow, rounds end before the least number that is promised.
  for (Entry& entry : entries_) {
    if (entry.too_slow.contains(watched)) say_too_slow(entry, stage, std::max(round, first_round + least));
  }
  share_left_ = std::max(1e-9, share_left_ - stage.share);
}

void Session::clean_up(Entry& entry) const {
  const Uninterruptible tidying;
  tidy(entry, [&] { entry.runner->clean_up(); });
  tidy(entry, [&] { settle_orphans(options_.patience_ms); });
}

void Session::clean_up_all() {
  const Uninterruptible tidying;
  for (Entry& entry : entries_) tidy(entry, [&] { entry.runner->clean_up(); });
  // Only now: what one runner has left behind may end when another one tidies up.
  if (!entries_.empty()) tidy(entries_.back(), [&] { settle_orphans(options_.patience_ms); });
}

void Session::settle(Entry& entry) const {
  if (std::exchange(entry.is_untidy, false)) entry.runner->clean_up();
  if (!settle_orphans(options_.patience_ms)) throw Error("end", entry.result.name, "it left processes running");
}

int Session::left_ms(const Process& process) const {
  return left_of(options_.timeout_ms, process.start_ns());
}

void Session::finish(Process& process, const Entry& entry) const {
  const int left = left_ms(process);
  if (cut_ms_ && *cut_ms_ < left) {
    if (!process.wait(*cut_ms_)) throw CutShort{*cut_ms_, cut_reason_};
  } else if (!process.wait(left)) {
    char text[100];
    std::snprintf(text, sizeof text, "a run had not ended after %g s; if it only needs longer, give --timeout",
                  options_.timeout_ms / 1e3);
    throw RunFailed(text, process.errors());
  }
  const int status = entry.runner->payload_status(process.exit_status());
  if (status == 0) return;
  const std::string line = process.last_error_line();
  // Not every runner tells why.
  constexpr int kKilled = 128 + SIGKILL;
  const bool may_be_limit = status == kKilled && options_.memory_bytes != 0;
  throw RunFailed("a run ended with exit status " + std::to_string(status) +
                      (may_be_limit ? ", killed as what needs more memory than -m gives" : "") +
                      (line.empty() ? "" : ": " + line),
                  process.errors());
}

void Session::finish(Instance& instance, const Entry& entry) const {
  finish(instance.process(), entry);
  instance.remove_root();
}

void Session::finish_idle(Instance& instance, Entry& entry) const {
  Process& process = instance.process();
  process.close_input();
  // Only the embedded payload ends when its input does, and with which status is known.
  if (instance.is_detached()) {
    entry.is_untidy = true;
  } else if (instance.waiting().sign == Waiting::Sign::kFirstByte && entry.runner->hands_on_end_of_input()) {
    finish(process, entry);
  } else {
    instance.release();
    constexpr int kPatienceMs = 300;  // what does not heed SIGTERM (a container's first process) is killed
    process.end(kPatienceMs);
    entry.is_untidy = true;  // not now: others of it may still be looked at
  }
  instance.remove_root();
}

Instance Session::prepare(Entry& entry, Invocation invocation) const {
  // Without a limit for all, one that needs more than a VM has by default may ask for it.
  if (options_.memory_bytes != 0) invocation.memory_bytes = options_.memory_bytes;
  FreshRoot root;
  if (invocation.roots != nullptr) {
    const bool needs_directory = entry.runner->needs_directory(invocation.form);
    const std::string objection = invocation.roots->objection(invocation.form, needs_directory);
    if (!objection.empty()) throw NotPossible(objection);
    root = invocation.roots->reserve(invocation.form, needs_directory, entry.runner->opens_its_devices());
  }
  invocation.root = &root.root();
  std::vector<std::string> words = command(entry, invocation);
  MemoryLimit::Place place;
  if (!entry.runner->limits_memory() && !invocation.has_own_group) place = limit_->take();
  Instance instance(std::move(root), std::move(place), std::move(words), invocation.waiting.value_or(Waiting()));
  instance.served_by([runner = entry.runner] { return runner->daemons(); });
  if (invocation.is_detached) instance.detach(entry.runner->detached_output());
  return instance;
}

Instance Session::start(Entry& entry, const Invocation& invocation, Process::Streams streams) const {
  Instance instance = prepare(entry, invocation);
  instance.start(streams);
  return instance;
}

void Session::wait_until_idle(Instance& instance, const Entry& entry) const {
  constexpr int kLookMs = 100;
  while (!has_come_to_wait(instance, entry, kLookMs)) {
  }
}

bool Session::has_come_to_wait(Instance& instance, const Entry& entry, int wait_ms) const {
  const Process& process = instance.process();
  if (left_ms(process) == 0) throw RunFailed("the payload had not come to wait in time", process.errors());
  if (instance.looks_idle(wait_ms)) return true;
  if (!instance.process().has_ended()) return false;
  if (instance.is_detached() && process.exit_status() == 0) {
    // Whatever has the other end of the pipe may have closed it.
    constexpr timespec kPause{0, 1'000'000};
    nanosleep(&kPause, nullptr);
    return false;
  }
  throw RunFailed("the payload ended before it waited (exit status " +
                      std::to_string(entry.runner->payload_status(process.exit_status())) +
                      "): " + process.last_error_line(),
                  process.errors());
}

std::vector<std::string> Session::command(Entry& entry, const Invocation& invocation) const {
  const std::string objection = entry.runner->objection(invocation);
  if (!objection.empty()) throw NotPossible(objection);
  return entry.runner->command(invocation);
}

}  // namespace husk::compare

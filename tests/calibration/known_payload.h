// A session whose only runner starts the calibration payload with fixed arguments: everything else is what a comparison
// uses. payload.cc says what is known of it.
#pragma once

#include <unistd.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "tools/compare/measure/stages.h"
#include "tools/compare/scratch.h"
#include "tools/compare/statistics/quantile.h"

namespace husk::compare::calibration {

class KnownPayload : public Runner {
 public:
  explicit KnownPayload(std::vector<std::string> arguments) : command_(std::move(arguments)) {
    command_.insert(command_.begin(), HUSK_CALIBRATION_PAYLOAD);
  }
  std::string name() const override { return "known"; }
  Isolation isolation() const override { return Isolation::kNone; }
  Availability detect(const Context&) const override { return {true, "1", {}}; }
  std::vector<std::string> command(const Invocation&) override { return command_; }
  bool needs_directory(RootForm) const override { return false; }

 private:
  std::vector<std::string> command_;
};

// Needs root: what a comparison runs in lies on a mount namespace of its own.
class Bench {
 public:
  explicit Bench(std::vector<std::string> arguments, unsigned runs = 5)
      : cache_(scratch_.path() / "cache"),
        runner_(std::move(arguments)),
        workload_(embedded_workload(cache_, {"exit"}, "")),
        session_(context_, {.runs = runs, .seed = 1}, [](double, const std::string&, double) {}) {
    context_.scratch = scratch_.path();
    subject_.workload = &workload_;
    subject_.roots = scratch_.make_roots("image", workload_.image, cache_);
    session_.add(runner_);
    session_.plan(1);
  }

  Session& session() { return session_; }
  const Subject& subject() const { return subject_; }
  const std::filesystem::path& scratch() const { return scratch_.path(); }

  const RunnerResult& result() { return session_.entries().front().result; }
  std::vector<double> values(const std::string& metric) {
    const Series* series = result().find(metric);
    return series == nullptr ? std::vector<double>() : values_of(*series);
  }
  // Why there is no figure.
  std::string note(const std::string& metric) {
    const auto found = result().notes.find(metric);
    return result().note + (found == result().notes.end() ? "" : found->second);
  }

 private:
  Scratch scratch_;
  image::CacheDir cache_;
  KnownPayload runner_;
  Workload workload_;
  Context context_;
  Subject subject_;
  Session session_;
};

inline bool is_root() {
  return geteuid() == 0;
}

}  // namespace husk::compare::calibration

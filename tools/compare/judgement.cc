#include "tools/compare/judgement.h"

#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "tools/compare/metrics.h"
#include "tools/compare/statistics/batches.h"
#include "tools/compare/statistics/multiplicity.h"
#include "tools/compare/statistics/summary.h"

namespace husk::compare {
namespace {

bool has(const Document& document, const std::string& name) {
  const RunnerResult* runner = document.result.find(name);
  return runner != nullptr && !runner->series.empty();
}

bool is_same_limit(const Document& a, const Document& b, const std::string& name) {
  return has(a, name) && has(b, name) &&
         a.result.find(name)->choice.has_variants() == b.result.find(name)->choice.has_variants();
}

class Judge {
 public:
  Judge(const Document& a, const Document& b)
      : a_(a),
        b_(b),
        baseline_(common_baseline(a, b)),
        is_same_payload_(a.result.payload == b.result.payload),
        is_same_machine_(is_same_machine(a.result.host, b.result.host)) {}

  std::vector<Judgement> all() const {
    std::vector<Judgement> judgements;
    for (const RunnerResult& mine : a_.result.runners) {
      const RunnerResult* theirs = b_.result.find(mine.name);
      if (theirs == nullptr) continue;
      for (const auto& [id, series] : mine.series) {
        const Metric* metric = find_metric(id);
        if (metric != nullptr && !series.empty() && theirs->find(id) != nullptr) {
          judgements.push_back(look_at(mine, *theirs, id, *metric));
        }
      }
    }
    conclude(judgements);
    return judgements;
  }

 private:
  Judgement look_at(const RunnerResult& mine, const RunnerResult& theirs, const std::string& id,
                    const Metric& metric) const {
    Judgement judgement{mine.name, id, "", {}, 1, Verdict::kNotJudged, ""};
    Series first = mine.series.at(id);
    Series second = theirs.series.at(id);
    if (mine.is_reference) {
      judgement.why = "a limit";
    } else if (!is_same_payload_) {
      judgement.why = "the payloads differ";
    } else if (metric.unit == Unit::kBytes) {
      if (!is_same_machine_) judgement.why = "the machines differ";
    } else {
      judgement.limit = limit_of(mine.name, id);
      if (judgement.limit.empty()) {
        judgement.why = "no limit to put it in a ratio to";
      } else {
        first = paired_ratios(first, *a_.result.find(judgement.limit)->find(id));
        second = paired_ratios(second, *b_.result.find(judgement.limit)->find(id));
      }
    }
    if (!judgement.why.empty()) return judgement;
    judgement.verdict = Verdict::kCannotTell;
    judgement.difference = find_difference(values_of(first), values_of(second), a_.result.seed);
    if (!judgement.difference) {
      judgement.why = first.size() < kLeastForBatches || second.size() < kLeastForBatches
                          ? "fewer than " + std::to_string(kLeastForBatches) + " samples"
                          : "samples that are not positive";
    }
    return judgement;
  }

  // What both have measured in the same rounds as this.
  std::string limit_of(const std::string& runner, const std::string& id) const {
    for (const std::string& name : {baseline_, std::string("process")}) {
      if (name.empty() || name == runner || !is_same_limit(a_, b_, name)) continue;
      if (a_.result.find(name)->find(id) != nullptr && b_.result.find(name)->find(id) != nullptr) return name;
    }
    return "";
  }

  static void conclude(std::vector<Judgement>& judgements) {
    std::vector<double> probabilities;
    for (const Judgement& judgement : judgements) {
      if (judgement.difference) probabilities.push_back(judgement.difference->probability);
    }
    const std::vector<double> adjusted = benjamini_hochberg(probabilities);
    auto next = adjusted.begin();
    for (Judgement& judgement : judgements) {
      if (!judgement.difference) continue;
      judgement.probability = *next++;
      const double quotient = judgement.difference->quotient;
      if (judgement.probability >= kFalseDiscoveries || std::abs(quotient - 1) < kLeastDifference) continue;
      const bool is_better = (quotient > 1) == find_metric(judgement.metric)->higher_is_better;
      judgement.verdict = is_better ? Verdict::kBetter : Verdict::kWorse;
    }
  }

  const Document& a_;
  const Document& b_;
  std::string baseline_;
  bool is_same_payload_;
  bool is_same_machine_;
};

std::map<std::string, std::string> setup_of(const Document& document) {
  const ComparisonResult& result = document.result;
  const Host& host = result.host;
  std::map<std::string, std::string> setup = host.settings;
  setup["cpu_model"] = host.cpu_model;
  setup["cores"] = std::to_string(host.cores);
  setup["memory_bytes"] = std::to_string(host.memory_bytes);
  setup["kernel"] = host.kernel;
  setup["os"] = host.os;
  setup["kvm_backend"] = host.kvm_backend;
  if (!host.guest_ring.empty()) setup["guest_ring"] = host.guest_ring;
  setup["husk"] = result.husk_version + " (" + result.husk_commit + ")";
  setup["payload"] = result.payload;
  for (const RunnerResult& runner : result.runners) {
    if (!runner.version.empty()) setup["version of " + runner.name] = runner.version;
    if (runner.choice.has_variants()) setup["variant of " + runner.name] = runner.choice.name;
  }
  return setup;
}

}  // namespace

const char* name_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::kBetter:
      return "better";
    case Verdict::kWorse:
      return "worse";
    case Verdict::kCannotTell:
      return "cannot tell";
    case Verdict::kNotJudged:
      return "";
  }
  return "";
}

bool is_same_machine(const Host& a, const Host& b) {
  return a.cpu_model == b.cpu_model && a.kernel == b.kernel && a.kvm_backend == b.kvm_backend && a.cores == b.cores;
}

std::string common_baseline(const Document& a, const Document& b) {
  for (const std::string& name : {a.baseline, b.baseline, std::string("process")}) {
    if (is_same_limit(a, b, name)) return name;
  }
  return "";
}

std::vector<Judgement> judge(const Document& a, const Document& b) {
  return Judge(a, b).all();
}

std::vector<std::string> differences_of_setup(const Document& a, const Document& b) {
  const std::map<std::string, std::string> mine = setup_of(a);
  const std::map<std::string, std::string> theirs = setup_of(b);
  std::set<std::string> names;
  for (const auto& [name, value] : mine) names.insert(name);
  for (const auto& [name, value] : theirs) names.insert(name);
  const auto value_in = [](const std::map<std::string, std::string>& setup, const std::string& name) {
    const auto found = setup.find(name);
    return found == setup.end() ? std::string("not recorded") : found->second;
  };
  std::vector<std::string> differences;
  for (const std::string& name : names) {
    const std::string first = value_in(mine, name);
    const std::string second = value_in(theirs, name);
    if (first != second) differences.push_back(name + ": A " + first + ", B " + second);
  }
  return differences;
}

std::string format_judgements(const std::vector<Judgement>& judgements) {
  using Json = nlohmann::ordered_json;
  Json list = Json::array();
  for (const Judgement& judgement : judgements) {
    Json one = {{"runner", judgement.runner}, {"metric", judgement.metric}, {"limit", judgement.limit}};
    one["quotient"] = one["interval"] = one["probability"] = nullptr;
    if (judgement.difference) {
      one["quotient"] = judgement.difference->quotient;
      one["interval"] = {judgement.difference->interval.low, judgement.difference->interval.high};
      one["probability"] = judgement.probability;
    }
    one["verdict"] = name_of(judgement.verdict);
    one["why"] = judgement.why;
    list.push_back(std::move(one));
  }
  return list.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace husk::compare

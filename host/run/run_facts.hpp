// What a list of runs says of one: read from its directory, never more than the end of a long history.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

namespace moonlab::run {

/// A run in short. Fields that a run's files do not tell are null.
struct RunFacts {
  using Json = nlohmann::ordered_json;
  using Pairs = std::vector<std::pair<std::string, Json>>;

  std::string status;   // the word of its file, "unknown" where there is none
  Json meta;            // meta.json, or an empty object where it cannot be read
  std::string config;   // the text of config.json
  Pairs metrics;        // the last value of each metric: those of the final evaluation first, in the order of measuring
  Pairs params;         // parameters of the script, and overridden options by their paths
  bool final = false;   // it was evaluated after training
  Json epoch, step, seconds;  // of the last record
};

/// Reads a run's directory. A file that is missing, torn or no JSON counts as empty: a list shows what there is.
RunFacts read_facts(const std::filesystem::path& run);

/// A configuration as pairs of dotted paths and values: "optim.lr" = 0.003. What is built is at its own path
/// ("model.head" = "head.softmax"), named parts by their names, places of lists as "data.datasets[1].val".
RunFacts::Pairs flattened(const RunFacts::Json& config);

}  // namespace moonlab::run

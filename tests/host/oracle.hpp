// Known answers: cases.json in the folder oracles/ beside a folder of $MOONLAB_DATA. Where there is none, a test says
// so in a line "SKIPPED: ..." (the test runner counts those) and returns.
#pragma once

#include <catch2/catch.hpp>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <sstream>

using Json = nlohmann::ordered_json;

/// The case with this id, or null (after saying why the test is skipped).
inline Json known_answer(const std::string& id) {
  const char* data = std::getenv("MOONLAB_DATA");
  std::istringstream folders(data ? data : "");
  for (std::string folder; std::getline(folders, folder, ':');) {
    std::ifstream file(folder + "/../oracles/cases.json");
    if (!file) continue;
    const Json all = Json::parse(file);  // named: a range-based for keeps no temporary alive behind operator[]
    for (const auto& c : all["cases"])
      if (c["id"] == id) return c;
  }
  std::cout << "SKIPPED: known answer " << id << ": no oracles/cases.json beside $MOONLAB_DATA ('" << (data ? data : "") << "')\n";
  return nullptr;
}

/// The tolerance of the cases: |a - b| <= t * max(1, |b|).
inline bool near(double a, double b, double tolerance = 1e-6) { return std::abs(a - b) <= tolerance * std::max(1.0, std::abs(b)); }

#include "host/data/join.hpp"

#include <algorithm>
#include <unordered_map>

#include "host/error.hpp"

namespace moonlab::data {

namespace {
constexpr size_t kTold = 8;  // classes without a node that are named; with a wrong graph all of a thousand are
}

std::vector<int64_t> bind_classes(const Dataset& data, const std::vector<std::string>& nodes) {
  std::unordered_map<std::string, int64_t> number;
  for (size_t n = 0; n < nodes.size(); ++n) number.emplace(nodes[n], static_cast<int64_t>(n));
  std::vector<int64_t> targets;
  std::string wrong;
  size_t missing = 0;
  for (const auto& name : data.class_names()) {
    auto found = number.find(name);
    targets.push_back(found == number.end() ? -1 : found->second);
    if (found == number.end() && ++missing <= kTold)
      wrong += (wrong.empty() ? "" : "\n") + data.name() + ": no node carries the class '" + name + "'" +
               did_you_mean(name, nodes);
  }
  if (missing > kTold)
    wrong += "\n" + data.name() + ": nor do nodes carry " + std::to_string(missing - kTold) + " more of its " +
             std::to_string(data.class_names().size()) + " classes";
  if (missing > 0) fail(wrong);
  return targets;
}

namespace {

bool comparable(const Samples& a, const Samples& b) {
  if (std::string_view(a.things()) != b.things()) return false;
  return a.is_text() || a.shape() == b.shape();
}

}  // namespace

std::vector<int64_t> shared(const Dataset& a, const Dataset& b) {
  std::vector<int64_t> found;
  if (a.size() == 0 || b.size() == 0 || !comparable(a.samples(), b.samples())) return found;
  const auto &hashes_a = a.samples().content(), &hashes_b = b.samples().content();
  const auto *rows_a = a.rows().const_data_ptr<int64_t>(), *rows_b = b.rows().const_data_ptr<int64_t>();
  std::unordered_multimap<uint64_t, int64_t> of_b;
  std::vector<uint8_t> own_a, own_b;
  for (int64_t i = 0; i < b.size(); ++i) of_b.emplace(hashes_b[rows_b[i]], rows_b[i]);
  for (int64_t i = 0; i < a.size(); ++i) {
    const auto [first, last] = of_b.equal_range(hashes_a[rows_a[i]]);
    if (std::any_of(first, last, [&](const auto& entry) {
          return a.samples().bytes_of(rows_a[i], own_a) == b.samples().bytes_of(entry.second, own_b);
        }))
      found.push_back(i);
  }
  return found;
}

Dataset without(const Dataset& a, const std::vector<Dataset>& others) {
  std::vector<bool> out(a.size());
  for (const auto& other : others)
    for (int64_t i : shared(a, other)) out[i] = true;
  std::vector<int64_t> kept;
  for (int64_t i = 0; i < a.size(); ++i)
    if (!out[i]) kept.push_back(i);
  if (kept.empty()) fail(a.name(), ": no sample is left without those that ", others.at(0).name(), " holds too");
  return a.subset(kept);
}

std::vector<LabelCount> count_labels(const std::vector<Dataset>& datasets,
                                     const std::vector<std::vector<int64_t>>& targets,
                                     const std::vector<std::string>& nodes) {
  std::vector<LabelCount> labels;
  std::unordered_map<int64_t, size_t> place;
  for (size_t d = 0; d < datasets.size(); ++d) {
    const auto counts = datasets[d].counts();
    for (size_t c = 0; c < counts.size(); ++c) {
      const int64_t node = targets.at(d).at(c);
      auto [found, fresh] = place.emplace(node, labels.size());
      if (fresh) labels.push_back({nodes.at(node), node, std::vector<int64_t>(datasets.size())});
      labels[found->second].samples[d] += counts[c];
    }
  }
  std::sort(labels.begin(), labels.end(), [](const LabelCount& x, const LabelCount& y) { return x.node < y.node; });
  return labels;
}

}  // namespace moonlab::data

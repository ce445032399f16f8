#include "host/data/join.hpp"

#include <algorithm>
#include <cstring>
#include <unordered_map>
#include <unordered_set>

#include "host/error.hpp"

namespace moonlab::data {

std::vector<int64_t> bind_classes(const Dataset& data, const std::vector<std::string>& nodes) {
  std::unordered_map<std::string, int64_t> number;
  for (size_t n = 0; n < nodes.size(); ++n) number.emplace(nodes[n], static_cast<int64_t>(n));
  std::vector<int64_t> targets;
  std::string wrong;
  for (const auto& name : data.class_names()) {
    auto found = number.find(name);
    targets.push_back(found == number.end() ? -1 : found->second);
    if (found == number.end())
      wrong += (wrong.empty() ? "" : "\n") + data.name() + ": no node carries the class '" + name + "'" +
               did_you_mean(name, nodes);
  }
  if (!wrong.empty()) fail(wrong);
  return targets;
}

int64_t overlap(const Dataset& a, const Dataset& b) {
  const auto *rows_a = a.rows().const_data_ptr<int64_t>(), *rows_b = b.rows().const_data_ptr<int64_t>();
  if (&a.samples() == &b.samples()) {
    std::unordered_set<int64_t> of_b(rows_b, rows_b + b.size());
    return std::count_if(rows_a, rows_a + a.size(), [&](int64_t r) { return of_b.count(r) > 0; });
  }
  if (a.samples().is_text() != b.samples().is_text()) return 0;
  if (a.samples().is_text()) {
    std::unordered_set<std::string_view> of_b;
    for (int64_t i = 0; i < b.size(); ++i) of_b.insert(b.samples().texts[rows_b[i]]);
    return std::count_if(rows_a, rows_a + a.size(), [&](int64_t r) { return of_b.count(a.samples().texts[r]) > 0; });
  }
  const at::Tensor &images_a = a.samples().images, &images_b = b.samples().images;
  if (images_a.sizes().slice(1) != images_b.sizes().slice(1) || images_a.numel() == 0) return 0;
  const size_t bytes = images_a[0].nbytes();
  auto image = [bytes](const at::Tensor& images, int64_t row) {
    return std::string_view(reinterpret_cast<const char*>(images.const_data_ptr<uint8_t>()) + row * bytes, bytes);
  };
  std::unordered_set<std::string_view> of_b;
  for (int64_t i = 0; i < b.size(); ++i) of_b.insert(image(images_b, rows_b[i]));
  return std::count_if(rows_a, rows_a + a.size(), [&](int64_t r) { return of_b.count(image(images_a, r)) > 0; });
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

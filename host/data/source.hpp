// What a loader reads from.
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <vector>

#include "host/data/dataset.hpp"
#include "host/text/tokenizer.hpp"

namespace moonlab::data {

/// A dataset as a loader reads it.
struct Source {
  Dataset data;
  std::vector<int64_t> targets{};  // of each class: y; empty: the class's own number
  bool normalise = true;         // otherwise pixels are scaled to [0, 1] alone
  at::Tensor features{};         // float [n, F]: given in place of the samples, computed beforehand; else undefined
  double weight = 1;             // of the loss of its samples
};

/// How texts become numbers: every source's texts go through one tokenizer, once.
struct TextInput {
  std::shared_ptr<const text::Tokenizer> tokenizer;
  int64_t max_length = 128;  // most tokens of a text
};

}  // namespace moonlab::data

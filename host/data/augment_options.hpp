// What the steps of an augmentation read their options with, and the makers of those that have files of their own.
#pragma once

#include "host/data/augment.hpp"

namespace moonlab::data {

using StepOptions = nlohmann::ordered_json;

struct Range {
  double low, high;
};

/// { low, high } with least < low <= high <= most. Errors: anything else.
Range range_in(const StepOptions& o, const char* key, double least, double most);

/// { low, high } with least <= low <= high <= most; a number d >= 0 is { centre - d, centre + d }, not below `least`.
Range spread_in(const StepOptions& o, const char* key, double centre, double least, double most);

/// A number in [0, 1].
double share_in(const StepOptions& o, const char* key);

/// Which of these words an option is, from 0. Errors: none of them, with the nearest.
size_t one_in(const StepOptions& o, const char* key, const std::vector<std::string>& words);

/// Is the option `interpolation` "bilinear"? Errors: neither that nor "nearest".
bool is_bilinear(const StepOptions& o);

std::shared_ptr<const Step> make_crop(const StepOptions& o);
std::shared_ptr<const Step> make_flip(const StepOptions& o);
std::shared_ptr<const Step> make_resized_crop(const StepOptions& o);
std::shared_ptr<const Step> make_resize(const StepOptions& o);
std::shared_ptr<const Step> make_erase(const StepOptions& o);
std::shared_ptr<const Step> make_pad(const StepOptions& o);
std::shared_ptr<const Step> make_jitter(const StepOptions& o);
std::shared_ptr<const Step> make_grey(const StepOptions& o);
std::shared_ptr<const Step> make_affine(const StepOptions& o);
std::shared_ptr<const Step> make_randaug(const StepOptions& o);

}  // namespace moonlab::data

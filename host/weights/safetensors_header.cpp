#include <limits>
#include <nlohmann/json.hpp>
#include <optional>

#include "host/error.hpp"
#include "host/weights/safetensors.hpp"

namespace moonlab::weights::detail {

namespace {

using Json = nlohmann::json;

// Events of the parser, so that no tree is built from a stranger's header: at each depth only what the format has
// there.
//   1 the header: name -> entry, "__metadata__" -> strings;  2 an entry or the metadata;  3 the list in "shape" or
//   "data_offsets". Fields that the format does not know are passed over, whatever is in them, down to kDeepest.
class Reader : public nlohmann::json_sax<Json> {
 public:
  explicit Reader(const std::string& path) : path_(path) {}

  SafetensorsHeader take() {
    if (!begun_) refuse("is no object");
    return std::move(header_);
  }

  bool start_object(size_t) override {
    if (passing_ || passes_field()) return pass_down();
    if (depth_ == 0) {
      begun_ = true;
    } else if (depth_ == 1) {
      if (!in_metadata_) begin_entry();
    } else {
      refuse_value("an object");
    }
    ++depth_;
    return true;
  }

  bool key(string_t& name) override {
    if (passing_) return true;
    if (depth_ == 1) {
      in_metadata_ = name == "__metadata__";
      if (in_metadata_) {
        if (std::exchange(had_metadata_, true)) refuse("has '__metadata__' twice");
      } else if (!names_.insert({name, true}).second) {
        refuse("names tensor ", shown(name), " twice");
      }
      name_ = std::move(name);
    } else if (in_metadata_) {
      if (header_.metadata.count(name)) refuse("has metadata ", shown(name), " twice");
      field_ = std::move(name);
    } else {
      field_ = std::move(name);
      auto& seen = field_ == "dtype" ? seen_type_ : field_ == "shape" ? seen_shape_ : seen_offsets_;
      if (known_field() && std::exchange(seen, true)) refuse_tensor("gives ", shown(field_), " twice");
    }
    return true;
  }

  bool end_object() override {
    if (passing_) return pass_up();
    if (--depth_ == 1) {
      if (!in_metadata_) end_entry();
      in_metadata_ = false;
    }
    return true;
  }

  bool start_array(size_t) override {
    if (passing_ || passes_field()) return pass_down();
    if (depth_ != 2 || in_metadata_ || field_ == "dtype") refuse_value("a list");
    ++depth_;
    return true;
  }

  bool end_array() override {
    if (passing_) return pass_up();
    --depth_;
    return true;
  }

  bool string(string_t& text) override {
    if (passes()) return true;
    if (depth_ == 2 && in_metadata_) {
      header_.metadata.emplace(field_, std::move(text));
      return true;
    }
    if (depth_ != 2 || field_ != "dtype") refuse_value("a string");
    const auto* known = safetensors_type(text);
    if (!known) {
      refuse_tensor("has the unknown dtype ", shown(text),
                    text.size() < 20 ? did_you_mean(text, safetensors_types()) : "");
    }
    entry_.type = known->type;
    return true;
  }

  bool number_unsigned(number_unsigned_t number) override {
    if (passes()) return true;
    if (depth_ != 3) refuse_value("a number");
    if (field_ == "shape") {
      constexpr size_t kMostDims = 64;  // as LibTorch's operators
      if (number > static_cast<uint64_t>(std::numeric_limits<int64_t>::max())) refuse_tensor("has a size of ", number);
      if (entry_.sizes.size() == kMostDims) refuse_tensor("has more than ", kMostDims, " dims");
      entry_.sizes.push_back(static_cast<int64_t>(number));
    } else {
      if (count_ == 2) refuse_tensor("has more than two 'data_offsets'");
      offsets_[count_++] = number;
    }
    return true;
  }

  bool number_integer(number_integer_t number) override {
    if (passes()) return true;
    refuse_value("the negative number " + std::to_string(number));
  }
  bool number_float(number_float_t, const string_t&) override {
    return passes() || refuse_value("a number that is no integer of 64 bits");
  }
  bool null() override {
    if (depth_ == 1 && in_metadata_ && !passing_) return true;  // the reference library reads this as no metadata
    return passes() || refuse_value("null");
  }
  bool boolean(bool) override { return passes() || refuse_value("a boolean"); }
  bool binary(binary_t&) override { return refuse_value("bytes"); }

  bool parse_error(size_t position, const std::string&, const nlohmann::detail::exception& e) override {
    const bool utf8 = std::string_view(e.what()).find("UTF-8") != std::string_view::npos;
    refuse(utf8 ? "is no valid UTF-8 at byte " : "is no valid JSON at byte ", position);
  }

 private:
  static constexpr int kDeepest = 64;

  template <class... Parts>
  [[noreturn]] void refuse(const Parts&... parts) const {
    fail(path_, ": the safetensors header ", parts...);
  }
  template <class... Parts>
  [[noreturn]] void refuse_tensor(const Parts&... parts) const {
    fail(path_, ": tensor ", shown(name_), " ", parts...);
  }
  [[noreturn]] bool refuse_value(const std::string& what) const {
    if (depth_ == 0) refuse("is ", what, ", expected an object");
    if (in_metadata_)
      refuse("has ", what, " in its metadata", field_.empty() ? "" : ", under " + shown(field_), ", expected strings");
    if (depth_ == 1) refuse_tensor("is ", what, ", expected an object of dtype, shape and data_offsets");
    refuse_tensor("has ", what, " in ", shown(field_));
  }

  bool known_field() const { return field_ == "dtype" || field_ == "shape" || field_ == "data_offsets"; }
  bool passes_field() const { return depth_ == 2 && !in_metadata_ && !known_field(); }
  bool passes() const { return passing_ || passes_field(); }
  bool pass_down() {
    if (++passing_ > kDeepest) refuse("is nested deeper than ", kDeepest);
    return true;
  }
  bool pass_up() {
    --passing_;
    return true;
  }

  void begin_entry() {
    entry_ = {};
    field_.clear();
    seen_type_ = seen_shape_ = seen_offsets_ = false;
    count_ = 0;
  }

  void end_entry() {
    for (auto [seen, field] : {std::pair(seen_type_, "dtype"), {seen_shape_, "shape"}, {seen_offsets_, "data_offsets"}})
      if (!seen) refuse_tensor("has no '", field, "'");
    if (count_ != 2) refuse_tensor("has ", count_, " of two 'data_offsets'");
    if (offsets_[1] < offsets_[0]) refuse_tensor("ends before it begins: bytes ", offsets_[0], " to ", offsets_[1]);
    entry_.offset = offsets_[0];
    entry_.length = offsets_[1] - offsets_[0];
    if (entry_.type == at::ScalarType::Float4_e2m1fn_x2) {  // counted singly in the file, in pairs by LibTorch
      if (entry_.sizes.empty() || entry_.sizes.back() % 2) refuse_tensor("has F4 values in an odd last dim");
      entry_.sizes.back() /= 2;
    }
    // with zeros as ones: LibTorch's strides must not overflow either
    int64_t bytes = static_cast<int64_t>(c10::elementSize(entry_.type)), zero = 1;
    for (int64_t size : entry_.sizes) {
      zero *= size != 0;
      if (__builtin_mul_overflow(bytes, std::max<int64_t>(size, 1), &bytes))
        refuse_tensor("has a shape whose size overflows");
    }
    if (static_cast<uint64_t>(bytes * zero) != entry_.length) {
      refuse_tensor("has ", entry_.length, " bytes, its dtype and shape make ", bytes * zero);
    }
    entry_.name = std::move(name_);
    header_.entries.push_back(std::move(entry_));
  }

  const std::string& path_;
  SafetensorsHeader header_;
  std::unordered_map<std::string, bool> names_;
  bool begun_ = false, in_metadata_ = false, had_metadata_ = false;
  int depth_ = 0, passing_ = 0;
  std::string name_, field_;
  Safetensors::Entry entry_{};
  bool seen_type_ = false, seen_shape_ = false, seen_offsets_ = false;
  uint64_t offsets_[2] = {0, 0};
  int count_ = 0;
};

}  // namespace

SafetensorsHeader parse_safetensors_header(std::string_view text, const std::string& path) {
  // the parser would take a zero byte for the end of the text, and what follows would be anything
  if (const auto zero = text.find('\0'); zero != text.npos) {
    fail(path, ": the safetensors header is no valid JSON at byte ", zero + 1);
  }
  Reader reader(path);
  Json::sax_parse(text.begin(), text.end(), &reader);
  return reader.take();
}

}  // namespace moonlab::weights::detail

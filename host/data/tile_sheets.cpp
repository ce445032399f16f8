#include "host/data/tile_sheets.hpp"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <nlohmann/json.hpp>

#include "host/error.hpp"
#include "host/image/image.hpp"
#include "host/interrupt.hpp"

namespace moonlab::data {

namespace {

struct Index {
  int64_t tile, cols;
  std::vector<std::string> classes;
  std::vector<int64_t> counts;
};

Index read_index(const std::filesystem::path& file, const std::string& split) try {
  const auto json = nlohmann::json::parse(image::read_bytes(file));
  Index index{json.at("tile"), json.at("cols"), json.at("classes"), {}};
  const auto& counts = json.at("counts").at(split);
  for (const auto& name : index.classes) index.counts.push_back(counts.at(name));
  if (index.tile < 1 || index.tile > 4096 || index.cols < 1 || index.cols > 4096)
    fail(file.string(), ": tile ", index.tile, " and cols ", index.cols, " are not within 1 .. 4096");
  if (index.classes.empty()) fail(file.string(), ": names no classes");
  for (size_t i = 0; i < index.counts.size(); ++i)
    if (index.counts[i] < 1 || index.counts[i] > 10'000'000)
      fail(file.string(), ": counts.", split, ".", index.classes[i], " = ", index.counts[i],
           " is not within 1 .. 10000000");
  for (const auto& name : index.classes)
    if (name.empty() || name.find('/') != std::string::npos) fail(file.string(), ": class '", name, "' names no file");
  return index;
} catch (const nlohmann::json::exception& e) {
  fail(file.string(), ": ", e.what());
}

/// uint8 [count, 3, tile, tile]
at::Tensor cut(const std::filesystem::path& file, const Index& index, int64_t count) {
  const at::Tensor sheet = image::read(file);
  const int64_t rows = (count + index.cols - 1) / index.cols, t = index.tile;
  if (sheet.size(0) != rows * t || sheet.size(1) != index.cols * t)
    fail(file.string(), ": ", sheet.size(0), " x ", sheet.size(1), " pixels, but ", count, " tiles of ", t, ", ",
         index.cols, " a row, take ", rows * t, " x ", index.cols * t);
  // by hand: a permuted copy of bytes takes LibTorch four times as long
  at::Tensor tiles = at::empty({count, 3, t, t}, at::kByte);
  const auto* pixels = sheet.const_data_ptr<uint8_t>();
  auto* to = tiles.mutable_data_ptr<uint8_t>();
  for (int64_t i = 0; i < count; ++i, to += 3 * t * t)
    for (int64_t y = 0; y < t; ++y) {
      const uint8_t* from = pixels + 3 * ((i / index.cols * t + y) * index.cols * t + i % index.cols * t);
      for (int64_t x = 0; x < t; ++x)
        for (int64_t c = 0; c < 3; ++c) to[(c * t + y) * t + x] = from[3 * x + c];
    }
  return tiles;
}

}  // namespace

TileSheets read_tile_sheets(const std::filesystem::path& folder, const std::string& split) {
  const Index index = read_index(folder / "index.json", split);
  const auto n = static_cast<int64_t>(index.classes.size());
  std::vector<at::Tensor> images(index.classes.size()), labels(index.classes.size());
  poll_interrupt();
  at::parallel_for(0, n, 1, [&](int64_t begin, int64_t end) {
    for (int64_t c = begin; c < end; ++c) {
      images[c] = cut(folder / split / (index.classes[c] + ".jpg"), index, index.counts[c]);
      labels[c] = at::full({index.counts[c]}, c, at::kLong);
    }
  });
  return {at::cat(images), at::cat(labels), index.classes};
}

}  // namespace moonlab::data

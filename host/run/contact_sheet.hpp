// Many small images on one page, each in a frame with a line below: which samples a node was decoded for.
#pragma once

#include <ATen/core/Tensor.h>

#include <string>
#include <vector>

namespace moonlab::run {

struct ContactSheet {
  struct Tile {
    at::Tensor image;     // uint8 [1 or 3, H, W]
    std::string caption;  // one line or two; cut where they are wider than the tile, the second one in red
    std::string group;    // of the legend; its colour frames the image
  };
  struct Group {
    std::string name, colour;  // "#1f4fd8"
  };
  std::string title, subtitle;
  std::vector<Group> groups;
  std::vector<Tile> tiles;
  int64_t columns = 8;
};

/// The page as SVG text with the images inside; pixels of small images stay sharp. Errors: a tile of an unknown
/// group, an image that is none.
std::string draw_contact_sheet(const ContactSheet& sheet);

}  // namespace moonlab::run

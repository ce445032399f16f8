#include "host/data/mat_file.hpp"

#include <catch2/catch.hpp>

#include "files.hpp"
#include "host/error.hpp"

using namespace moonlab::data;

namespace {

// As scipy.io.savemat writes them; the text at the beginning is put before it here.
std::string file_of(const std::string& hex) {
  std::string bytes(124, ' ');
  for (size_t i = 0; i < hex.size(); i += 2)
    bytes += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
  return bytes;
}

// labels = uint8 [77, 5, 102], setid = double [1, 300, -7]; compressed
const char* const kPacked =
      "0001494d0f0000002f000000789ce3636060b000623620e600624e06086085f2198198194a83d4e42426a5e6143330300145"
      "7d59d318003b8a03a60f00000036000000789ce36360600800623620e680d220c00ae53302313394068915a79664a600694e"
      "20966080810ff660ea409103842f730000a2e30641";
// labels = uint8 [77, 5, 102], far = int32 [0, 1, 2, 3, 4], half = double [0.5], c = "xy"
const char* const kPlain =
      "0001494d0e000000380000000600000008000000090000000000000005000000080000000100000003000000010000000600"
      "00006c6162656c730000020003004d0566000e0000004800000006000000080000000c000000000000000500000008000000"
      "0100000005000000010003006661720005000000140000000000000001000000020000000300000004000000000000000e00"
      "00003800000006000000080000000600000000000000050000000800000001000000010000000100040068616c6609000000"
      "08000000000000000000e03f0e00000030000000060000000800000004000000000000000500000008000000010000000200"
      "000001000100630000001000020078790000";

}  // namespace

TEST_CASE("whole numbers of MATLAB files, compressed or not") {
  Folder folder;
  const auto packed = folder.write("packed.mat", file_of(kPacked)), plain = folder.write("plain.mat", file_of(kPlain));
  CHECK(read_mat_numbers(packed, "labels") == std::vector<int64_t>{77, 5, 102});
  CHECK(read_mat_numbers(packed, "setid") == std::vector<int64_t>{1, 300, -7});
  CHECK(read_mat_numbers(plain, "labels") == std::vector<int64_t>{77, 5, 102});
  CHECK(read_mat_numbers(plain, "far") == std::vector<int64_t>{0, 1, 2, 3, 4});
  CHECK_THROWS_WITH(read_mat_numbers(plain, "half"), Catch::EndsWith("array 'half' holds 0.5, expected whole numbers"));
  CHECK_THROWS_WITH(read_mat_numbers(plain, "lables"),
                    Catch::Contains("did you mean 'labels'? (labels, far, half, c)"));
}

TEST_CASE("MATLAB files that are cut or damaged anywhere are errors or other numbers, never worse") {
  Folder folder;
  for (const char* hex : {kPacked, kPlain}) {
    const std::string whole = file_of(hex);
    for (size_t length = 0; length < whole.size(); length += 3) {
      const auto file = folder.write("cut.mat", whole.substr(0, length));
      CHECK_THROWS_AS(read_mat_numbers(file, "none"), moonlab::Error);
    }
    for (size_t at = 124; at < whole.size(); ++at) {
      std::string damaged = whole;
      damaged[at] = static_cast<char>(damaged[at] ^ 0xa5);
      const auto file = folder.write("damaged.mat", damaged);
      try {
        const auto numbers = read_mat_numbers(file, "labels");
        CHECK(numbers.size() <= 64);
      } catch (const moonlab::Error& e) {
        CHECK(std::string(e.what()).find("damaged.mat: ") != std::string::npos);
      }
    }
  }
}

#include "host/error.hpp"

#include <catch2/catch.hpp>

using moonlab::nearest;

TEST_CASE("nearest proposes a word only when it is near") {
  std::vector<std::string> words{"softmax", "lwal", "static", "label_embedding", "weight_decay"};
  CHECK(nearest("lwall", words) == "lwal");
  CHECK(nearest("weight_decy", words) == "weight_decay");
  CHECK(nearest("Softmax", words) == "softmax");
  CHECK(nearest("statci", words) == "static");  // a swap counts as one
  CHECK(nearest("zebra", words) == "");
}

TEST_CASE("fail joins its parts") {
  try {
    moonlab::fail("label '", "corgy", "' has ", 0, " paths");
    FAIL("did not throw");
  } catch (const moonlab::Error& e) {
    CHECK(std::string(e.what()) == "label 'corgy' has 0 paths");
  }
}

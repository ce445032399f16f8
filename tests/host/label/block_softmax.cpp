#include "host/label/block_softmax.hpp"

#include "decoder.hpp"
#include "host/error.hpp"
#include "oracle.hpp"

using namespace moonlab::label;

namespace {

at::Tensor row(const Json& values) { return at::tensor(values.get<std::vector<double>>(), at::kDouble).unsqueeze(0); }
at::Tensor numbers(const Json& values) { return at::tensor(values.get<std::vector<int64_t>>(), at::kLong); }

void check(const at::Tensor& got, const Json& wanted) {
  at::Tensor flat = got.detach().reshape(-1);
  REQUIRE(flat.numel() == static_cast<int64_t>(wanted.size()));
  for (int64_t i = 0; i < flat.numel(); ++i) CHECK(near(flat[i].item<double>(), wanted[i]));
}

}  // namespace

TEST_CASE("known answers 000-06 and 000-08: probabilities within blocks, also of large logits") {
  for (const char* id : {"000-06", "000-08"}) {
    Json c = known_answer(id);
    if (c.is_null()) return;
    at::Tensor log_p = block_log_softmax(row(c["input"]["logits"]), numbers(c["input"]["block"]));
    check(log_p.exp(), c["expected"]["prob"]);
    if (c["expected"].contains("logprob")) check(log_p, c["expected"]["logprob"]);
  }
}

TEST_CASE("the gradient of a target is p - onehot inside its block and 0 elsewhere") {
  at::Tensor z = at::tensor({1.2, -0.3, 0.5, 2.0, -1.0}, at::kDouble).unsqueeze(0).requires_grad_();
  at::Tensor log_p = block_log_softmax(z, at::tensor({0, 0, 1, 1, 1}, at::kLong));
  (-log_p[0][3]).backward();
  at::Tensor p = log_p.detach().exp()[0];
  CHECK(z.grad()[0].slice(0, 0, 2).abs().max().item<double>() == 0);
  CHECK(at::allclose(z.grad()[0].slice(0, 2), p.slice(0, 2) - at::tensor({0.0, 1.0, 0.0}, at::kDouble)));
}

TEST_CASE("known answer 000-24: a sampled step when part of a block lies below the node") {
  Json c = known_answer("000-24");
  if (c.is_null()) return;
  at::Tensor z = row(c["input"]["logits"]).requires_grad_(), open = at::zeros({1, 3}, at::kBool);
  for (int64_t i : c["input"]["candidates"].get<std::vector<int64_t>>()) open[0][i].fill_(true);
  at::Tensor log_pi = candidate_log_softmax(block_log_softmax(z, at::zeros({3}, at::kLong)), open);
  check(log_pi.exp(), c["expected"]["pi"]);
  at::Tensor loss =
      -c["input"]["reward_minus_baseline"].get<double>() * log_pi[0][c["input"]["sampled"].get<int64_t>()];
  CHECK(near(loss.item<double>(), c["expected"]["loss"]));
  loss.backward();
  check(z.grad(), c["expected"]["grad"]);
}

TEST_CASE("known answer 000-14: REINFORCE is unbiased for every constant baseline") {
  Json c = known_answer("000-14");
  if (c.is_null()) return;
  const auto& policy = c["input"]["policy"];
  const auto wanted_set = c["input"]["S"].get<std::set<std::string>>();
  for (double baseline : {0.0, 0.37, -2.0}) {
    std::map<std::string, at::Tensor> logits, log_pi;
    for (const auto& [node, p] : policy.items()) {
      logits[node] = row(p["logits"]).requires_grad_();
      at::Tensor log_p = block_log_softmax(logits[node], numbers(p["block"]));
      log_pi[node] = candidate_log_softmax(log_p, at::ones_like(log_p, at::kBool))[0];
    }
    size_t found = 0;
    at::Tensor expected_gradient = at::zeros({}, at::kDouble), objective = at::zeros({}, at::kDouble);
    std::function<void(const std::string&, std::vector<std::string>, at::Tensor)> walk =
        [&](const std::string& node, auto path, at::Tensor sum) {
          if (!policy.contains(node)) {  // a leaf: a whole path
            std::set<std::string> hit;
            for (const auto& n : path)
              if (wanted_set.count(n)) hit.insert(n);
            const double r = double(hit.size()) / double(wanted_set.size()), p = sum.exp().template item<double>();
            const auto& wanted = c["expected"]["paths"][found++];
            CHECK(wanted["path"] == Json(path));
            CHECK(near(p, wanted["prob"]));
            CHECK(near(r, wanted["reward"]));
            expected_gradient =
                expected_gradient - p * (r - baseline) * sum;  // p is a number: the expectation over samples
            objective = objective - sum.exp() * r;
            return;
          }
          const auto& children = policy[node]["children"];
          for (size_t k = 0; k < children.size(); ++k) {
            auto longer = path;
            longer.push_back(children[k]);
            walk(children[k], longer, sum + log_pi[node][static_cast<int64_t>(k)]);
          }
        };
    walk("r", {}, at::zeros({}, at::kDouble));
    CHECK(found == c["expected"]["paths"].size());
    CHECK(near(objective.item<double>(), c["expected"]["L_nd"]));
    expected_gradient.backward();
    for (const auto& [node, grad] : c["expected"]["grads"].items()) check(logits[node].grad(), grad);
  }
}

TEST_CASE("among candidates alone; a policy stays finite where probabilities vanish") {
  at::Tensor z = at::tensor({200.0, 0.0, -200.0}, at::kFloat).unsqueeze(0), block = at::zeros({3}, at::kLong);
  at::Tensor open = at::tensor({0, 1, 1}, at::kLong).to(at::kBool).unsqueeze(0);
  at::Tensor children = block_log_softmax(z, block, open);
  CHECK(children[0][1].item<float>() == Approx(0).margin(1e-6));
  CHECK(children[0][2].item<float>() == Approx(-200));
  at::Tensor pi = candidate_log_softmax(block_log_softmax(z, block), open);
  CHECK(pi[0][1].item<float>() == Approx(0).margin(1e-6));
  CHECK(pi[0][2].item<float>() == Approx(-200));
  CHECK(std::isinf(pi[0][0].item<float>()));
  CHECK_THROWS_AS(block_log_softmax(z, at::zeros({2}, at::kLong)), moonlab::Error);
}

-- Generators and their states, with PyTorch's numbers and bytes (torch 2.13, recorded).
local t = require "test"

-- A number that changes with every byte and its place.
local function weighted(state) return (state:long() * torch.arange(#state)):sum():item() end

t.test("the state of the CPU's generator has PyTorch's bytes", function()
  torch.manual_seed(123)
  local state = torch.get_rng_state()
  t.eq(state.shape[1], 5056)
  t.eq(state.dtype, "uint8")
  t.eq(state:long():sum():item(), 317672)
  torch.randn(3)
  torch.rand(17)
  t.eq(weighted(torch.get_rng_state()), 820689957)
  t.near(torch.randn(3), { -0.2404179722070694, -0.2109338790178299, 1.9666764736175537 }, 1e-7)
end)

t.test("a state set again gives the same numbers again", function()
  local state = torch.get_rng_state()
  local a = torch.randn(5)
  torch.set_rng_state(state)
  t.eq(torch.randn(5), a)
  t.raises(function() torch.set_rng_state(torch.zeros(3, { dtype = "uint8" })) end)
end)

t.test("a generator of its own", function()
  local g = torch.Generator()
  t.eq(g:initial_seed(), 67280421310721)
  t.eq(g.device, "cpu")
  t.eq(torch.randint(0, 1000, { 5 }, { generator = g }), { 710, 284, 837, 820, 749 })
  t.ok(g:manual_seed(2 ^ 40 + 7) == g, "manual_seed returns the generator")
  t.near(torch.rand(2, { generator = g }), { 0.5349225401878357, 0.19880318641662598 }, 1e-7)
  t.eq(weighted(g:get_state()), 802518687)
  local other = torch.Generator { device = "cpu" }
  other:set_state(g:get_state())
  t.eq(torch.rand(3, { generator = other }), torch.rand(3, { generator = g }))
  t.ok(g:seed() ~= g:seed(), "two random seeds differ")
  t.raises(function() return g.manual_sed end, "did you mean 'manual_seed'")
end)

t.test("a negative seed counts from the other end, as in PyTorch", function()
  torch.manual_seed(-1)
  t.near(torch.rand(2), { 0.9937993884086609, 0.5713063478469849 }, 1e-7)
end)

t.test("manual_seed returns the default generator, seed sets and tells it", function()
  t.eq(torch.manual_seed(5):initial_seed(), 5)
  local number = torch.seed()
  t.eq(torch.initial_seed(), number)
  t.ok(number == math.floor(number) and number < 2 ^ 53, number)
end)

t.test("fork_rng leaves the generator as it was, also after an error", function()
  torch.manual_seed(1)
  local after = torch.randn(2)
  torch.manual_seed(1)
  t.eq(torch.random.fork_rng(function(a)
    torch.manual_seed(99)
    return a, torch.randn(3):sum():item() ~= 0
  end, "passed"), "passed")
  t.raises(function()
    torch.random.fork_rng(function()
      torch.randn(100)
      error "inside"
    end)
  end, "inside")
  t.eq(torch.randn(2), after)
end)

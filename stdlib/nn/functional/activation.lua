--- Activations, softmax and dropout of torch.nn.functional.
local torch = require "torch"
local signature = require "torch.signature"
local aten = torch.ops.aten

return function(F)
  -- name -> arguments between input and inplace
  local pointwise = {
    relu = "", relu6 = "", selu = "", silu = "", mish = "", hardsigmoid = "", hardswish = "",
    elu = "alpha=1.0, ", celu = "alpha=1.0, ", leaky_relu = "negative_slope=0.01, ",
    hardtanh = "min_val=-1.0, max_val=1.0, ", threshold = "threshold, value, ",
  }
  for name, arguments in pairs(pointwise) do
    local compute, write = aten[name], aten[name .. "_"]
    F[name] = signature(("%s(input, %sinplace=false)"):format(name, arguments), function(input, a, b, c)
      if arguments == "" then
        if a then return write(input) end
        return compute(input)
      elseif not arguments:find ",.*," then
        if b then return write(input, a) end
        return compute(input, a)
      end
      if name == "hardtanh" and a > b then error(("hardtanh: min_val %g is greater than max_val %g"):format(a, b), 0) end
      if c then return write(input, a, b) end
      return compute(input, a, b)
    end)
    F[name .. "_"] = torch[name .. "_"]
  end

  F.rrelu = signature("rrelu(input, lower=0.125, upper=0.33333333333333333, training=false, inplace=false)",
    function(input, lower, upper, training, inplace)
      return (inplace and aten.rrelu_ or aten.rrelu)(input, lower, upper, training)
    end)

  F.logsigmoid = torch.log_sigmoid
  F.tanhshrink = signature("tanhshrink(input)", function(input) return input - input:tanh() end)
  F.softsign = signature("softsign(input)", function(input) return input / (input:abs() + 1) end)

  -- The dim that PyTorch takes where none is given: 0 up to one dim and for three, else 1.
  local function implicit(input, dim)
    if dim then return dim end
    local n = input.ndim
    return (n == 0 or n == 1 or n == 3) and 0 or 1
  end
  for name, of in pairs { softmax = aten.softmax, log_softmax = aten.log_softmax } do
    F[name] = signature(name .. "(input, dim=nil, _stacklevel=3, dtype=nil)", function(input, dim, _, dtype)
      return of(input, implicit(input, dim), dtype)
    end)
  end
  F.softmin = signature("softmin(input, dim=nil, _stacklevel=3, dtype=nil)", function(input, dim, _, dtype)
    return aten.softmax(-input, implicit(input, dim), dtype)
  end)

  --- Samples of the Gumbel-softmax distribution; with hard, one-hot forward and soft backward (Jang et al. 2017).
  F.gumbel_softmax = signature("gumbel_softmax(logits, tau=1, hard=false, eps=1e-10, dim=-1)", function(logits, tau, hard, _, dim)
    local noise = -torch.empty_like(logits):exponential_():log()
    local soft = aten.softmax((logits + noise) / tau, dim)
    if not hard then return soft end
    local _, index = soft:max(dim, true)
    return torch.zeros_like(logits):scatter_(dim, index, 1.0) - soft:detach() + soft
  end)

  -- name -> operator, dims that it takes
  local dropouts = {
    dropout = { "dropout", true }, alpha_dropout = { "alpha_dropout", false }, dropout1d = { "feature_dropout", true, 3 },
    dropout2d = { "feature_dropout", true }, dropout3d = { "feature_dropout", true, 5 },
    feature_alpha_dropout = { "feature_alpha_dropout", false },
  }
  for name, how in pairs(dropouts) do
    local compute, write, batched = aten[how[1]], aten[how[1] .. "_"], how[3]
    F[name] = signature(("%s(input, p=0.5, training=%s, inplace=false)"):format(name, tostring(how[2])), function(input, p, training, inplace)
      if not (p >= 0 and p <= 1) then error(("%s: p is a probability, got %g"):format(name, p), 3) end
      local single = batched and input.ndim == batched - 1 -- one sample without a batch dim
      if batched and not single and input.ndim ~= batched then
        error(("%s: expected %d or %d dims, got %d"):format(name, batched - 1, batched, input.ndim), 3)
      end
      if single then input = input:unsqueeze(0) end
      local out = (inplace and write or compute)(input, p, training)
      return single and out:squeeze(0) or out
    end)
  end
end

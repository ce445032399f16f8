--- Attention of torch.nn.functional.
local torch = require "torch"
local signature = require "torch.signature"
local aten = torch.ops.aten

-- A mask as what is added to the scores: booleans say which keys are left out.
local function additive(mask, dtype)
  if not mask or mask.dtype ~= "bool" then return mask end
  return torch.zeros(mask.shape, { dtype = dtype, device = mask.device }):masked_fill_(mask, -math.huge)
end

return function(F)
  --- softmax(query key^T * scale + mask) value. attn_mask: booleans (true takes part) or numbers that are added.
  F.scaled_dot_product_attention = signature("scaled_dot_product_attention(query, key, value, attn_mask=nil, dropout_p=0.0, "
    .. "is_causal=false, *, scale=nil, enable_gqa=false)", function(query, key, value, attn_mask, dropout_p, is_causal, scale, enable_gqa)
    return aten.scaled_dot_product_attention(query, key, value, attn_mask, dropout_p, is_causal, { scale = scale, enable_gqa = enable_gqa })
  end)

  --- Multi-head attention over (L, N, E) or (L, E); masks: true leaves a key out. Returns the output and, with
  -- need_weights, the attention weights (averaged over heads unless average_attn_weights is false).
  F.multi_head_attention_forward = signature("multi_head_attention_forward(query, key, value, embed_dim_to_check, num_heads, in_proj_weight=nil, "
    .. "in_proj_bias=nil, bias_k=nil, bias_v=nil, add_zero_attn=false, dropout_p=0.0, out_proj_weight=nil, out_proj_bias=nil, training=true, key_padding_mask=nil, "
    .. "need_weights=true, attn_mask=nil, use_separate_proj_weight=false, q_proj_weight=nil, k_proj_weight=nil, v_proj_weight=nil, "
    .. "static_k=nil, static_v=nil, average_attn_weights=true, is_causal=false)",
    function(query, key, value, embed_dim, heads, in_weight, in_bias, bias_k, bias_v, add_zero, dropout_p, out_weight, out_bias,
      training, padding_mask, need_weights, mask, separate, q_weight, k_weight, v_weight, static_k, static_v, average, is_causal)
      local batched = query.ndim == 3
      if not batched then
        query, key, value = query:unsqueeze(1), key:unsqueeze(1), value:unsqueeze(1)
        padding_mask = padding_mask and padding_mask:unsqueeze(0)
      end
      local length, batch, width = unpack(query.shape)
      if width ~= embed_dim then error(("multi_head_attention_forward: query has %d features, expected %d"):format(width, embed_dim), 0) end
      if width % heads ~= 0 then error(("multi_head_attention_forward: %d features do not part into %d heads"):format(width, heads), 0) end
      if is_causal and not mask then error("multi_head_attention_forward: is_causal is a hint about attn_mask, which is missing", 0) end
      local head_dim, type = width / heads, query.dtype
      padding_mask = additive(padding_mask, type)
      if is_causal and not padding_mask and not need_weights then
        mask = nil
      else
        mask = additive(mask, type)
        if padding_mask then is_causal = false end
      end

      local weights = separate and { q_weight, k_weight, v_weight } or in_weight:chunk(3)
      local biases = in_bias and in_bias:chunk(3) or {}
      local q = aten.linear(query, weights[1], biases[1])
      local k = aten.linear(key, weights[2], biases[2])
      local v = aten.linear(value, weights[3], biases[3])
      if mask and mask.ndim == 2 then mask = mask:unsqueeze(0) end
      local function widen(by) -- one more key that no mask leaves out
        mask, padding_mask = mask and by(mask), padding_mask and by(padding_mask)
      end
      local function one_more(m) return aten.pad(m, { 0, 1 }) end
      if bias_k and bias_v then
        k, v = torch.cat({ k, bias_k:expand(1, batch, -1) }), torch.cat({ v, bias_v:expand(1, batch, -1) })
        widen(one_more)
      end
      local function by_head(x) return x:reshape(-1, batch * heads, head_dim):transpose(0, 1) end
      q, k, v = by_head(q), static_k or by_head(k), static_v or by_head(v)
      if add_zero then
        local shape = { batch * heads, 1, head_dim }
        k, v = torch.cat({ k, k:new_zeros(shape) }, 1), torch.cat({ v, v:new_zeros(shape) }, 1)
        widen(one_more)
      end
      local source = k:size(1)
      if padding_mask then
        local over_heads = padding_mask:view(batch, 1, 1, source):expand(-1, heads, -1, -1):reshape(batch * heads, 1, source)
        mask = mask and mask + over_heads or over_heads
      end
      if not training then dropout_p = 0 end

      local function finish(x) return aten.linear(x, out_weight, out_bias):view(length, batch, -1) end
      if need_weights then
        local scaled = q * math.sqrt(1 / head_dim)
        local scores = mask and aten.baddbmm(mask, scaled, k:transpose(-2, -1)) or aten.bmm(scaled, k:transpose(-2, -1))
        local attention = aten.softmax(scores, -1)
        if dropout_p > 0 then attention = aten.dropout(attention, dropout_p, true) end
        local out = finish(aten.bmm(attention, v):transpose(0, 1):reshape(length * batch, width))
        attention = attention:view(batch, heads, length, source)
        if average then attention = attention:mean(1) end
        if batched then return out, attention end
        return out:squeeze(1), attention:squeeze(0)
      end
      if mask then mask = mask:size(0) == 1 and mask:unsqueeze(0) or mask:view(batch, heads, -1, source) end
      local function four(x, n) return x:view(batch, heads, n, head_dim) end
      local out = aten.scaled_dot_product_attention(four(q, length), four(k, source), four(v, source), mask, dropout_p, is_causal)
      out = finish(out:permute(2, 0, 1, 3):reshape(batch * length, width))
      return batched and out or out:squeeze(1)
    end)
end

package dev.nacelle.layer;

import dev.nacelle.function.Attention;
import dev.nacelle.function.Rope;
import dev.nacelle.kernels.Elementwise;
import dev.nacelle.kernels.Operand;
import dev.nacelle.memory.LedgerClass;
import dev.nacelle.tape.Tape;
import dev.nacelle.tensor.Tensor;
import java.util.List;

/**
 * Causal self-attention with rotary positions and grouped heads, (T, C) to (T, C).
 *
 * @param layer the block's number, its place in the cache
 */
public record SelfAttention(
    Linear query, Linear key, Linear value, Linear out, int layer, long heads, long kvHeads) {
  /** The four linear layers, in the order of Hugging Face's module. */
  public List<Linear> linears() {
    return List.of(query, key, value, out);
  }

  Tensor apply(Pass pass, Tensor x) {
    Tape tape = pass.tape();
    Tensor q = rotate(pass, query.apply(pass, x), heads);
    Tensor k = rotate(pass, key.apply(pass, x), kvHeads);
    Tensor v = value.apply(pass, x);
    float scale = (float) (1 / Math.sqrt((double) q.size(1) / heads));
    KeyValueCache cache = pass.cache();
    Tensor mixed =
        cache == null
            ? tape.apply(new Attention(pass.starts(), heads, kvHeads, scale), q, k, v)
            : cached(pass, cache, q, k, v, scale);
    return out.apply(pass, mixed);
  }

  private static Tensor rotate(Pass pass, Tensor x, long heads) {
    return pass.tape()
        .apply(
            new Rope(pass.positions(), pass.inverseFrequencies(), heads, false, pass.ropeScale()),
            x);
  }

  private Tensor cached(Pass pass, KeyValueCache cache, Tensor q, Tensor k, Tensor v, float scale) {
    Tape tape = pass.tape();
    long rows = q.size(0);
    Elementwise elementwise = tape.kernels().elementwise();
    elementwise.convert(cache.newKeys(layer, rows), k.operand());
    elementwise.convert(cache.newValues(layer, rows), v.operand());
    Tensor mixed =
        tape.own(tape.allocator().allocate(LedgerClass.ACTIVATIONS, q.dtype(), q.shape()));
    long all = cache.length() + rows;
    tape.kernels()
        .attention()
        .cached(
            byHead(mixed.operand(), heads),
            byHead(q.operand(), heads),
            byHead(cache.keys(layer, all), kvHeads),
            byHead(cache.values(layer, all), kvHeads),
            cache.length(),
            scale);
    return mixed;
  }

  private static Operand byHead(Operand x, long heads) {
    return x.reshape(x.size(0), heads, x.size(1) / heads);
  }
}
